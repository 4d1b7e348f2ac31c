"""Method: what each of Deequ's checks takes, how it must see its columns, and which rows it can blame.

The names are those of Deequ and PyDeequ; those that PyDeequ lacks are reached through Java like all others.
Source: specification deequ.md 9, 10 and 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from analyzer.checks.fields import REQUIRED

Scalar = str | int | float | bool
Column = Annotated[str, Meta(min_length=1)]
Reads = Literal["plain", "text", "number"]
Blames = Literal["", "complete", "predicate", "pattern", "value", "length", "type", "group"]

# The keys that stand for each argument: type and default.
ARGUMENTS: dict[str, dict[str, tuple[Any, Any]]] = {
    "assert": {"assert": (str, None)},
    "bin": {"of": (Literal["ratio", "absolute", "number_of_bins"], "ratio"), "bin": (Scalar | None, None)},
    "binned": {
        "of": (Literal["low", "high", "count", "ratio"], "ratio"),
        "at": (Annotated[int, Meta(ge=0, le=999)], 0),
    },
    "bins": {"bins": (Annotated[int, Meta(ge=1, le=1000)], None), "edges": (list[float], None)},
    "bounds": {
        "lower": (float, -1.7976931348623157e308),
        "upper": (float, 1.7976931348623157e308),
        "include_lower": (bool, True),
        "include_upper": (bool, True),
    },
    "bucket": {
        "of": (Literal["percentile", "low", "high", "count", "largest_bucket"], "percentile"),
        "at": (Annotated[int, Meta(ge=0, le=99)], 50),
    },
    "column": {"column": (Column, REQUIRED)},
    "columns": {"columns": (Annotated[list[Column], Meta(min_length=1)], REQUIRED)},
    "some columns": {"columns": (list[Column], ())},
    "more columns": {"columns": (list[Column], ())},
    "condition": {"condition": (Column, REQUIRED)},
    "compared": {"compare": (dict[str, str], None)},
    "data set": {"dataset": (Column, REQUIRED), "keys": (dict[str, str], REQUIRED)},
    "details": {"bins": (Annotated[int, Meta(ge=1, le=1000)], 1000)},
    "hint": {},
    "name": {},
    "options": {"null_behavior": (Literal["Ignore", "EmptyString", "Fail"], None)},
    "other": {"other": (Column, REQUIRED)},
    "pattern": {"pattern": (Column, REQUIRED)},
    "quantile": {"quantile": (Annotated[float, Meta(ge=0, le=1)], REQUIRED)},
    "share": {"assert": (str, None)},
    "sketch": {
        "sketch_size": (Annotated[int, Meta(ge=1, le=65536)], 2048),
        "shrinking_factor": (Annotated[float, Meta(gt=0, lt=1)], 0.64),
        "buckets": (Annotated[int, Meta(ge=1, le=100)], 100),
    },
    "sql": {"sql": (Column, REQUIRED)},
    "type": {"type": (Literal["Null", "Fractional", "Integral", "Boolean", "String", "Numeric"], REQUIRED)},
    "udf": {},
    "values": {"values": (Annotated[list[Scalar], Meta(min_length=1)], REQUIRED)},
}
# Deequ never sees these: which number of a distribution is meant, and an assertion where Deequ takes none.
UNPASSED = ("bin", "binned", "bucket", "share")


@dataclass(frozen=True, slots=True)
class Method:
    """One of Deequ's checks.

    arguments: in Deequ's order. reads: which view of a column suits it. blames: how single rows fail, "" if they
    cannot. asserts: whether it compares a number; without `assert` that number must be 1. filterable: takes `where`.
    whole: looks at all columns there are.
    """

    name: str
    arguments: tuple[str, ...]
    reads: Reads = "plain"
    blames: Blames = ""
    filterable: bool = True
    whole: bool = False

    @property
    def asserts(self) -> bool:
        return "assert" in self.keys

    @property
    def on_plain(self) -> bool:
        """Whether it is about the columns as such, and must see no others than the data's own."""
        return self.name in ("hasColumn", "hasColumnCount", "customSql", "doesDatasetMatch")

    @property
    def is_kept(self) -> bool:
        """Whether Deequ's history has its number as such."""
        lost = ("hasColumn", "hasColumnCount", "customSql", "doesDatasetMatch", "hasDataType")
        return "details" not in self.arguments and self.name not in lost and "of" not in self.keys

    @property
    def forgets_where(self) -> bool:
        """Whether Deequ's history has its number without the filter it was measured with."""
        unfiltered = (
            "Uniqueness",
            "Distinctness",
            "UniqueValueRatio",
            "Entropy",
            "MutualInformation",
            "ApproxQuantile",
        )
        return self.blames == "group" or self.name.removeprefix("has") in (*unfiltered, "ExactQuantile")

    @property
    def demands(self) -> bool:
        """Whether an assertion must be given: the number is not a share, which should be 1."""
        return self.asserts and self.name not in _SHARES

    @property
    def keys(self) -> dict[str, tuple[Any, Any]]:
        """Keys of the rule beside those every rule has: type and default."""
        return {key: kind for argument in self.arguments for key, kind in ARGUMENTS[argument].items()}


def _of(names: str, arguments: str, *rest: Any, **more: Any) -> list[Method]:
    """Methods that differ by name only."""
    taken = tuple(each.strip() for each in arguments.split(","))
    return [Method(name, taken, *rest, **more) for name in names.split()]


BETWEEN = "isContainedIn:bounds"
_SHARES = (
    *("satisfies", "hasPattern", "containsCreditCardNumber", "containsEmail", "containsURL"),
    *("containsSocialSecurityNumber", "hasDataType", "isNonNegative", "isPositive", "isLessThan"),
    *("isLessThanOrEqualTo", "isGreaterThan", "isGreaterThanOrEqualTo", "isContainedIn", BETWEEN, "doesDatasetMatch"),
)
_METHODS = (
    *_of("hasSize", "assert, hint"),
    *_of("hasColumnCount", "assert, hint", whole=True),
    *_of("hasColumn", "column, hint", filterable=False),
    *_of("hasDuplicateRowCount", "some columns, assert, hint", "plain", "group", whole=True),
    *_of("isComplete", "column, hint, options", "text", "complete"),
    *_of("hasCompleteness", "column, assert, hint, options", "text", "complete"),
    *_of("areComplete areAnyComplete", "columns, hint", "text", "predicate"),
    *_of("haveCompleteness haveAnyCompleteness", "columns, assert, hint", "text", "predicate"),
    *_of("isUnique", "column, hint, options", "plain", "group"),
    *_of("areUnique", "columns, hint, options", "plain", "group"),
    *_of("isPrimaryKey", "column, hint, options, more columns", "plain", "group"),
    *_of("hasUniqueness hasUniqueValueRatio", "columns, assert, hint, options", "plain", "group"),
    *_of("hasDistinctness", "columns, assert, hint"),
    *_of("hasNumberOfDistinctValues", "column, assert, udf, details, hint"),
    *_of("hasHistogramValues", "column, assert, udf, details, hint, bin"),
    *_of("hasHistogramBinnedBins", "column, assert, bins, hint", "number"),
    *_of("hasHistogramBinnedValues", "column, assert, bins, hint, binned", "number"),
    *_of("kllSketchSatisfies", "column, assert, sketch, hint, bucket", "number", filterable=False),
    *_of("hasEntropy hasApproxCountDistinct", "column, assert, hint"),
    *_of("hasMutualInformation", "column, other, assert, hint"),
    *_of("hasCorrelation", "column, other, assert, hint", "number"),
    *_of("hasApproxQuantile hasExactQuantile", "column, quantile, assert, hint", "number"),
    *_of("hasMinLength hasMaxLength", "column, assert, hint, options", "text", "length"),
    *_of("hasMin hasMax", "column, assert, hint, options", "number", "value"),
    *_of("hasMean hasSum hasStandardDeviation hasVariance", "column, assert, hint", "number"),
    *_of("hasSkewness hasKurtosis hasRange hasInterquartileRange hasZerosCount", "column, assert, hint", "number"),
    *_of("satisfies", "condition, assert, hint, options", "plain", "predicate"),
    *_of("hasPattern", "column, pattern, assert, name, hint, options", "text", "pattern"),
    *_of("containsCreditCardNumber containsEmail", "column, assert, hint", "text", "pattern"),
    *_of("containsURL containsSocialSecurityNumber", "column, assert, hint", "text", "pattern"),
    *_of("hasDataType", "column, type, assert, hint", "text", "type"),
    *_of("isNonNegative isPositive", "column, assert, hint", "number", "predicate"),
    *_of("isLessThan isLessThanOrEqualTo", "column, other, assert, hint", "plain", "predicate"),
    *_of("isGreaterThan isGreaterThanOrEqualTo", "column, other, assert, hint", "plain", "predicate"),
    *_of("isContainedIn", "column, values, assert, hint, options", "plain", "predicate"),
    *_of(BETWEEN, "column, bounds, hint, options, share", "number", "predicate"),
    *_of("customSql", "sql, assert, hint, options", filterable=False, whole=True),
    *_of("doesDatasetMatch", "data set, assert, compared, hint", filterable=False, whole=True),
)
METHODS = {method.name: method for method in _METHODS}
