"""CSV files as a source: whole blocks through Arrow's parser, row by row only where something is wrong.

Every cell is text. An empty cell is missing, a quoted empty cell is a present empty text, blank lines are no rows.
Rows that cannot be used are rejected one by one with their place; nothing is left out in silence.
Source: contract.md 1.6, 3.2, 3.3; RFC 4180.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

import pyarrow as pa
import pyarrow.csv as arrow_csv

from analyzer.batch import Batch
from analyzer.sources.blocks import Block
from analyzer.sources.csv_rows import HEADER_INSIDE, Found, WholeRows, careful_rows, cells_of, whole_rows
from analyzer.sources.rejects import Account
from analyzer.sources.script import Script
from analyzer.sources.splits import File, plan, quote_aware_cuts
from analyzer.sources.tabular import Bounds, Gathering, Places, extents, identified, unique_names
from analyzer.split import Piece, Split

NO_HEADER = "file has no header line"
TOO_WIDE = "file has too many columns"
MAX_COLUMNS = 100_000
_HEAD_BYTES = 64 << 10  # of a file, looked at to learn its columns
_HEAD_ROWS = 20
_PART_BYTES = 256 << 10
_EDGES = (b"", b"\n", b"\r")
_BLANK_ROW = re.compile(rb"(?:\A|[\r\n])[ \t\v\f]+(?:[\r\n]|\Z)")


@dataclass(frozen=True)
class CsvSource:
    """CSV files.

    header: the first row of every file names its columns; repeated names are numbered and logged. Without, columns
    are named by position, from `names` as far as it reaches and `_c0`, `_c1`, ... beyond. inference_id_columns: the
    two last columns are id and time (batch transform), which otherwise only their names tell. script: path of a
    preprocessor script, which gets the text of every row, header rows included. Raises ScriptError from `batches`.
    """

    files: tuple[File, ...]
    header: bool = True
    names: tuple[str, ...] | None = None
    inference_id_columns: bool = False
    script: str | None = None
    bounds: Bounds = field(default_factory=Bounds)

    def splits(self) -> Sequence[Split]:
        return plan(self.files, cuts=quote_aware_cuts)

    def reader(self) -> CsvSource:
        return replace(self, files=())

    def batches(self, split: Split) -> Iterator[Batch]:
        layouts = _Layouts(self)
        for rows in whole_rows(self.bounds.blocks(split), self.bounds.max_record_bytes):
            account = self.bounds.account(rows.block)
            if self.script is not None:
                yield from self._scripted(rows.block, account, Script.load(self.script))
            else:
                yield from _with_intake([self._batch(run, rows, account) for run in layouts.runs(rows.block)], account)

    def _batch(self, run: _Run, rows: WholeRows, account: Account) -> Batch:
        table = _quick_table(run, rows)
        if table is None:
            table = pa.concat_tables(self._tables(run, rows, account))
        account.intake.records += table.num_rows
        columns = {name: column.combine_chunks() for name, column in zip(run.layout.names, table.columns, strict=True)}
        return Batch(ids=identified(columns, last_two=self.inference_id_columns), columns=columns, rows=table.num_rows)

    def _tables(self, run: _Run, rows: WholeRows, account: Account) -> Iterator[pa.Table]:
        """The run in parts, those with a wrong row read with care."""
        parts = _parted(run, rows.block.data)
        for part in parts:
            table = _quick_table(part, rows) if len(parts) > 1 else None
            yield _careful_table(part, rows.block.data, account) if table is None else table

    def _scripted(self, block: Block, account: Account, script: Script) -> Iterator[Batch]:
        gathering, places = Gathering(self.names), Places(block)
        for begin, end in extents(block):
            for row in careful_rows(block.data, begin, end):
                account.intake.records += 1
                if row.fault:
                    account.reject(row.at, row.fault, row.detail)
                    continue
                fresh = script.rows(row.body.decode(), places.where(row.at))
                account.intake.dropped += not fresh
                yield from gathering.add(fresh)
        yield gathering.rest(account.intake)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns of a file. header: its header row, for which rows below it are searched. fault: why it has none."""

    names: tuple[str, ...]
    header: bytes | None = None
    fault: str = ""


@dataclass(slots=True)
class _Run:
    """Neighbouring files of one block with equal columns: where their rows are, headers left out."""

    layout: _Layout
    extents: list[tuple[int, int]]


class _Layouts:
    """The columns of the files of one split, learnt where each file begins."""

    def __init__(self, source: CsvSource) -> None:
        self._source = source
        self._path = ""
        self._layout: _Layout | None = None  # of the file at hand, once a row of it was seen
        self._last = _Layout(())

    def runs(self, block: Block) -> list[_Run]:
        """Rows of the block that can be parsed together, in order."""
        runs: list[_Run] = []
        for span, (begin, end) in zip(block.spans, extents(block), strict=True):
            first = begin
            if span.path != self._path:
                self._path, self._last, self._layout = span.path, self._layout or self._last, None
                if span.start or (span.line != 1 and self._source.header):
                    self._layout = self._elsewhere(span.path)
            if self._layout is None:
                self._layout, first = self._learnt(block.data, begin, end)
            if self._layout is None or first >= end:
                continue
            if runs and runs[-1].layout == self._layout:
                runs[-1].extents.append((first, end))
            else:
                runs.append(_Run(self._layout, [(first, end)]))
        return runs

    def _elsewhere(self, path: str) -> _Layout:
        """Columns of a file whose beginning is not in this split, or was left out."""
        bounds, layout = self._source.bounds, None
        head = Piece(path, 0, _HEAD_BYTES, whole=False)
        for number, rows in enumerate(whole_rows(bounds.blocks((head,)), bounds.max_record_bytes)):
            if self._source.header and not number and not (rows.block.spans and rows.block.spans[0].line == 1):
                break
            layout, _ = self._learnt(rows.block.data, 0, len(rows.block.data))
            if layout:
                return layout
        return _Layout((), fault=NO_HEADER)

    def _learnt(self, data: bytes, begin: int, end: int) -> tuple[_Layout | None, int]:
        """Columns of the file that begins with data[begin:end], None while it is blank, and where its rows begin."""
        first = _first_row(data, begin, end)
        if first is None:
            return None, end
        if self._source.header:
            return _header_layout(first.body), first.at + len(first.body)
        width = first.body.count(b",") + 1
        if width != len(self._last.names) or b'"' in first.body:
            found = islice(careful_rows(data, begin, min(end, begin + _HEAD_BYTES)), _HEAD_ROWS)
            width = Counter(len(cells_of(row.body)) for row in found).most_common(1)[0][0]
        return _nameless_layout(width, self._source.names or ()), begin


@lru_cache(maxsize=256)
def _header_layout(header: bytes) -> _Layout:
    if header.count(b",") >= MAX_COLUMNS:
        return _Layout((), fault=TOO_WIDE)
    given = cells_of(header)
    names = unique_names(given)
    repeated = [name for name, original in zip(names, given, strict=True) if original and name != original]
    if repeated:
        _log.warning("%d column names of a CSV header are repeated and were numbered: %s", len(repeated), repeated[:5])
    return _Layout(names, header)


@lru_cache(maxsize=256)
def _nameless_layout(width: int, names: tuple[str, ...]) -> _Layout:
    if width > MAX_COLUMNS:
        return _Layout((), fault=TOO_WIDE)
    return _Layout(unique_names([*names[:width], *[""] * (width - len(names))]))


def _first_row(data: bytes, begin: int, end: int) -> Found | None:
    newline = data.find(b"\n", begin, end)
    line = data[begin : newline if newline >= 0 else end].removesuffix(b"\r")
    if line and not line.isspace() and b'"' not in line and b"\r" not in line:
        return Found(begin, line)
    return next(careful_rows(data, begin, end), None)


def _with_intake(batches: list[Batch], account: Account) -> list[Batch]:
    """The batches of a block, the first with the account of all of them."""
    batches = batches or [Batch({}, 0)]
    batches[0].intake = account.intake
    return batches


def _quick_table(run: _Run, rows: WholeRows) -> pa.Table | None:
    """All rows of the run at once; None when one of them is not sound, or equals the header."""
    layout, block = run.layout, rows.block
    if layout.fault or not rows.regular or _is_suspect(run, block.data):
        return None
    view = memoryview(block.data)
    try:
        return _parsed(b"".join([view[begin:end] for begin, end in run.extents]), len(layout.names))
    except pa.ArrowInvalid:  # another number of cells, or not UTF-8; the text would quote the data
        return None


def _is_suspect(run: _Run, data: bytes) -> bool:
    """Whether a row seems to equal the header, or is blank where Arrow would take it for a cell."""
    header = run.layout.header
    if header and any(_repeats(data, header, begin, end) for begin, end in run.extents):
        return True
    if len(run.layout.names) > 1:
        return False
    return any(_BLANK_ROW.search(data, max(begin - 1, 0), end) for begin, end in run.extents)


def _repeats(data: bytes, header: bytes, begin: int, end: int) -> bool:
    at = data.find(header, begin, end)
    while at >= 0:
        after = at + len(header)
        if data[at - 1 : at] in _EDGES and data[after : after + 1] in _EDGES:
            return True
        at = data.find(header, after, end)
    return False


def _parted(run: _Run, data: bytes) -> list[_Run]:
    """The run in parts of about _PART_BYTES, so that a wrong row slows down its neighbours only.

    One part when there are quotes, among which any newline might lie.
    """
    if run.layout.fault or any(data.find(b'"', begin, end) >= 0 for begin, end in run.extents):
        return [run]
    parts, room = [_Run(run.layout, [])], _PART_BYTES
    for begin, end in run.extents:
        at = begin
        while at < end:
            if room <= 0:
                parts.append(_Run(run.layout, []))
                room = _PART_BYTES
            newline = data.find(b"\n", min(at + room, end) - 1, end)
            after = end if newline < 0 else newline + 1
            parts[-1].extents.append((at, after))
            room -= after - at
            at = after
    return parts


def _careful_table(run: _Run, data: bytes, account: Account) -> pa.Table:
    """The sound rows of the run; the others are rejected."""
    layout = run.layout
    width = None if layout.fault else len(layout.names)
    sound = bytearray()
    for begin, end in run.extents:
        for row in careful_rows(data, begin, end, width):
            fault = row.fault or layout.fault or (HEADER_INSIDE if row.body == layout.header else "")
            if fault:
                account.intake.records += 1
                account.reject(row.at, fault, row.detail)
            else:
                sound += row.body + b"\n"
    return _parsed(bytes(sound), len(layout.names))


def _parsed(data: bytes, width: int) -> pa.Table:
    """Text cells of CSV rows; ArrowInvalid when a row has another width or is not UTF-8."""
    places = [str(at) for at in range(width)]  # Arrow wants names that differ
    if not data:
        return pa.table({place: pa.array([], pa.string()) for place in places})
    # Arrow's own handler of invalid rows is of no use: it fails on rows that are not UTF-8, and says so to stderr.
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(column_names=places, use_threads=False, block_size=len(data) + 1),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(places, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


_log = logging.getLogger(__name__)
