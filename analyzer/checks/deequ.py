"""Deequ in the Java process beside us: its checks built from rules, its analyzers run, its metrics read.

A check is built with a function of Deequ's own in the place of every assertion, and asked which analyzer it needs and
which number it would compare. The number is compared in Python. So Java never calls Python back: there is no callback
server that could keep the process from ending, and no lambda that Spark could fail to serialize.
Source: specification deequ.md 9, 10 and 14.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import DataFrame, SparkSession

from analyzer.checks.arguments import Arguments, text_of
from analyzer.checks.method import BETWEEN, UNPASSED
from analyzer.checks.rule import Measured
from analyzer.engines.spark_frame import FrameColumn
from analyzer.errors import ConfigError
from analyzer.log import one_line

DEEQU = "com.amazon.deequ"
EMPTY_STATE = "com.amazon.deequ.analyzers.runners.EmptyStateException"
OURS = "analyzer.errors."
_OURS = re.compile(r"^analyzer\.errors\.(\w+): (.*)$", re.MULTILINE)
_CLASSES = {"Deequ": "com.amazon.deequ.VerificationSuite", "DQDL": "software.amazon.glue.dqdl.parser.DQDLParser"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why Deequ has no number: class and message of the Java exception."""

    kind: str
    message: str

    @property
    def is_own(self) -> bool:
        """Whether Deequ itself refused this one rule; other exceptions come from Spark and may hit all."""
        return self.kind.startswith(DEEQU)

    @classmethod
    def of(cls, error: Any) -> Reason:
        """From a Java exception: the first line of what it says, without Deequ's wrapping."""
        while str(error.getClass().getName()).endswith("MetricCalculationRuntimeException") and error.getCause():
            error = error.getCause()
        return cls.told(str(error.getClass().getName()), str(error.getMessage() or "no message").strip())

    @classmethod
    def told(cls, kind: str, text: str) -> Reason:
        """From a text; an error of ours inside a Spark task keeps its type and message."""
        ours = _OURS.findall(text)
        if ours:
            return cls(OURS + ours[-1][0], ours[-1][1])
        return cls(kind, one_line(text.partition("\n")[0], 500))


@dataclass(frozen=True, slots=True)
class Metric:
    """What Deequ measured: a number (or distribution), or the reason why there is none; java: the metric itself."""

    name: str
    value: Any = None
    reason: Reason | None = None
    java: Any = None


@dataclass(frozen=True, slots=True)
class Built:
    """A rule in Deequ's hands: its analyzer, and how the compared number is taken out of the metric's value."""

    measured: Measured
    analyzer: Any
    picker: Any

    def number(self, value: Any) -> float | int | None:
        """The number that is compared; None when the distribution has no such place."""
        picked = self.picker.get().apply(value) if self.picker.isDefined() else value
        given = self.measured.given
        return _PICKS[self.measured.method.name](picked, given) if "of" in given else picked

    @property
    def predicate(self) -> str:
        """The SQL of a predicate check."""
        return str(self.analyzer.predicate())

    @property
    def pattern(self) -> str:
        """The regular expression of a pattern check."""
        return str(self.analyzer.pattern().toString())


class Deequ:
    """Deequ as a Spark session knows it."""

    def __init__(self, session: SparkSession) -> None:
        os.environ["SPARK_VERSION"] = session.version  # PyDeequ wants it at import, and does not look at Spark itself
        self.session = session
        self.jvm: Any = session._jvm  # noqa: SLF001 - PyDeequ's way, too: there is no other
        self._gateway: Any = session.sparkContext._gateway  # noqa: SLF001

    def require(self, wanted_by: str, *names: str) -> None:
        """ConfigError when Spark cannot find Deequ (or DQDL). wanted_by: the setting or command, for the message."""
        absent = [name for name in names if not self._has(_CLASSES[name])]
        if absent:
            raise ConfigError(
                f"{wanted_by}: the jar of {' and '.join(absent)} is not on Spark's class path. Hint: the image has "
                "it; elsewhere put it into Spark's folder jars, or name it in spark.jars (docs/reference/checks.md)."
            )

    def _has(self, name: str) -> bool:
        try:
            loader = self.jvm.java.lang.Thread.currentThread().getContextClassLoader()
            self.jvm.java.lang.Class.forName(name, False, loader)
        except Py4JError:
            return False
        return True

    # What every rule needs is looked up once: each step of a name is a round trip to Java.

    @cached_property
    def _lists(self) -> Any:
        return self.jvm.PythonUtils.toSeq

    @cached_property
    def _options(self) -> Any:
        return self.jvm.scala.Option.apply

    @cached_property
    def _decorators(self) -> Any:
        """The class of constraints around others."""
        loader = self.jvm.java.lang.Thread.currentThread().getContextClassLoader()
        return self.jvm.java.lang.Class.forName(f"{DEEQU}.constraints.ConstraintDecorator", True, loader)

    @cached_property
    def _blank(self) -> Any:
        """Scala's check without constraints; those with some are made of it, it stays as it is."""
        from pydeequ.checks import Check, CheckLevel  # noqa: PLC0415 - it wants SPARK_VERSION at import

        return Check(self.session, CheckLevel.Error, "rule")._Check  # noqa: SLF001 - there is no other door

    @cached_property
    def is_one(self) -> Any:
        """Deequ's own assertion, in the place of every one of a rule."""
        return self.jvm.com.amazon.deequ.checks.Check.IsOne()

    @cached_property
    def nothing(self) -> Any:
        """Scala's None."""
        return self.option(None)

    def seq(self, values: Sequence[Any]) -> Any:
        """A Scala list."""
        return self._lists(list(values)).toList()

    def option(self, value: Any) -> Any:
        """Scala's Some, or None."""
        return self._options(value)

    def array(self, kind: Any, values: Sequence[Any]) -> Any:
        """A Java array."""
        found = self._gateway.new_array(kind, len(values))
        for at, value in enumerate(values):
            found[at] = value
        return found

    def build(self, measured: Measured, seen: Mapping[str, FrameColumn], others: Mapping[str, DataFrame]) -> Built:
        """The rule's check; Java's errors when Deequ refuses it.

        seen: columns of the frame by those of the data. others: data sets by alias.
        """
        method = measured.method
        taken = [each for each in method.arguments if each not in UNPASSED]
        arguments = [value for each in taken for value in Arguments(self, measured, seen, others).of(each)]
        check = getattr(self._blank, "isContainedIn" if method.name == BETWEEN else method.name)(*arguments)
        if measured.where is not None:
            check = check.where(measured.where)
        constraint = check.constraints().last()
        while self._decorators.isInstance(constraint):
            constraint = constraint.inner()
        return Built(measured, constraint.analyzer(), constraint.valuePicker())

    def run(self, frame: DataFrame, built: Sequence[Built]) -> list[Metric]:
        """The metric of each, all that can be in one scan. Raises Py4JError when the run as a whole fails."""
        builder = self.jvm.com.amazon.deequ.analyzers.runners.AnalysisRunBuilder(frame._jdf)  # noqa: SLF001
        context = builder.addAnalyzers(self.seq([each.analyzer for each in built])).run()
        return [self.metric(context, each.analyzer) for each in built]

    def metric(self, context: Any, analyzer: Any) -> Metric:
        """The metric of an analyzer in a context."""
        found = context.metric(analyzer)
        if not found.isDefined():
            return Metric(str(analyzer.toString()), reason=Reason("", "Deequ returned no metric"))
        metric = found.get()
        value, name = metric.value(), str(metric.name())
        if value.isSuccess():
            return Metric(name, value.get(), java=metric)
        return Metric(name, reason=Reason.of(value.failed().get()))


def _of_histogram(found: Any, given: Mapping[str, Any]) -> float | int | None:
    if given["of"] == "number_of_bins":
        return int(found.numberOfBins())
    values = found.values()
    wanted = "NullValue" if given["bin"] is None else text_of(given["bin"])
    return getattr(found.apply(wanted), given["of"])() if values.contains(wanted) else 0


def _of_bins(found: Any, given: Mapping[str, Any]) -> float | int | None:
    if given["at"] >= found.bins().size():
        return None
    names = {"low": "binStart", "high": "binEnd", "count": "frequency", "ratio": "ratio"}
    return getattr(found.apply(given["at"]), names[given["of"]])()  # type: ignore[no-any-return]


def _of_sketch(found: Any, given: Mapping[str, Any]) -> float | int | None:
    if given["of"] == "largest_bucket":
        return int(found.argmax())
    if given["of"] == "percentile":
        return float(list(found.computePercentiles())[max(0, given["at"] - 1)])
    if given["at"] >= found.buckets().size():
        return None
    names = {"low": "lowValue", "high": "highValue", "count": "count"}
    return getattr(found.apply(given["at"]), names[given["of"]])()  # type: ignore[no-any-return]


_PICKS: dict[str, Callable[[Any, Mapping[str, Any]], float | int | None]] = {
    "hasHistogramValues": _of_histogram,
    "hasHistogramBinnedValues": _of_bins,
    "kllSketchSatisfies": _of_sketch,
}
