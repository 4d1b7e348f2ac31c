"""Isolation: one rule that breaks never takes the others down.

Deequ puts all it can into one scan, and that scan fails as a whole. What fails by an exception that is not Deequ's own
is therefore measured again in halves, down to the one that is to blame: about 2 log2(n) scans for one among n.
Source: specification deequ.md 10 and trap 10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from analyzer.checks.deequ import OURS, Reason
from analyzer.engines.spark_watch import error_of, explained, told
from analyzer.errors import EngineFailed
from analyzer.log import one_line

_IN_TASK = re.compile(r"most recent failure: Lost task .*? executor \S+\): (.+)")
JavaErrors = (Py4JJavaError, PySparkException)


class Measured(Protocol):
    """What came of a measurement."""

    @property
    def reason(self) -> Reason | None:
        """Why there is nothing; None when there is."""


T = TypeVar("T")
R = TypeVar("R", bound=Measured)


@dataclass(frozen=True)
class Isolation(Generic[T, R]):
    """measure: results of some items, in order. failed: the result of an item that has none.

    AnalyzerError is raised when the data or Spark, not a rule, is what failed.
    """

    measure: Callable[[Sequence[T]], list[R]]
    failed: Callable[[T, Reason], R]

    def results(self, items: Sequence[T]) -> list[R]:
        """The result of each; never raises for what a rule did."""
        if not items:
            return []
        found = self._attempt(items)
        suspects = [at for at, each in enumerate(found) if each.reason and not each.reason.is_own]
        if not suspects or len(items) == 1:
            return found
        if len(suspects) == len(items):
            middle = len(items) // 2
            return self.results(items[:middle]) + self.results(items[middle:])
        for at, again in zip(suspects, self.results([items[at] for at in suspects]), strict=True):
            found[at] = again
        return found

    def _attempt(self, items: Sequence[T]) -> list[R]:
        try:
            found = self.measure(items)
        except JavaErrors as error:
            found = [self.failed(item, reason_of(error)) for item in items]
        for reason in (each.reason for each in found if each.reason):
            raise_if_lost(reason)
        return found


def reason_of(error: Exception) -> Reason:
    """Why a call into Java failed."""
    java = getattr(error, "java_exception", None)
    return Reason.of(java) if java is not None else Reason(type(error).__name__, told(error))


def raise_if_lost(reason: Reason) -> None:
    """The error of a task that could not read its data, or EngineFailed when tasks died: neither is a rule's fault."""
    if reason.kind.startswith(OURS):
        raise error_of(reason.kind.removeprefix(OURS), reason.message)
    if "aborted" in reason.message or "Executor" in reason.message:
        failure = explained(Exception(reason.message))
        if isinstance(failure, EngineFailed) and "Spark gave up" not in str(failure):
            raise failure


def shown(reason: Reason) -> str:
    """A reason in one line, without the plan that Spark prints and the task that failed last."""
    inside = _IN_TASK.search(reason.message)
    return one_line(inside[1] if inside else reason.message.partition(";")[0], 400)
