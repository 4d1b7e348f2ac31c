"""Frame: the rows of a source as a Spark frame, made by the executors themselves, split by split.

It holds the same cells the folds see, under one declared schema. Nothing is read until Spark is asked for rows, and
all of it is read again whenever it is, unless the frame is persisted.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import BinaryType, DataType, DoubleType, LongType, StringType, StructField, StructType

from analyzer.batch import Batch, Cells
from analyzer.engines.spark import block_size
from analyzer.engines.spark_join import FAILURE, Parcel, block_of, met, sorted_parcels
from analyzer.engines.spark_tree import prepare
from analyzer.engines.spark_watch import Noting, error_of
from analyzer.fold import DATA_ERRORS, aligned_blocks
from analyzer.join.join import Captures, Join
from analyzer.schema import FRACTIONAL, INTEGRAL
from analyzer.split import Source, Split

Shape = Literal["string", "long", "double"]
ARROW: dict[Shape, pa.DataType] = {"string": pa.string(), "long": pa.int64(), "double": pa.float64()}
SPARK: dict[Shape, DataType] = {"string": StringType(), "long": LongType(), "double": DoubleType()}
BATCH_ROWS = 8192  # of what goes to Java at once
_SAFE_DIGITS = 18  # of a 64-bit integer, whatever they are


@dataclass(frozen=True, slots=True)
class FrameColumn:
    """A column of the frame: its name there, the column of the data behind it (None: the event id), and its type.

    string: cells as captured. long, double: the numbers among them, the others are null; NaN and infinities are
    doubles. A whole number beyond 64 bits is null as long.
    """

    name: str
    source: str | None
    shape: Shape


def frame(source: Source | Join, columns: Sequence[FrameColumn], session: SparkSession) -> DataFrame:
    """The rows of a source, blocks of splits as partitions in their order."""
    if isinstance(source, Join):
        return _joined(source, columns, session)
    splits = source.splits()
    ranges = aligned_blocks(len(splits), block_size(len(splits), session))
    blocks = [(bytearray(pickle.dumps(splits[block.start : block.stop])),) for block in ranges]
    schema = StructType([StructField(each.name, SPARK[each.shape]) for each in columns])
    held = StructType([StructField("block", BinaryType())])
    if not blocks:
        return session.createDataFrame([], schema)
    spread = session.createDataFrame(session.sparkContext.parallelize(blocks, len(blocks)), held, verifySchema=False)
    return spread.mapInArrow(_FrameTask(source.reader(), tuple(columns)), schema)


def _joined(join: Join, columns: Sequence[FrameColumn], session: SparkSession) -> DataFrame:
    """The rows of captures that met their ground truth."""
    schema = StructType([StructField(each.name, SPARK[each.shape]) for each in columns])
    parcels, last = met(join, session, session.sparkContext.accumulator({}, Noting()))
    rows = parcels.mapPartitionsWithIndex(_JoinedTask(join.captures.reader(), tuple(columns), last))
    held = StructType([StructField("rows", BinaryType())])
    return session.createDataFrame(rows, held, verifySchema=False).mapInArrow(_unpacked, schema)


@dataclass(frozen=True)
class _JoinedTask:
    """Reads a block of captures with its labels; rows leave as Arrow's stream format."""

    captures: Captures
    columns: tuple[FrameColumn, ...]
    last: int

    def __call__(self, place: int, parcels: Iterable[Parcel]) -> Iterator[tuple[bytearray]]:
        prepare()
        found = sorted_parcels(parcels)
        if found[FAILURE]:
            raise error_of(*pickle.loads(found[FAILURE][0][1]))  # noqa: S301 - our own tasks wrote it
        if place == self.last:
            return
        source, splits = block_of(self.captures, found)
        for split in splits:
            for batch in source.batches(split):
                if batch.rows:
                    yield (_packed(rows_of(batch, self.columns)),)


def _packed(rows: pa.RecordBatch) -> bytearray:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        for at in range(0, rows.num_rows, BATCH_ROWS):
            writer.write_batch(rows.slice(at, BATCH_ROWS))
    return bytearray(sink.getvalue())


def _unpacked(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for packed in batch.column(0):
            yield from pa.ipc.open_stream(packed.as_buffer())


@dataclass(frozen=True)
class _FrameTask:
    """Reads the blocks of splits that arrive; runs in a Spark task."""

    source: Source
    columns: tuple[FrameColumn, ...]

    def __call__(self, blocks: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        prepare()
        for batch in blocks:
            for pickled in batch.column(0).to_pylist():
                for split in pickle.loads(pickled):  # noqa: S301 - our own driver wrote it
                    yield from self._of_split(split)

    def _of_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        for batch in self.source.batches(split):
            if batch.rows:
                rows = rows_of(batch, self.columns)
                yield from (rows.slice(at, BATCH_ROWS) for at in range(0, batch.rows, BATCH_ROWS))


def rows_of(batch: Batch, columns: Sequence[FrameColumn]) -> pa.RecordBatch:
    """The batch in the declared columns and types; a column it lacks is null."""
    schema = pa.schema([pa.field(each.name, ARROW[each.shape]) for each in columns])
    return pa.RecordBatch.from_arrays([_array(batch, each) for each in columns], schema=schema)


def _array(batch: Batch, column: FrameColumn) -> pa.Array:
    empty = pa.nulls(batch.rows, ARROW[column.shape])
    if column.source is None:
        return empty if batch.ids is None else _ids(batch)
    if column.source not in batch.columns:
        return empty
    try:
        if column.shape == "string":
            return _texts(batch.columns[column.source])
        cells = batch.cells(column.source)
        values = _doubles(cells) if column.shape == "double" else _longs(cells)
        return values.take(pa.array(np.where(cells.codes < 0, 0, cells.codes), mask=cells.codes < 0))
    except DATA_ERRORS:  # such as nested cells
        return empty


def _ids(batch: Batch) -> pa.Array:
    ids = batch.ids
    if isinstance(ids, pa.Array | pa.ChunkedArray):
        return ids.cast(pa.string()) if isinstance(ids, pa.Array) else ids.combine_chunks().cast(pa.string())
    return pa.array([ids[row] for row in range(batch.rows)] if ids is not None else [], pa.string())


def _texts(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return pc.if_else(array, "true", "false").cast(pa.string())
    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def _doubles(cells: Cells) -> pa.Array:
    """The distinct values as doubles."""
    if not len(cells.values):
        return pa.nulls(1, pa.float64())
    known = (cells.kinds == INTEGRAL) | (cells.kinds == FRACTIONAL) | cells.non_finite
    return pa.array(cells.numbers, pa.float64(), mask=~known)


def _longs(cells: Cells) -> pa.Array:
    """The distinct values as 64-bit integers."""
    if not len(cells.values):
        return pa.nulls(1, pa.int64())
    if not cells.is_text:
        whole = cells.finite & (np.trunc(cells.numbers) == cells.numbers) & (np.abs(cells.numbers) < 2.0**63)
        exact = pa.types.is_integer(cells.values.type)
        return cells.values.cast(pa.int64()) if exact else pa.array(cells.numbers, mask=~whole).cast(pa.int64())
    plain = pc.replace_substring_regex(cells.values, r"^([-+]?) ?0*([0-9])", r"\1\2")
    plain = pc.replace_substring_regex(plain, r"^\+", "")
    safe = np.asarray(pc.match_substring_regex(plain, rf"^-?[0-9]{{1,{_SAFE_DIGITS}}}$"))
    texts = pc.if_else(pa.array(safe), plain, None)
    longs = texts.cast(pa.int64())
    rest = np.flatnonzero(~safe & (cells.kinds == INTEGRAL))
    return _with_long(longs, plain, rest) if rest.size else longs


def _with_long(longs: pa.Array, texts: pa.Array, rest: npt.NDArray[np.int64]) -> pa.Array:
    """Nineteen digits and more, one by one: only some of them fit."""
    found = longs.to_pylist()
    for at in rest.tolist():
        number = int(texts[at].as_py()) if len(texts[at].as_py()) <= 20 else 1 << 63
        found[at] = number if -(1 << 63) <= number < 1 << 63 else None
    return pa.array(found, pa.int64())
