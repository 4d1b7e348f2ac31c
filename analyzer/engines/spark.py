"""Spark engine: blocks of splits, or the partitions of a frame, folded by Spark tasks and merged in their order.

Every task folds one aligned block of splits and returns one row, its state; `spark_tree` makes one of all states.
Reports are therefore those of the local engine, byte for byte.
Source: design.md 3 (one canonical merge tree) and 4.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import Accumulator, SparkContext, TaskContext
from pyspark.errors import PySparkException, PySparkTypeError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import StructField

from analyzer.batch import Batch
from analyzer.engines.choice import require_spark
from analyzer.engines.spark_log import listening
from analyzer.engines.spark_settings import settings
from analyzer.engines.spark_tree import Folded, attempted, merged, prepare
from analyzer.engines.spark_watch import Note, Notes, Watch, told
from analyzer.engines.task import LARGEST_BLOCK, Report, Rows, Task, silent, stored_bytes
from analyzer.errors import EngineFailed
from analyzer.fold import Scan, aligned_blocks, fold_batches
from analyzer.split import Source, Split

BLOCKS_PER_CORE = 8
ELASTIC_CORES = 64  # taken for granted where executors come and go
ROW = "place bigint, failure string, message string, state binary"

View = Callable[[pa.RecordBatch], Batch]
"""Makes a batch of cells from rows of a frame."""


def session(processes: int = 1, *, scans_only: bool = False) -> SparkSession:
    """The session that is active; else a new one on SPARK_MASTER, or on this machine with so many tasks at a time.

    scans_only: nothing but `run` will use it. Raises ConfigError when pyspark or Java is missing, EngineFailed when
    Spark does not start.
    """
    if SparkContext._active_spark_context is not None:  # noqa: SLF001 - there is no public way to ask
        return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    require_spark("analyzer_engine=spark")
    builder = SparkSession.builder.appName("model-monitor-analyzer")
    for name, value in settings(processes, scans_only=scans_only).items():
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
    blocks = [(place, packed(splits[block.start : block.stop])) for place, block in enumerate(ranges)]
    if not blocks:
        return scan.zero()
    watch = Watch(session.sparkContext, report)
    task = _BlockTask(scan, source.reader(), watch.notes)
    with watch.watching():
        # One block a partition. Not a DataFrame: Spark SQL takes four seconds to get ready for its first query.
        return merged(scan, session.sparkContext.parallelize(blocks, len(blocks)).mapPartitions(task))


def run_frame(scan: Scan, frame: DataFrame, view: View, report: Report = silent) -> Any:
    """The state of a scan over a Spark frame, partitions in their order.

    view: makes cells of the frame's record batches, whose columns are named c0, c1, ... (names of frames may repeat).
    """
    few = _plain(frame).coalesce(BLOCKS_PER_CORE * _cores(frame.sparkSession))
    watch = Watch(frame.sparkSession.sparkContext, report)
    with watch.watching():
        return merged(scan, few.mapInArrow(_FrameTask(scan, view, watch.notes), ROW).rdd)


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
    """Splits of a block, a power of two: at most BLOCKS_PER_CORE blocks for every core, or blocks of LARGEST_BLOCK."""
    most, size = max(BLOCKS_PER_CORE * _cores(session), -(-splits // LARGEST_BLOCK)), 1
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
        prepare()
        for place, packed in blocks:
            splits = unpacked(packed)
            fold = partial(Task(self.scan, self.source, splits).fold, range(len(splits)))
            yield folded(place, self.scan, fold, stored_bytes(splits), self.notes)


@dataclass(frozen=True)
class _FrameTask:
    """Folds one partition of a frame."""

    scan: Scan
    view: View
    notes: Accumulator[Notes]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        prepare()
        context = TaskContext.get()
        place = context.partitionId() if context else 0
        row = folded(place, self.scan, partial(self._fold, batches), 0, self.notes)
        names = ("place", "failure", "message", "state")
        yield pa.RecordBatch.from_pydict({name: [cell] for name, cell in zip(names, row, strict=True)})

    def _fold(self, batches: Iterable[pa.RecordBatch]) -> tuple[Any, int]:
        rows = Rows()
        return fold_batches(self.scan, rows.counted(map(self.view, batches))), rows.count


def packed(splits: Sequence[Split]) -> bytes:
    """A block of splits as it travels; paths have much in common."""
    return zlib.compress(pickle.dumps(splits), 1)


def unpacked(packed: bytes) -> Sequence[Split]:
    """The splits of a block that arrived."""
    splits: Sequence[Split] = pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own driver wrote it
    return splits


def folded(place: int, scan: Scan, fold: Callable[[], tuple[Any, int]], size: int, notes: Accumulator[Notes]) -> Folded:
    """What a task returns; its note reaches the driver at once."""
    counted = [0]

    def dumped() -> bytes:
        state, counted[0] = fold()
        return scan.dump(state)

    with listening() as said:
        row = attempted(place, dumped)
    notes.add({place: Note(counted[0], size, *row[1:3], tuple(said))})
    return row
