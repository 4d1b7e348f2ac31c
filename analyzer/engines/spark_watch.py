"""What the driver learns of a Spark scan while it runs, and what it makes of Spark's failures."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark import Accumulator, AccumulatorParam, SparkContext
from pyspark.errors import PySparkException

from analyzer import errors
from analyzer.engines.spark_log import Line, Relay
from analyzer.engines.task import Report
from analyzer.errors import AnalyzerError, EngineFailed
from analyzer.log import one_line

PROGRESS_SECONDS = 0.3
REMEDY = (
    "use hosts with more memory, or fewer tasks at a time (analyzer_processes, spark.executor.cores), or on YARN and "
    "Kubernetes give Python more (spark.executor.memoryOverhead)"
)
_HERE = re.compile(r"local(\[|$)")  # masters whose tasks share this process's standard error
_GROUP_PROPERTIES = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
_RAISED = re.compile(r"Traceback \(most recent call last\):\n(?: .*\n|\n)+(\S.*)")
# What Spark's texts mean, the first that fits: what happened, and what helps.
_CAUSES = (
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "A working folder of Spark is full",
        "free space there or name another one (spark.local.dir; on SageMaker a larger VolumeSizeInGB)",
    ),
    (
        re.compile(r"spark\.driver\.maxResultSize"),
        "The states of all columns are larger than spark.driver.maxResultSize",
        "set it to 0, which is no limit",
    ),
    (
        re.compile(r"OutOfMemoryError|heap space|GC overhead limit|exited with code 52"),
        "A Java process of Spark ran out of memory",
        "give it more (spark.executor.memory, spark.driver.memory), or set spark.executor.cores to a smaller number",
    ),
    (
        re.compile(r"ExecutorLost|exited unexpectedly|killed by|exit (?:code|status):? 137"),
        "Spark tasks were lost again and again, most likely for lack of memory",
        REMEDY,
    ),
)


@dataclass(frozen=True, slots=True)
class Note:
    """What a finished task tells the driver at once: its rows, the stored bytes behind them, its error if it failed.

    said: the first lines it logged.
    """

    rows: int = 0
    size: int = 0
    failure: str = ""
    message: str = ""
    said: tuple[Line, ...] = ()


Notes = dict[int, Note]


class Noting(AccumulatorParam[Notes]):
    """Notes by place, so that a task that was repeated counts once."""

    def zero(self, value: Notes) -> Notes:
        del value
        return {}

    def addInPlace(self, value1: Notes, value2: Notes) -> Notes:  # noqa: N802 - Spark's name
        value1.update(value2)
        return value1


class Watch:
    """One scan as seen from the driver: reports progress, ends it early when a task failed for good."""

    def __init__(self, context: SparkContext, report: Report) -> None:
        self.notes: Accumulator[Notes] = context.accumulator({}, Noting())
        self._context = context
        self._report = report
        self._reported: set[int] = set()
        self._is_here = _HERE.match(context.master or "") is not None
        self._lines = Relay()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Jobs started inside belong to the scan: to the caller's job group if there is one, else to one of its own."""
        given = self._context.getLocalProperty("spark.jobGroup.id")
        group = given or f"model-monitor-{uuid.uuid4().hex}"
        if not given:
            self._context.setJobGroup(group, "model-monitor scan", interruptOnCancel=True)
        done = threading.Event()
        watcher = threading.Thread(target=self._look, args=(group, done), daemon=True)
        watcher.start()
        try:
            yield
            done.set()
        except (Py4JError, PySparkException, OSError) as error:
            raise self._explained(error) from error
        finally:
            self._end(group, done, watcher, own=not given)
        self._relay()

    def _look(self, group: str, done: threading.Event) -> None:
        while not done.wait(PROGRESS_SECONDS):
            if self._relay():
                self._context.cancelJobGroup(group)
                return

    def _relay(self) -> bool:
        """Report tasks that finished since; whether one of them failed."""
        notes = dict(self.notes.value)
        for place in notes.keys() - self._reported:
            self._reported.add(place)
            self._report(notes[place].rows, notes[place].size)
            if not self._is_here:
                self._lines.repeat(notes[place].said)
        return any(note.failure for note in notes.values())

    def _end(self, group: str, done: threading.Event, watcher: threading.Thread, *, own: bool) -> None:
        with suppress(Py4JError):  # the Java process may be what failed
            if not done.is_set():
                self._context.cancelJobGroup(group)
            for name in _GROUP_PROPERTIES if own else ():
                self._context.setLocalProperty(name, None)  # type: ignore[arg-type]  # None removes it
        done.set()
        watcher.join()

    def _explained(self, error: Exception) -> Exception:
        """The task's own error if there is one, otherwise what became of Spark."""
        failed = sorted((place, note) for place, note in dict(self.notes.value).items() if note.failure)
        if failed:
            return error_of(failed[0][1].failure, failed[0][1].message)
        return explained(error)


def error_of(name: str, message: str) -> AnalyzerError:
    """The error a task told by name and message."""
    kind = getattr(errors, name, EngineFailed)
    return kind(message) if issubclass(kind, AnalyzerError) else EngineFailed(message)


def explained(error: Exception) -> Exception:
    """What became of Spark: EngineFailed with a remedy, or RuntimeError for a defect inside a task."""
    if isinstance(error, Py4JNetworkError):
        return EngineFailed(f"Spark's Java process ended, most likely for lack of memory. Hint: {REMEDY}.")
    text = str(error)
    for pattern, happened, remedy in _CAUSES:
        if pattern.search(text):
            return EngineFailed(f"{happened}. Hint: {remedy}.")
    raised = _RAISED.findall(text)
    if raised:
        return RuntimeError(f"in a Spark task: {one_line(raised[-1], 300)}")
    return EngineFailed(f"Spark gave up: {told(error)}. Hint: see the log of the driver and of the executors.")


def told(error: Exception) -> str:
    """The first line of a message, without Java's stack trace."""
    lines = [
        line.strip(" :\t") for line in str(error).splitlines() if line.strip() and not line.startswith("An error occ")
    ]
    return one_line(lines[0] if lines else type(error).__name__, 300)
