"""Spark engine: blocks of splits, or the partitions of a frame, folded by Spark tasks and merged here in their order.

Every task folds one aligned block of splits and returns one row; there are at most a few rows per core, whatever the
number of rows, splits or columns. Reports are therefore those of the local engine, byte for byte.
Source: design.md 3 (one canonical merge tree) and 4.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import RDD, Accumulator, SparkContext, StorageLevel, TaskContext
from pyspark.errors import PySparkException, PySparkTypeError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import StructField

from analyzer.arrow import leave_pandas_out
from analyzer.batch import Batch
from analyzer.engines.choice import require_spark
from analyzer.engines.spark_settings import settings
from analyzer.engines.spark_watch import REMEDY, Note, Notes, Watch, error_of, told
from analyzer.engines.task import Report, Rows, Task, silent, stored_bytes, use_one_core
from analyzer.errors import AnalyzerError, EngineFailed
from analyzer.fold import Scan, aligned_blocks, fold_batches, merge_tree
from analyzer.memory import keep_freed_memory
from analyzer.split import Source

BLOCKS_PER_CORE = 8
COLLECTED = 16  # blocks that come back at once; a power of two
ELASTIC_CORES = 64  # taken for granted where executors come and go
ROW = "place bigint, failure string, message string, state binary"

Folded = tuple[int, str, str, bytes]
"""Place, name and message of the error or two empty texts, dumped state."""
View = Callable[[pa.RecordBatch], Batch]
"""Makes a batch of cells from rows of a frame."""


def session(processes: int = 1) -> SparkSession:
    """The session that is active; else a new one on SPARK_MASTER, or on this machine with so many tasks at a time.

    Raises ConfigError when pyspark or Java is missing, EngineFailed when Spark does not start.
    """
    if SparkContext._active_spark_context is not None:  # noqa: SLF001 - there is no public way to ask
        return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    require_spark("analyzer_engine=spark")
    builder = SparkSession.builder.appName("model-monitor-analyzer")
    for name, value in settings(processes).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException, OSError) as error:
        raise EngineFailed(
            f"Spark did not start: {told(error)}. Hint: Java 17 is needed, and enough memory; see the log above."
        ) from error


def run(scan: Scan, source: Source, session: SparkSession, report: Report = silent) -> Any:
    """The state of a scan over a source; the same as the local engine's.

    Errors of the source keep their type. Raises EngineFailed when tasks die again and again.
    """
    splits = source.splits()
    ranges = aligned_blocks(len(splits), block_size(len(splits), session))
    blocks = [(place, pickle.dumps(splits[block.start : block.stop])) for place, block in enumerate(ranges)]
    if not blocks:
        return scan.zero()
    watch = Watch(session.sparkContext, report)
    # One block a partition. Not a DataFrame: Spark SQL takes four seconds to get ready for its first query.
    spread = session.sparkContext.parallelize(blocks, len(blocks))
    return _merged(scan, spread.mapPartitions(_BlockTask(scan, source, watch.notes)), watch)


def run_frame(scan: Scan, frame: DataFrame, view: View, report: Report = silent) -> Any:
    """The state of a scan over a Spark frame, partitions in their order.

    view: makes cells of the frame's record batches, whose columns are named c0, c1, ... (names of frames may repeat).
    """
    few = _plain(frame).coalesce(BLOCKS_PER_CORE * _cores(frame.sparkSession))
    watch = Watch(frame.sparkSession.sparkContext, report)
    return _merged(scan, few.mapInArrow(_FrameTask(scan, view, watch.notes), ROW).rdd, watch)


def first_rows(frame: DataFrame, count: int) -> list[pa.RecordBatch]:
    """So many rows of a frame that has lists, columns named c0, c1, ...; none of other frames, and no Spark job."""
    if "array<" not in frame.schema.simpleString():
        return []
    found = _plain(frame).limit(count).coalesce(1).mapInArrow(_stored, "rows binary").collect()
    return [batch for row in found for batch in pa.ipc.open_stream(row["rows"])]


def _stored(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches as cells of Arrow's own file format."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.RecordBatch.from_pydict({"rows": [sink.getvalue().to_pybytes()]})


def _plain(frame: DataFrame) -> DataFrame:
    """The frame with columns named by position, in types that Arrow has; intervals become text."""
    named = frame.toDF(*(f"c{at}" for at in range(len(frame.columns))))
    return named.select(
        *(named[each.name] if _is_known(each) else named[each.name].cast("string") for each in named.schema)
    )


def _is_known(column: StructField) -> bool:
    try:
        to_arrow_type(column.dataType)
    except PySparkTypeError:
        return False
    return True


def block_size(splits: int, session: SparkSession) -> int:
    """Splits of a block, a power of two: at most BLOCKS_PER_CORE blocks for every core of the cluster."""
    most, size = BLOCKS_PER_CORE * _cores(session), 1
    while splits > most * size:
        size *= 2
    return size


def _cores(session: SparkSession) -> int:
    """Cores the cluster has, or is about to have: executors may still be starting."""
    asked = session.sparkContext.getConf()
    executors = int(asked.get("spark.executor.instances", "0") or 0)
    promised = executors * int(asked.get("spark.executor.cores", "1") or 1)
    elastic = ELASTIC_CORES if asked.get("spark.dynamicAllocation.enabled", "false") == "true" else 1
    return max(session.sparkContext.defaultParallelism, promised, elastic)


@dataclass(frozen=True)
class _BlockTask:
    """Folds the blocks of splits that arrive; runs in a Spark task, perhaps more than once."""

    scan: Scan
    source: Source
    notes: Accumulator[Notes]

    def __call__(self, blocks: Iterable[tuple[int, bytes]]) -> Iterator[Folded]:
        _prepare()
        for place, pickled in blocks:
            splits = pickle.loads(pickled)  # noqa: S301 - our own driver wrote it
            fold = partial(Task(self.scan, self.source, splits).fold, range(len(splits)))
            yield _folded(place, self.scan, fold, stored_bytes(splits), self.notes)


@dataclass(frozen=True)
class _FrameTask:
    """Folds one partition of a frame."""

    scan: Scan
    view: View
    notes: Accumulator[Notes]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        _prepare()
        context = TaskContext.get()
        place = context.partitionId() if context else 0
        row = _folded(place, self.scan, partial(self._fold, batches), 0, self.notes)
        names = ("place", "failure", "message", "state")
        yield pa.RecordBatch.from_pydict({name: [cell] for name, cell in zip(names, row, strict=True)})

    def _fold(self, batches: Iterable[pa.RecordBatch]) -> tuple[Any, int]:
        rows = Rows()
        return fold_batches(self.scan, rows.counted(map(self.view, batches))), rows.count


def _prepare() -> None:
    leave_pandas_out()
    keep_freed_memory()
    use_one_core()


def _folded(
    place: int, scan: Scan, fold: Callable[[], tuple[Any, int]], size: int, notes: Accumulator[Notes]
) -> Folded:
    """What a task returns: its dumped state, or the error that the driver will raise again."""
    dumped, note = b"", Note(0, size)
    try:
        state, rows = fold()
        dumped, note = scan.dump(state), Note(rows, size)
    except AnalyzerError as error:
        note = Note(0, size, type(error).__name__, str(error))
    except MemoryError:
        note = Note(0, size, EngineFailed.__name__, f"A Spark task ran out of memory. Hint: {REMEDY}.")
    notes.add({place: note})
    return place, note.failure, note.message, dumped


def _merged(scan: Scan, results: RDD[Any], watch: Watch) -> Any:
    """One state from the results of all tasks, which come in the order of partitions; that is the order of places."""
    with watch.watching():
        few = results.getNumPartitions() <= COLLECTED
        rows = results.collect() if few else _in_groups(results)
        return merge_tree(scan, (scan.load(_sound(*row)) for row in rows))


def _in_groups(results: RDD[Any]) -> Iterator[Any]:
    """Results in order, so many at a time; the executors keep them until they are asked for."""
    kept = results.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        kept.count()
        for group in aligned_blocks(kept.getNumPartitions(), COLLECTED):
            yield from kept.context.runJob(kept, iter, list(group))
    finally:
        with suppress(Py4JError):  # the Java process may be what failed
            kept.unpersist()


def _sound(_place: int, failure: str, message: str, state: bytes) -> bytes:
    """The dumped state, unless the task failed."""
    if failure:
        raise error_of(failure, message)
    return bytes(state)
