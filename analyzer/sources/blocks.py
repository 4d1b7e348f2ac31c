"""Blocks: the lines of a split, whole, a few MiB at a time, each knowing where it came from.

Whatever is wrong with a file or a line becomes a trouble beside the data, never an exception, and memory stays
bounded by block and record size whatever the file holds.
Source: design.md 4; contract.md 3.1; user_requests.md 8, 9, 10.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from analyzer.batch import Rejected
from analyzer.sources.ahead import opened
from analyzer.sources.lines import Cutter, Part
from analyzer.sources.packed import Damage, gunzip
from analyzer.sources.storage import packing, stop_if_unavailable
from analyzer.split import Piece, Split

BLOCK_BYTES = 16 * 2**20
RECORD_BYTES = 64 * 2**20
_MARK = b"\xef\xbb\xbf"

UNREADABLE = "file cannot be read"
SHORTER = "file ends earlier than when it was listed"
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
    Raises SourceUnreadable when S3 fails as a whole.
    quoted: never cut between double quotes, for CSV cells that hold newlines.
    """
    limits = Limits(size, max_record_bytes, gzip_max_ratio, quoted)
    building = _Building()
    for piece, chunks in opened(split, size):
        building.last = None
        for part in _parts(piece, chunks, limits):
            if building.bytes and building.bytes + len(part.data) > size:
                yield building.taken()
            building.add(piece, part)
    if building.lines or building.troubles:
        yield building.taken()


@dataclass(slots=True)
class _Building:
    """The block being put together."""

    parts: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    troubles: list[Rejected] = field(default_factory=list)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    bytes: int = 0
    last: int | None = None

    def add(self, piece: Piece, part: Part) -> None:
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


def _parts(piece: Piece, chunks: Iterator[bytes], limits: Limits) -> Iterator[Part]:
    """The lines of one piece; the trouble that ended it last."""
    cutter = Cutter(limits.max_record_bytes, quoted=limits.quoted)
    trouble = None
    try:
        for chunk in _text(piece, chunks, cutter, limits):
            yield from cutter.feed(chunk)
    except Damage as damage:
        trouble = damage.trouble
        if not damage.whole:
            cutter.forget()  # half a line is no line: "12" might have been "123"
    except OSError as error:
        stop_if_unavailable(piece.path, error)
        trouble = UNREADABLE, str(error.strerror or error)
        cutter.forget()
    yield from cutter.rest()
    if trouble:
        yield Part(b"", cutter.offset, cutter.line if cutter.line > 1 else 0, 0, trouble)


def _text(piece: Piece, chunks: Iterator[bytes], cutter: Cutter, limits: Limits) -> Iterator[bytes]:
    """Unpacked bytes of the lines the piece owns. Raises Damage."""
    if piece.start:
        cutter.offset, chunks = _from_line_start(piece, chunks)
        yield from _owned(piece, chunks, cutter.offset, limits)
        return
    head = next(chunks, b"")
    zipped = packing(head) == "gzip"
    if zipped:
        chunks = gunzip(chain([head], chunks), limits.gzip_max_ratio)
        head = next(chunks, b"")
    if packing(head):
        raise Damage(PACKED, f"{packing(head)}{' in gzip' * zipped}. Hint: store UTF-8 text, plain or gzipped")
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
        raise Damage(SHORTER, f"{position} of {piece.end} bytes")
