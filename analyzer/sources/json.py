"""JSON files as a source: JSON Lines, one record a line, or one JSON value per file.

How a value becomes rows is told in `payload`. A line or file that is not JSON is rejected with its place, the
others go on. Output of batch transform (`SageMakerOutput` beside the input) becomes output columns first.
Source: contract.md 1.6, 3.3; user_requests.md 3-9.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from analyzer.batch import Batch, Rejected
from analyzer.sources.blocks import Block, Span
from analyzer.sources.payload import (
    ENVELOPES,
    SCALARS,
    Flattening,
    Undecodable,
    decode_leniently,
    flat_row,
    json_rows,
    parse_json,
)
from analyzer.sources.rejects import Account
from analyzer.sources.rows import Row, text_of
from analyzer.sources.script import Script
from analyzer.sources.sides import OUTPUT, beside
from analyzer.sources.splits import File, plan
from analyzer.sources.tabular import INFERENCE_ID, INFERENCE_TIME, Bounds, Gathering, Places, extents
from analyzer.split import Split

NOT_JSON = "line is not JSON"
NOT_UTF8 = "line is not UTF-8"
FILE_NOT_UTF8 = "file is not UTF-8"
FILE_TOO_LARGE = "file is too large for one JSON value"
TOO_DEEP = "JSON is nested too deeply"
NO_ROWS = "record holds no rows"


@dataclass(frozen=True)
class JsonSource:
    """JSON files.

    lines: every line is a record; otherwise every file is one JSON value of at most max_bytes, whose list elements
    are records. names: of unnamed cells, by position. script: path of a preprocessor script, which gets the text
    of every record. Raises ScriptError from `batches`.
    """

    files: tuple[File, ...]
    lines: bool = True
    names: tuple[str, ...] | None = None
    flattening: Flattening = field(default_factory=Flattening)
    script: str | None = None
    max_bytes: int = 512 << 20
    bounds: Bounds = field(default_factory=Bounds)

    def splits(self) -> Sequence[Split]:
        return plan(self.files, splittable=self.lines)

    def reader(self) -> JsonSource:
        return replace(self, files=())

    def batches(self, split: Split) -> Iterator[Batch]:
        for block in self._blocks(split):
            account = self.bounds.account(block)
            records = (_records_of_lines if self.lines else _records_of_files)(block, account)
            yield from _Reader(self, block, account).batches(records)

    def _blocks(self, split: Split) -> Iterator[Block]:
        if self.lines:
            return self.bounds.blocks(split)
        bounds = replace(self.bounds, max_record_bytes=self.max_bytes)  # a file may be one line
        return _documents(bounds.blocks(split), self.max_bytes, bounds.block_bytes)


@dataclass(frozen=True, slots=True)
class _Record:
    """A decoded value: where its line begins, and its text where it stands alone in it."""

    at: int
    value: object
    text: bytes | None = None
    detail: str | None = None


class _Reader:
    """The records of one block on their way to batches."""

    def __init__(self, source: JsonSource, block: Block, account: Account) -> None:
        self._flattening = source.flattening
        self._account = account
        self._places = Places(block)
        self._script = None if source.script is None else Script.load(source.script)
        self._gathering = Gathering(source.names)

    def batches(self, records: Iterable[_Record]) -> Iterator[Batch]:
        for record in records:
            self._account.intake.records += 1
            if self._script:
                rows = self._scripted(record, self._script)
                self._account.intake.dropped += not rows
                yield from self._gathering.add(rows)
            else:
                yield from self._rows(record)
        yield self._gathering.rest(self._account.intake)

    def _rows(self, record: _Record) -> Iterator[Batch]:
        value, identity = record.value, None
        if isinstance(value, dict):
            if INFERENCE_ID in value:
                identity = text_of(value[INFERENCE_ID])
                value = {name: item for name, item in value.items() if name not in (INFERENCE_ID, INFERENCE_TIME)}
            if all(isinstance(cell, SCALARS) for cell in value.values()):
                yield from self._gathering.add([{name: text_of(cell) for name, cell in value.items()}], identity)
                return
        try:
            rows = self._nested(record, value)
        except Undecodable as error:
            reason, _, detail = str(error).partition(": ")
            self._account.reject(record.at, reason, detail or record.detail, identity)
            return
        if not rows:
            self._account.reject(record.at, NO_ROWS, record.detail, identity)
        yield from self._gathering.add(rows, identity)

    def _nested(self, record: _Record, value: object) -> list[Row]:
        if isinstance(value, dict) and len(value) > 1 and isinstance(value.get(OUTPUT), dict | list):
            given = {name: item for name, item in value.items() if name != OUTPUT}
            return beside(self._nested(record, value[OUTPUT]), self._nested(record, given))
        return _rows_of(record, value, self._flattening)

    def _scripted(self, record: _Record, script: Script) -> list[Row]:
        text = json.dumps(record.value) if record.text is None else record.text.decode()
        return script.rows(text, self._places.where(record.at))


def _rows_of(record: _Record, value: object, flattening: Flattening) -> list[Row]:
    """The rows of a value; Undecodable when it is too deep or too wide."""
    if isinstance(value, dict) and not _is_special(value):
        return [flat_row(value, flattening)]
    untouched = record.text is not None and value is record.value
    try:
        return json_rows(record.text.decode() if untouched and record.text else json.dumps(value), flattening)
    except RecursionError:
        raise Undecodable(TOO_DEEP) from None


def _is_special(value: dict[str, object]) -> bool:
    """Whether an object may hold several rows: in an envelope, or as columns."""
    return all(isinstance(item, list) for item in value.values()) or any(
        isinstance(value.get(name), list) for name in ENVELOPES
    )


def _records_of_lines(block: Block, account: Account) -> Iterator[_Record]:
    """The values of the block's lines; lines that hold none are rejected."""
    at = 0
    for line in block.data.split(b"\n"):
        try:
            value = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if line.strip():
                yield from _lenient(line, at, account)
        else:
            yield _Record(at, value, line)
        at += len(line) + 1


def _lenient(line: bytes, at: int, account: Account) -> Iterator[_Record]:
    """What the fast decoder refuses: NaN and Infinity, very long numbers."""
    try:
        value = decode_leniently(line.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        reason = NOT_UTF8
    except RecursionError:
        reason = TOO_DEEP
    except ValueError:
        reason = NOT_JSON
    else:
        yield _Record(at, value, line)
        return
    account.intake.records += 1
    account.reject(at, reason)


def _records_of_files(block: Block, account: Account) -> Iterator[_Record]:
    """The records of the whole files in a block; files that are not JSON are rejected."""
    for begin, end in extents(block):
        text = block.data[begin:end]
        if not text.strip():
            continue
        try:
            value = parse_json(text.decode())
        except (UnicodeDecodeError, Undecodable) as error:
            account.intake.records += 1
            account.reject(begin, str(error) if isinstance(error, Undecodable) else FILE_NOT_UTF8)
        else:
            yield from _elements(begin, value, text)


def _elements(at: int, value: object, text: bytes) -> Iterator[_Record]:
    """The records of a file's value: the elements of its list or of its envelope, or the value itself."""
    listed = value
    if isinstance(value, dict) and not value.keys() & {OUTPUT, INFERENCE_ID}:
        listed = next((value[name] for name in ENVELOPES if isinstance(value.get(name), list)), value)
    elif isinstance(value, list) and all(isinstance(item, SCALARS) for item in value):
        listed = None
    if isinstance(listed, list):
        yield from (_Record(at, item, detail=f"element {number}") for number, item in enumerate(listed, 1))
    else:
        yield _Record(at, value, text)


def _documents(found: Iterable[Block], max_bytes: int, size: int) -> Iterator[Block]:
    """The same with whole files, each one span; a file with a trouble or too large is only a trouble."""
    files = _Files(max_bytes)
    for block in found:
        files.troubles += block.troubles
        files.broken.update(trouble.path for trouble in block.troubles)
        for span, (begin, end) in zip(block.spans, extents(block), strict=True):
            if files.begins(span.path) and files.bytes >= size:
                yield files.taken()
            files.current.take(block.data, begin, end, max_bytes)
    files.begins("")
    yield files.taken()


@dataclass(slots=True)
class _File:
    """A file being read; parts beyond the limit are counted only."""

    path: str
    parts: list[bytes] = field(default_factory=list)
    length: int = 0

    def take(self, data: bytes, begin: int, end: int, limit: int) -> None:
        """Append data[begin:end]."""
        self.length += end - begin
        if self.length <= limit:
            self.parts.append(data[begin:end])


@dataclass(slots=True)
class _Files:
    """Whole files on their way to one block."""

    max_bytes: int
    broken: set[str] = field(default_factory=set)
    troubles: list[Rejected] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    bytes: int = 0
    current: _File = field(default_factory=lambda: _File(""))

    def begins(self, path: str) -> bool:
        """Whether another file begins; the one before is then at its end, and appended."""
        if path == self.current.path:
            return False
        self._add(self.current)
        self.current = _File(path)
        return True

    def _add(self, file: _File) -> None:
        if file.length > self.max_bytes:
            detail = f"more than {self.max_bytes} bytes"
            self.troubles.append(Rejected(FILE_TOO_LARGE, file.path, 0, detail=detail))
        elif file.length and file.path not in self.broken:
            self.spans.append(Span(self.bytes, file.path, 0, 0))
            self.parts += file.parts
            self.bytes += file.length

    def taken(self) -> Block:
        """The block so far; another begins."""
        block = Block(b"".join(self.parts), self.spans, self.troubles)
        self.troubles, self.parts, self.spans, self.bytes = [], [], [], 0
        return block


_decoder = msgspec.json.Decoder()
