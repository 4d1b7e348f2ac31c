"""Merging the states of Spark tasks in their order: sixteen at a time by further tasks, the last sixteen by the driver.

The driver therefore gets at most sixteen states, whatever the number of splits, and merges no more than that.
Groups are aligned, so it is the tree of the local engine. Source: design.md 3 (one canonical merge tree).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyspark import RDD

from analyzer.arrow import leave_pandas_out
from analyzer.engines.spark_watch import REMEDY, error_of
from analyzer.engines.task import use_one_core
from analyzer.errors import AnalyzerError, EngineFailed
from analyzer.fold import Scan, merge_tree
from analyzer.memory import keep_freed_memory

if "pyspark.worker" in sys.modules:  # a Python process of Spark's, which loads this before it makes any array
    leave_pandas_out()

COLLECTED = 16  # states that come together; a power of two

Folded = tuple[int, str, str, bytes]
"""Place, name and message of the error or two empty texts, dumped state."""


def merged(scan: Scan, results: RDD[Any]) -> Any:
    """One state from the results of all tasks, which come in the order of partitions; that is the order of places."""
    while (count := results.getNumPartitions()) > COLLECTED:
        task = MergeTask(scan, COLLECTED)
        results = results.map(task.grouped).partitionBy(-(-count // COLLECTED), _itself).mapPartitions(task)
    return merge_tree(scan, (scan.load(_sound(*row)) for row in results.collect()))


def prepare() -> None:
    """Settings of a Python process that folds or merges for Spark."""
    leave_pandas_out()
    keep_freed_memory()
    use_one_core()


def attempted(place: int, work: Callable[[], bytes]) -> Folded:
    """What a task returns: the state its work dumps, or the error that the driver will raise again."""
    try:
        return place, "", "", work()
    except AnalyzerError as error:
        return place, type(error).__name__, str(error), b""
    except MemoryError:
        return place, EngineFailed.__name__, f"A Spark task ran out of memory. Hint: {REMEDY}.", b""


@dataclass(frozen=True)
class MergeTask:
    """Merges the states of one group of so many; runs in a Spark task."""

    scan: Scan
    together: int

    def grouped(self, row: Folded) -> tuple[int, Folded]:
        """A row under the number of its group."""
        place, failure, message, state = row
        return place // self.together, (place, failure, message, bytes(state))

    def __call__(self, rows: Iterable[tuple[int, Folded]]) -> Iterator[Folded]:
        prepare()
        group = sorted((row for _, row in rows), key=_place)
        if group:
            yield attempted(_place(group[0]) // self.together, lambda: self._merged(group))

    def _merged(self, group: list[Folded]) -> bytes:
        return self.scan.dump(merge_tree(self.scan, (self.scan.load(_sound(*row)) for row in group)))


def _place(row: Folded) -> int:
    return row[0]


def _itself(group: int) -> int:
    return group


def _sound(_place: int, failure: str, message: str, state: bytes) -> bytes:
    """The dumped state, unless the task failed."""
    if failure:
        raise error_of(failure, message)
    return bytes(state)
