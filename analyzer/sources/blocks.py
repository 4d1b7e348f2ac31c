"""Blocks: the lines of a split, whole, a few MiB at a time, each knowing where it came from.

Whatever is wrong with a file or a line becomes a trouble beside the data, never an exception, and memory stays
bounded by block and record size whatever the file holds.
Source: design.md 4; contract.md 3.1; user_requests.md 8, 9, 10.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np

from analyzer.batch import Rejected
from analyzer.sources.splits import Piece, Split, client, packing, stream

BLOCK_BYTES = 16 * 2**20
RECORD_BYTES = 64 * 2**20
_FREE_BYTES = 64 * 2**20  # decompressed before the ratio of a gzip file is judged
_GZIP_IN, _GZIP_OUT = 16 * 2**10, 2**20  # bytes per step; small input steps keep files of tiny members linear
_STEP_BYTES = 2 * 2**20  # read at once; larger buffers cost more in page faults than they save
_SMALL_BYTES = 2**20  # S3 objects up to this are fetched ahead, several at a time
_AHEAD = 16
_MARK = b"\xef\xbb\xbf"

UNREADABLE = "file cannot be read"
SHORTER = "file ends earlier than when it was listed"
TOO_LONG = "line is longer than max_record_bytes"
CUT_GZIP = "gzip data is cut off"
BAD_GZIP = "gzip data is damaged"
TRAILING = "bytes after the end of the gzip data"
BOMB = "gzip data expands beyond gzip_max_ratio"
PACKED = "file is neither plain text nor gzip"


@dataclass(frozen=True, slots=True)
class Span:
    """Data from `at` on is of this file, at this byte offset of its (decompressed) content.

    line: number of the first line, counted from 1 at the first line of the piece that begins at byte `start`.
    """

    at: int
    path: str
    offset: int
    line: int
    start: int = 0


@dataclass(slots=True)
class Block:
    """Whole lines of one or more files, every one ended by a newline.

    lines: how many lines of the piece (path, start) were read, skipped ones included.
    """

    data: bytes
    spans: list[Span] = field(default_factory=list)
    troubles: list[Rejected] = field(default_factory=list)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)

    def origin(self, at: int) -> tuple[str, int, int]:
        """Path, start of the piece and line within the piece of the line that starts at byte `at` of the data."""
        span = self.spans[bisect_right(self.spans, at, key=lambda span: span.at) - 1]
        return span.path, span.start, span.line + self.data.count(b"\n", span.at, at)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of reading. quoted: newlines between double quotes end no record (CSV)."""

    size: int = BLOCK_BYTES
    max_record_bytes: int = RECORD_BYTES
    gzip_max_ratio: int = 1000
    quoted: bool = False


def blocks(
    split: Split,
    size: int = BLOCK_BYTES,
    max_record_bytes: int = RECORD_BYTES,
    gzip_max_ratio: int = 1000,
    *,
    quoted: bool = False,
) -> Iterator[Block]:
    """Lines of the split in blocks of about size bytes, a longer line alone exceeding it.

    Lines longer than max_record_bytes and files that cannot be read further are left out and told in `troubles`.
    quoted: never cut between double quotes, for CSV cells that hold newlines.
    """
    limits = Limits(size, max_record_bytes, gzip_max_ratio, quoted)
    building = _Building()
    for piece, chunks in _opened(split, size):
        building.last = None
        for part in _parts(piece, chunks, limits):
            if building.bytes and building.bytes + len(part.data) > size:
                yield building.taken()
            building.add(piece, part)
    if building.lines or building.troubles:
        yield building.taken()


@dataclass(slots=True)
class _Part:
    """Some whole lines of a piece, or lines left out (no data, and the trouble)."""

    data: bytes
    offset: int
    line: int
    count: int
    trouble: tuple[str, str] | None = None


@dataclass(slots=True)
class _Building:
    """The block being put together."""

    parts: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    troubles: list[Rejected] = field(default_factory=list)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    bytes: int = 0
    last: int | None = None

    def add(self, piece: Piece, part: _Part) -> None:
        """Append a part; one that continues the last needs no span."""
        if part.trouble:
            reason, detail = part.trouble
            self.troubles.append(Rejected(reason, piece.path, part.line, detail=detail, start=piece.start))
        if part.count:
            key = piece.path, piece.start
            self.lines[key] = self.lines.get(key, 0) + part.count
        if part.data:
            if part.offset != self.last or not self.spans:
                self.spans.append(Span(self.bytes, piece.path, part.offset, part.line, piece.start))
            self.parts.append(part.data)
            self.bytes += len(part.data)
            self.last = part.offset + len(part.data)

    def taken(self) -> Block:
        """The block so far; another begins."""
        block = Block(b"".join(self.parts), self.spans, self.troubles, self.lines)
        self.parts, self.spans, self.troubles, self.lines, self.bytes = [], [], [], {}, 0
        return block


class _Damage(Exception):
    """Nothing more can be read from a file. whole: nothing is missing before this point."""

    def __init__(self, reason: str, detail: str, *, whole: bool = False) -> None:
        super().__init__(reason)
        self.trouble = reason, detail
        self.whole = whole


def _parts(piece: Piece, chunks: Iterator[bytes], limits: Limits) -> Iterator[_Part]:
    """The lines of one piece; the trouble that ended it last."""
    cutter = _Cutter(limits)
    trouble = None
    try:
        for chunk in _text(piece, chunks, cutter, limits):
            yield from cutter.feed(chunk)
    except _Damage as damage:
        trouble = damage.trouble
        if not damage.whole:
            cutter.forget()  # half a line is no line: "12" might have been "123"
    except OSError as error:
        trouble = UNREADABLE, str(error.strerror or error)
        cutter.carry.clear()
    yield from cutter.rest()
    if trouble:
        yield _Part(b"", cutter.offset, cutter.line if cutter.line > 1 else 0, 0, trouble)


class _Cutter:
    """Cuts a stream of bytes into parts of whole lines, leaving out lines that are too long."""

    def __init__(self, limits: Limits) -> None:
        self.limit, self.quoted = limits.max_record_bytes, limits.quoted
        self.offset, self.line = 0, 1  # of the first byte not given out yet
        self.carry: list[bytes] = []
        self.held = 0  # bytes in carry
        self.inside = self.skipping = False

    def feed(self, chunk: bytes) -> Iterator[_Part]:
        """Parts that this chunk completes."""
        begin = self._skipped(chunk) if self.skipping else 0
        end = self._quoted_end(chunk, begin) if self.quoted else chunk.rfind(b"\n", begin) + 1
        if end > begin:
            data = b"".join([*self.carry, memoryview(chunk)[begin:end]])
            self.forget()
            yield from self._checked(data)
        rest = chunk[max(begin, end) :]
        if rest:
            self.carry.append(rest)
            self.held += len(rest)
        if self.held > self.limit:
            yield self._left_out(self.held)
            self.forget()
            self.skipping, self.inside = True, False

    def forget(self) -> None:
        """Drop the line begun."""
        self.carry.clear()
        self.held = 0

    def rest(self) -> Iterator[_Part]:
        """The last line, when no newline ends it."""
        if self.carry:
            yield self._part(b"".join([*self.carry, b"\n"]))
            self.forget()

    def _skipped(self, chunk: bytes) -> int:
        """Where the first line behind a line that is too long begins."""
        newline = chunk.find(b"\n")
        self.skipping = newline < 0
        begin = len(chunk) if self.skipping else newline + 1
        self.offset += begin
        return begin

    def _quoted_end(self, chunk: bytes, begin: int) -> int:
        """Position behind the last newline outside quotes, or 0; walks back from the end."""
        end, found = len(chunk), 0
        inside = self.inside ^ bool(chunk.count(b'"', begin) & 1)
        while end > begin and (newline := chunk.rfind(b"\n", begin, end)) >= 0:
            inside ^= bool(chunk.count(b'"', newline, end) & 1)
            if not inside:
                found = newline + 1
                break
            end, inside = chunk.rfind(b'"', begin, newline), False  # where the quotes around it began
        self.inside = (self.inside and not found) ^ bool(chunk.count(b'"', max(begin, found)) & 1)
        return found

    def _checked(self, data: bytes) -> Iterator[_Part]:
        """The data without its lines that are too long."""
        begin = at = 0
        while len(data) - at > self.limit:
            newline = data.rfind(b"\n", at, at + self.limit + 1)
            if newline >= 0:
                at = newline + 1
                continue
            if at > begin:
                yield self._part(data[begin:at])
            begin = data.find(b"\n", at) + 1
            yield self._left_out(begin - at)
            at = begin
        if len(data) > begin:
            yield self._part(data[begin:] if begin else data)

    def _part(self, data: bytes) -> _Part:
        part = _Part(data, self.offset, self.line, _newlines(data))
        self.offset += len(data)
        self.line += part.count
        return part

    def _left_out(self, length: int) -> _Part:
        part = _Part(b"", self.offset, self.line, 1, (TOO_LONG, f"more than {self.limit} bytes"))
        self.offset += length
        self.line += 1
        return part


def _newlines(data: bytes) -> int:
    """Newlines of the data, counted in steps that stay in the cache."""
    cells = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(cells[at : at + 2**17] == ord("\n"))) for at in range(0, len(cells), 2**17))


def _text(piece: Piece, chunks: Iterator[bytes], cutter: _Cutter, limits: Limits) -> Iterator[bytes]:
    """Unpacked bytes of the lines the piece owns. Raises _Damage."""
    if piece.start:
        cutter.offset, chunks = _from_line_start(piece, chunks)
        yield from _owned(piece, chunks, cutter.offset, limits)
        return
    head = next(chunks, b"")
    zipped = packing(head) == "gzip"
    if zipped:
        chunks = _steady(_gunzip(chain([head], chunks), limits.gzip_max_ratio))
        head = next(chunks, b"")
    if packing(head):
        raise _Damage(PACKED, f"{packing(head)}{' in gzip' * zipped}. Hint: store UTF-8 text, plain or gzipped")
    cutter.offset = len(_MARK) if head.startswith(_MARK) else 0
    chunks = chain([head[cutter.offset :]], chunks)
    yield from chunks if zipped else _owned(piece, chunks, cutter.offset, limits)


def _from_line_start(piece: Piece, chunks: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """Offset of the first line beginning in the piece, and the bytes from there; chunks begin one byte before it."""
    position = piece.start - 1
    for chunk in chunks:
        newline = chunk.find(b"\n")
        if newline >= 0:
            return position + newline + 1, chain([chunk[newline + 1 :]], chunks)
        position += len(chunk)
        if position >= piece.end:
            break
    return position, iter(())


def _owned(piece: Piece, chunks: Iterable[bytes], position: int, limits: Limits) -> Iterator[bytes]:
    """Bytes up to the end of the line that holds the last byte of the piece, as far as a line may reach."""
    if position >= piece.end:
        return
    for chunk in chunks:
        newline = chunk.find(b"\n", max(piece.end - 1 - position, 0))
        position += len(chunk)
        yield chunk[: newline + 1] if newline >= 0 else chunk
        if newline >= 0 or position > piece.end + limits.max_record_bytes:
            return
    if position < piece.end:
        raise _Damage(SHORTER, f"{position} of {piece.end} bytes")


def _steady(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks that are never tiny, before any failure is passed on."""
    ready = bytearray()
    failure: Exception | None = None
    try:
        for chunk in chunks:
            ready += chunk
            if len(ready) >= _GZIP_OUT:
                yield bytes(ready)
                ready.clear()
    except (_Damage, OSError) as error:
        failure = error
    yield bytes(ready)
    if failure:
        raise failure


def _gunzip(chunks: Iterable[bytes], max_ratio: int) -> Iterator[bytes]:
    """Content of a gzip file of one or several members. Raises _Damage behind what could be decoded."""
    members = _Members(max_ratio)
    for chunk in chunks:
        for at in range(0, len(chunk), _GZIP_IN):
            yield from members.unpacked(chunk[at : at + _GZIP_IN])
    if not members.inflater.eof:
        raise _Damage(CUT_GZIP, "the end of the data is missing")


class _Members:
    """The members of a gzip file, one after the other, and how far they expand."""

    def __init__(self, max_ratio: int) -> None:
        self.max_ratio = max_ratio
        self.inflater: Any = zlib.decompressobj(wbits=31)
        self.taken = self.given = 0  # bytes

    def unpacked(self, pending: bytes) -> Iterator[bytes]:
        """Content of the next stored bytes."""
        self.taken += len(pending)
        data = b""
        while pending or len(data) == _GZIP_OUT:
            if self.inflater.eof:
                pending = pending.lstrip(b"\0")  # padding of tape and block devices
                if not pending:
                    return
                self.inflater = _next_member(pending)
            data = _inflated(self.inflater, pending)
            self.given += len(data)
            yield data
            pending = self.inflater.unused_data if self.inflater.eof else self.inflater.unconsumed_tail
            if self.given > max(_FREE_BYTES, self.max_ratio * (self.taken - len(pending))):
                raise _Damage(BOMB, f"more than {self.max_ratio} times")


def _next_member(data: bytes) -> Any:
    if not data.startswith(b"\x1f"):
        raise _Damage(TRAILING, "they are not gzip and were ignored", whole=True)
    return zlib.decompressobj(wbits=31)


def _inflated(inflater: Any, data: bytes) -> bytes:
    try:
        return bytes(inflater.decompress(data, _GZIP_OUT))
    except zlib.error as error:
        raise _Damage(BAD_GZIP, str(error)) from error


def _opened(split: Split, size: int) -> Iterator[tuple[Piece, Iterator[bytes]]]:
    """Pieces and their bytes; small S3 objects are fetched ahead, because every request waits on the network."""
    remote = [piece for piece in split if piece.path.startswith("s3://") and piece.end <= _SMALL_BYTES]
    if len(remote) < 2:
        yield from ((piece, _bytes(piece, size)) for piece in split)
        return
    client()  # made once here, not by several threads at once
    waiting: deque[tuple[Piece, Future[Iterator[bytes]]]] = deque()
    pieces = iter(split)
    with ThreadPoolExecutor(_AHEAD) as pool:
        while True:
            fresh = islice(pieces, _AHEAD - len(waiting))
            waiting.extend((piece, pool.submit(_fetched, piece, size)) for piece in fresh)
            if not waiting:
                return
            piece, future = waiting.popleft()
            yield piece, _result(future)


def _bytes(piece: Piece, size: int) -> Iterator[bytes]:
    """Bytes of a piece, from the one before it."""
    yield from stream(piece.path, max(piece.start - 1, 0), piece.end, max(min(size, _STEP_BYTES), 16))


def _fetched(piece: Piece, size: int) -> Iterator[bytes]:
    small = piece.path.startswith("s3://") and piece.end <= _SMALL_BYTES
    return iter(list(_bytes(piece, size))) if small else _bytes(piece, size)


def _result(future: Future[Iterator[bytes]]) -> Iterator[bytes]:
    yield from future.result()
