"""Arguments of Deequ's checks, made of what a rule gives, in the types of Java and Scala."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from analyzer.checks.rule import Measured
from analyzer.engines.spark_frame import FrameColumn, Shape
from analyzer.reports.document import java_double

if TYPE_CHECKING:
    from analyzer.checks.deequ import Deequ


@dataclass(frozen=True)
class Arguments:
    """The arguments of one check, as Deequ wants them."""

    deequ: Deequ
    measured: Measured
    seen: Mapping[str, FrameColumn]
    others: Mapping[str, DataFrame]

    def of(self, argument: str) -> list[Any]:
        """What stands for one argument of the method: mostly one value."""
        made = getattr(self, f"_{argument.replace(' ', '_')}", None)
        return list(made(self.measured.given)) if made else [self.measured.given[argument]]

    def _assert(self, _: Mapping[str, Any]) -> list[Any]:
        return [self.deequ.is_one]

    def _hint(self, _: Mapping[str, Any]) -> list[Any]:
        return [self.deequ.nothing]

    _name = _udf = _hint

    def _column(self, given: Mapping[str, Any]) -> list[Any]:
        seen = self.seen.get(given["column"])
        return [seen.name if seen else given["column"]]

    def _other(self, given: Mapping[str, Any]) -> list[Any]:
        return [self.seen[given["other"]].name]

    def _columns(self, given: Mapping[str, Any]) -> list[Any]:
        return [self.deequ.seq([self.seen[name].name for name in given["columns"]])]

    _more_columns = _columns

    def _some_columns(self, given: Mapping[str, Any]) -> list[Any]:
        return [self.deequ.seq([self.seen[name].name for name in given["columns"] or self.seen])]

    def _details(self, given: Mapping[str, Any]) -> list[Any]:
        return [given["bins"]]

    def _condition(self, given: Mapping[str, Any]) -> list[Any]:
        return [given["condition"], given["condition"]]

    def _values(self, given: Mapping[str, Any]) -> list[Any]:
        texts = [_as_cell(each, self.seen[given["column"]].shape) for each in given["values"]]
        return [self.deequ.array(self.deequ.jvm.java.lang.String, texts)]

    def _bounds(self, given: Mapping[str, Any]) -> list[Any]:
        return [given[key] for key in ("lower", "upper", "include_lower", "include_upper")]

    def _pattern(self, given: Mapping[str, Any]) -> list[Any]:
        return [self.deequ.jvm.scala.util.matching.Regex(given["pattern"], self.deequ.seq([]))]

    def _bins(self, given: Mapping[str, Any]) -> list[Any]:
        edges = given["edges"]
        array = self.deequ.array(self.deequ.jvm.double, edges) if edges else None
        return [self.deequ.option(given["bins"] if given["bins"] or edges else 10), self.deequ.option(array)]

    def _sketch(self, given: Mapping[str, Any]) -> list[Any]:
        parameters = (given["sketch_size"], given["shrinking_factor"], given["buckets"])
        return [self.deequ.option(self.deequ.jvm.com.amazon.deequ.analyzers.KLLParameters(*parameters))]

    def _type(self, given: Mapping[str, Any]) -> list[Any]:
        return [getattr(self.deequ.jvm.com.amazon.deequ.constraints.ConstrainableDataTypes, given["type"])()]

    def _data_set(self, given: Mapping[str, Any]) -> list[Any]:
        return [self.others[given["dataset"]]._jdf, self.deequ.jvm.PythonUtils.toScalaMap(given["keys"])]  # noqa: SLF001

    def _compared(self, given: Mapping[str, Any]) -> list[Any]:
        wanted = given["compare"]
        return [self.deequ.option(self.deequ.jvm.PythonUtils.toScalaMap(wanted) if wanted else None)]

    def _options(self, given: Mapping[str, Any]) -> list[Any]:
        """Options of the analyzer, behind the columns that `satisfies` mentions (Spark finds them by itself)."""
        columns = [self.deequ.jvm.scala.collection.immutable.List.empty()] if "condition" in given else []
        wanted, analyzers = given["null_behavior"], self.deequ.jvm.com.amazon.deequ.analyzers
        if wanted is None:
            return [*columns, self.deequ.nothing]
        options = analyzers.AnalyzerOptions(
            getattr(analyzers.NullBehavior, wanted)(), analyzers.FilteredRowOutcome.TRUE()
        )
        return [*columns, self.deequ.option(options)]


def _as_cell(value: Any, shape: Shape) -> str:
    """An allowed value as Spark spells a cell of a column, for it compares texts."""
    try:
        return java_double(float(value)) if shape == "double" else text_of(value)
    except (ValueError, OverflowError):
        return text_of(value)


def text_of(value: Any) -> str:
    """A value of a checks file as a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return java_double(value) if isinstance(value, float) else str(value)
