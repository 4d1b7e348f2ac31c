"""Parquet files as a source: row groups, read a few thousand rows at a time, columns with their own types.

A row group belongs to the piece of the file in which its first byte lies. A damaged file or row group is rejected,
the others go on. Nested columns: see `nested`. Source: contract.md 1.6; user_requests.md 6, 20-23.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.batch import Batch, Intake
from analyzer.log import one_line
from analyzer.sources.blocks import Block, Span
from analyzer.sources.nested import flat_columns, holds_lists, list_lengths
from analyzer.sources.rejects import Account
from analyzer.sources.script import Script
from analyzer.sources.splits import File, plan
from analyzer.sources.storage import seekable, stop_if_unavailable
from analyzer.sources.tabular import Bounds, Gathering, identified
from analyzer.split import Piece, Split

DAMAGED_FILE = "file is not readable Parquet"
DAMAGED_GROUP = "row group of a Parquet file is damaged"
NOT_UTF8 = "cell is not UTF-8"
BATCH_CELLS = 4_000_000
Lengths = tuple[tuple[str, int], ...]
_FAILURES = (pa.ArrowException, OSError, OverflowError, UnicodeError)


@dataclass(frozen=True)
class ParquetSource:
    """Parquet files.

    flatten_limit: longest list that becomes one column per element. script: path of a preprocessor script, which
    gets every row as a dict. lengths: of lists that become columns, learnt from the first file when None. Raises
    ScriptError from `batches`.
    """

    files: tuple[File, ...]
    flatten_limit: int = 4096
    script: str | None = None
    bounds: Bounds = field(default_factory=Bounds)
    lengths: Lengths | None = None

    def splits(self) -> Sequence[Split]:
        return plan(self.files)

    def reader(self) -> ParquetSource:
        return replace(self, files=(), lengths=self._list_lengths())

    def _list_lengths(self) -> Lengths:
        known = self.lengths
        return _lengths(tuple(file.path for file in self.files), self.flatten_limit) if known is None else known

    def batches(self, split: Split) -> Iterator[Batch]:
        first = True
        for piece in split:
            for batch in self._piece(piece):
                first = False
                yield batch
        if first:
            yield Batch({}, 0)

    def _piece(self, piece: Piece) -> Iterator[Batch]:
        account = self.bounds.account(Block(b"", [Span(0, piece.path, 0, 0, piece.start)]))
        try:
            with _opened(piece.path) as (file, size):
                yield from self._groups(file, piece, size - 1, account)
        except _FAILURES as error:
            stop_if_unavailable(piece.path, error)
            if not piece.start:  # every piece of the file meets the same damage
                _reject(account, DAMAGED_FILE, _told(error), 1)
        if account.intake.rejected:
            yield Batch({}, 0, intake=account.intake)

    def _groups(self, file: pq.ParquetFile, piece: Piece, last: int, account: Account) -> Iterator[Batch]:
        """The row groups of a piece; last byte of the file: metadata may place a group behind it."""
        begin = 0  # row of the file
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            if piece.whole or piece.start <= min(_first_byte(group), last) < piece.end:
                reading = _Group(file, number, begin)
                try:
                    yield from self._batches(reading, account)
                except _FAILURES as error:
                    stop_if_unavailable(piece.path, error)
                    detail = f"row group {number}: {_told(error)}"
                    _reject(account, DAMAGED_GROUP, detail, max(1, group.num_rows - reading.done))
            begin += group.num_rows

    def _batches(self, reading: _Group, account: Account) -> Iterator[Batch]:
        """The sound rows of a row group; what was rejected so far goes with the first batch."""
        lists = any(map(holds_lists, reading.file.schema_arrow.types))
        lengths = self._list_lengths() if lists else ()
        for rows in reading.file.iter_batches(_size(reading.file), [reading.number], use_threads=False):
            if self.script is not None:
                yield from _scripted(rows, Script.load(self.script), reading, account)
            else:
                columns = flat_columns(rows, dict(lengths))
                columns, count = _sound(columns, rows.num_rows, reading, account)
                account.intake.records += count
                ids = identified(columns)
                yield Batch(columns, count, ids, account.intake)
                account.intake = Intake()
            reading.done += rows.num_rows


@dataclass(slots=True)
class _Group:
    """A row group being read: rows of the file before it, and rows of it that are done."""

    file: pq.ParquetFile
    number: int
    begin: int
    done: int = 0


def _scripted(rows: pa.RecordBatch, script: Script, reading: _Group, account: Account) -> Iterator[Batch]:
    gathering, path = Gathering(), account.block.spans[0].path
    for number, row in enumerate(rows.to_pylist(), reading.begin + reading.done + 1):
        account.intake.records += 1
        fresh = script.rows(row, (path, number, None))
        account.intake.dropped += not fresh
        yield from gathering.add(fresh)
    yield gathering.rest(account.intake)
    account.intake = Intake()


def _first_byte(group: pq.RowGroupMetaData) -> int:
    """Where the row group begins in the file; damaged metadata may say anything."""
    if not group.num_columns:
        return 0
    column = group.column(0)
    offset: int = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset is not None:
        offset = min(offset, column.dictionary_page_offset)
    return max(offset, 0)


def _size(file: pq.ParquetFile) -> int:
    """Rows read at once, so that wide files take as much memory as narrow ones."""
    columns: int = file.metadata.num_columns
    return max(256, min(65_536, BATCH_CELLS // max(1, columns)))


def _sound(
    columns: dict[str, pa.Array], count: int, reading: _Group, account: Account
) -> tuple[dict[str, pa.Array], int]:
    """The rows whose texts are UTF-8, and how many; the others are rejected."""
    damaged: dict[int, str] = {}
    for name, column in columns.items():
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            damaged.update(dict.fromkeys(_not_utf8(column), name))
    if not damaged:
        return columns, count
    kept = np.ones(count, np.bool_)
    for at in sorted(damaged):
        kept[at] = False
        _reject(account, NOT_UTF8, f"column {damaged[at]!r}, row {reading.begin + reading.done + at + 1}", 1)
    mask = pa.array(kept)
    return {name: column.filter(mask) for name, column in columns.items()}, int(kept.sum())


def _not_utf8(column: pa.Array) -> Iterator[int]:
    """Rows whose text is not UTF-8; Arrow's reader lets it pass."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        for at, cell in enumerate(column.cast(pa.large_binary()).to_pylist()):
            try:
                cell is None or cell.decode()
            except UnicodeDecodeError:
                yield at


@lru_cache(maxsize=4)
def _lengths(paths: tuple[str, ...], limit: int) -> Lengths:
    """Common lengths of lists in the first rows of the first readable file; the same in every process."""
    for path in paths:
        try:
            with _opened(path) as (file, _):
                first = next(file.iter_batches(1024, use_threads=False), None)
            if first is not None:
                return tuple(list_lengths(first, limit).items())
        except _FAILURES as error:  # reading the file for its rows will tell, unless all files fail alike
            stop_if_unavailable(path, error)
    return ()


@contextmanager
def _opened(path: str) -> Iterator[tuple[pq.ParquetFile, int]]:
    """The file, local or on S3, and its bytes; OSError or Arrow's errors when it is damaged."""
    with seekable(path) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        yield pq.ParquetFile(stream), size


def _reject(account: Account, reason: str, detail: str, count: int) -> None:
    """Count `count` records as rejected, with one sample for all of them."""
    account.intake.records += count
    account.reject(0, reason, detail)
    account.intake.rejected[reason] += count - 1


def _told(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(text, 200)
