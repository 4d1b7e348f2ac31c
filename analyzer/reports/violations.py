"""constraint_violations.json of data quality, and the sentence of every check.

Programs read these sentences; where the closed image's is recorded ours is the same to the character.
Source: contract.md 6.5 and 6.6, golden dq_messages; user_requests.md 81 and 85.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from analyzer.reports.document import java_double
from analyzer.reports.text import clip

FILE_NAME = "constraint_violations.json"
MAX_EXAMPLES = 10
MAX_CELLS = 200  # cells of a terminal that an example may take

DATA_TYPE = "data_type_check"
COMPLETENESS = "completeness_check"
CATEGORICAL_VALUES = "categorical_values_check"
DRIFT = "baseline_drift_check"
MISSING_COLUMNS = "missing_column_check"
EXTRA_COLUMNS = "extra_column_check"
NON_NEGATIVE = "non_negative_check"  # ours; the closed image has the constraint but no check
USER = "user_check"  # ours: checks of the user's own (docs/reference/checks.md)


class Violation(msgspec.Struct):
    """One broken promise of the baseline; the fields after description are ours.

    observed, threshold: the numbers that were compared. counts: rows, by what they are. examples: values or event
    ids, made safe to print. severity: error or warning. hint: what to do about it.
    """

    feature_name: str
    constraint_check_type: str
    description: str
    observed: float | None = None
    threshold: float | None = None
    counts: dict[str, int] | None = None
    examples: list[str] | None = None
    severity: str | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        if self.observed is not None and not math.isfinite(self.observed):
            self.observed = None
        if self.examples is not None:
            self.examples = [clip(example, MAX_CELLS) for example in self.examples[:MAX_EXAMPLES]]

    @property
    def strict(self) -> Violation:
        """The same without our own fields."""
        return Violation(self.feature_name, self.constraint_check_type, self.description)


def document(violations: Iterable[Violation], *, strict: bool = False) -> dict[str, Any]:
    """The whole file, for `document.write`; strict leaves out our own fields."""
    return {"violations": [violation.strict if strict else violation for violation in violations]}


def data_type(feature_name: str, expected: str, matches: int, present: int, threshold: float) -> Violation:
    """Too few of the values present are of the expected type (Integral, ...). threshold: required share."""
    share = _share(matches, present)
    text = (
        f"Data type match requirement is not met. Expected data type: {expected}, Expected match: "
        f"{_percent(threshold)}. Observed: Only {_percent(share)} of data is {expected}."
    )
    counts = {"present": present, "matching": matches}
    return Violation(feature_name, DATA_TYPE, text, share, threshold, counts)


def completeness(feature_name: str, expected: float, present: int, rows: int) -> Violation:
    """Fewer rows have a value than the baseline promises. expected: required share."""
    share = _share(present, rows)
    text = f"Completeness requirement is not met. Expected: {java_double(expected)}, Observed: {java_double(share)}."
    return Violation(feature_name, COMPLETENESS, text, share, expected, {"rows": rows, "present": present})


def categorical_values(feature_name: str, matches: int, present: int, threshold: float) -> Violation:
    """Too few of the values present are among the known ones. threshold: required share."""
    share = _share(matches, present)
    text = (
        f"Value match requirement is not met. Expected match: {_percent(threshold)}. "
        f"Observed: Only {_percent(share)} of data is known."
    )
    counts = {"present": present, "matching": matches}
    return Violation(feature_name, CATEGORICAL_VALUES, text, share, threshold, counts)


def drift(feature_name: str, distance: float, threshold: float) -> Violation:
    """The distribution moved away from the baseline's; readers take the numbers out of the sentence."""
    text = f"Baseline drift distance: {java_double(distance)} exceeds threshold: {java_double(threshold)}"
    return Violation(feature_name, DRIFT, text, distance, threshold)


def drift_p_value(feature_name: str, p_value: float, threshold: float) -> Violation:
    """The categories are unlikely under the baseline's; not a distance, and not worded as one."""
    text = f"Baseline drift p-value: {java_double(p_value)} is below threshold: {java_double(threshold)}"
    return Violation(feature_name, DRIFT, text, p_value, threshold)


def missing_columns(current: int, baseline: int) -> Violation:
    """The data has fewer columns than the baseline."""
    return _columns("missing", MISSING_COLUMNS, current, baseline)


def extra_columns(current: int, baseline: int) -> Violation:
    """The data has more columns than the baseline."""
    return _columns("extra", EXTRA_COLUMNS, current, baseline)


def non_negative(feature_name: str, minimum: float) -> Violation:
    """A column without negative numbers in the baseline has some now."""
    text = f"Non-negative requirement is not met. Observed minimum: {java_double(minimum)}."
    return Violation(feature_name, NON_NEGATIVE, text, minimum, 0.0)


def _columns(kind: str, check: str, current: int, baseline: int) -> Violation:
    text = (
        f"There are {kind} columns in current dataset. Number of columns in current dataset: {current}, "
        f"Number of columns in baseline constraints: {baseline}"
    )
    return Violation(f"{kind.capitalize()} columns", check, text, float(current), float(baseline))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _percent(share: float) -> str:
    """The recorded percentages are 100 times the rounded share, not 100 times the part over the whole."""
    return f"{java_double(100.0 * share)}%"
