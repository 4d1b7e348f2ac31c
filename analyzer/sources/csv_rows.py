"""Where the rows of CSV text begin and end, also when its quoting is damaged.

Two readers agree on sound text. A quick look at all quotes at once tells whether every quoted cell is opened and
closed as RFC 4180 wants it; then Arrow's parser can be trusted with the block. Otherwise rows are found one by one,
and a quote that was opened by mistake costs the line it stands on, never the lines below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from analyzer.sources.blocks import Block
from analyzer.sources.sides import CELLS_DIFFER

BROKEN = "CSV quoting is broken"
NOT_UTF8 = "line is not UTF-8"
HEADER_INSIDE = "header line inside the data"

# A quote inside an unquoted cell is an ordinary character, as are characters between a closing quote and the comma.
_QUOTED = rb'"(?:[^"]++|"")*+"[^,\r\n]*+'
_CELL = rb"(?:" + _QUOTED + rb'|(?!")[^,\r\n]*+)'
_ROW = re.compile(_CELL + rb"(?:," + _CELL + rb")*+(?=[\r\n]|\Z)")
_CELLS = re.compile(rb'(?:\A|,)(?:"((?:[^"]++|"")*+)"([^,\r\n]*+)|((?!")[^,\r\n]*+))')
_LINE = re.compile(rb"[^\r\n]++")
_BESIDE = np.zeros(256, np.bool_)
_BESIDE[list(b'",\r\n')] = True


@dataclass(frozen=True, slots=True)
class WholeRows:
    """A block that ends with a row. regular: Arrow may parse it as it is."""

    block: Block
    regular: bool


def whole_rows(found: Iterable[Block], limit: int) -> Iterator[WholeRows]:
    """Blocks of lines as blocks of rows: a quoted cell not closed at the end of a block waits for the next one.

    limit: bytes an unfinished row may have; beyond, and at the end of its file, its quote counts as a mistake.
    """
    carry: Block | None = None
    for block in found:
        if carry and not _continues(carry, block):
            yield WholeRows(carry, regular=False)
            carry = None
        joined = _joined(carry, block) if carry else block
        regular, cut = _quoting(joined)
        carry = None
        if cut is not None and len(joined.data) - cut <= limit:
            joined, carry = _parted(joined, cut)
        if joined.data or carry is None:
            yield WholeRows(joined, regular and (cut is None or carry is not None))
    if carry:
        yield WholeRows(carry, regular=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A row without its line end: where it begins, its bytes, and why it cannot be used ("" if it can)."""

    at: int
    body: bytes
    fault: str = ""
    detail: str | None = None


def careful_rows(data: bytes, begin: int, end: int, width: int | None = None) -> Iterator[Found]:
    """Rows of data[begin:end], which belongs to one file; blank lines are none.

    width: cells a row must have; None takes any.
    """
    at = begin
    while at < end:
        quote = data.find(b'"', at, end)
        plain = end if quote < 0 else max(data.rfind(b"\n", at, quote), data.rfind(b"\r", at, quote), at - 1) + 1
        for line in _LINE.finditer(data, at, plain):
            body = line.group()
            if not body.isspace():
                yield _judged(Found(line.start(), body), body.count(b",") + 1, width)
        at = plain
        if at < end:
            row = _quoted_row(data, at, end, width)
            yield row
            at += len(row.body)
            while data[at : at + 1] in (b"\r", b"\n") and at < end:
                at += 1


def cells_of(body: bytes) -> list[str]:
    """Cells of a row without its line end, quotes removed; what is not UTF-8 is replaced."""
    if not _ROW.fullmatch(body):
        return body.decode("utf-8", "replace").split(",")
    parts = ((quoted.replace(b'""', b'"') + junk) or plain for quoted, junk, plain in _CELLS.findall(body))
    return [part.decode("utf-8", "replace") for part in parts]


def _quoted_row(data: bytes, at: int, end: int, width: int | None) -> Found:
    """The row at `at`, whose first line holds a quote; only that line when the row makes no sense."""
    row = _ROW.match(data, at, end)
    if row:
        cells = _CELLS.findall(row.group())
        if not _LINE.fullmatch(row.group()):  # of several lines
            sound = width in (None, len(cells)) and not any(junk for _, junk, _ in cells)
        else:
            sound = True
        if sound:
            return _judged(Found(at, row.group()), len(cells), width)
    line = _LINE.match(data, at, end)
    return Found(at, line.group() if line else b"", BROKEN)


def _judged(row: Found, cells: int, width: int | None) -> Found:
    if width is not None and cells != width:
        return replace(row, fault=CELLS_DIFFER, detail=f"expected {width}, found {cells}")
    if not row.body.isascii() and not _is_utf8(row.body):
        return replace(row, fault=NOT_UTF8)
    return row


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quoting(block: Block) -> tuple[bool, int | None]:
    """Whether Arrow reads the block's quotes as meant, and where the unfinished row at its end begins, if any.

    It does when they stand at the edges of cells only and every file but the last closes them.
    """
    if b'"' not in block.data:
        return True, None
    cells = np.frombuffer(block.data, np.uint8)
    quotes = np.flatnonzero(cells == ord('"'))
    starts = np.array([span.at for span in block.spans])
    closed = not (np.searchsorted(quotes, starts) & 1).any()
    opening, closing = quotes[0::2], quotes[1::2]
    before = _BESIDE[cells[np.maximum(opening - 1, 0)]]
    after = _BESIDE[cells[np.minimum(closing + 1, len(cells) - 1)]]
    # The first byte of the data opens a cell although nothing stands before it; it is a quote, thus _BESIDE.
    regular = bool(closed and before.all() and after.all())
    if not regular:
        return False, _unclosed(block)
    return True, _last_row(block.data, block.spans[-1].at, quotes.tolist()) if len(quotes) & 1 else None


def _last_row(data: bytes, begin: int, quotes: list[int]) -> int:
    """Where the row of the last, unclosed quote begins."""
    while quotes:
        open_at = quotes.pop()
        low = max(quotes.pop() if quotes else begin, begin)
        newline = max(data.rfind(b"\n", low, open_at), data.rfind(b"\r", low, open_at))
        if newline >= 0:
            return newline + 1
    return begin


def _unclosed(block: Block) -> int | None:
    """Where the row begins whose quote nothing behind it closes, in the last file of a block of irregular quoting."""
    end = len(block.data)
    for row in careful_rows(block.data, block.spans[-1].at, end):
        if row.fault == BROKEN and not _ROW.match(block.data, row.at, end):
            return row.at
    return None


def _continues(carry: Block, block: Block) -> bool:
    if not block.spans:
        return False
    last, first = carry.spans[-1], block.spans[0]
    return (last.path, last.offset + len(carry.data)) == (first.path, first.offset)


def _joined(carry: Block, block: Block) -> Block:
    """Two blocks of which the second continues the first's only file."""
    later = [replace(span, at=span.at + len(carry.data)) for span in block.spans[1:]]
    lines = dict(carry.lines)
    for piece, count in block.lines.items():
        lines[piece] = lines.get(piece, 0) + count
    return Block(carry.data + block.data, [*carry.spans, *later], [*carry.troubles, *block.troubles], lines)


def _parted(block: Block, cut: int) -> tuple[Block, Block]:
    """The block before and from `cut`, which lies in its last file; counts go with the first that has data."""
    _, _, line = block.origin(cut)
    last = block.spans[-1]
    rest = Block(block.data[cut:], [replace(last, at=0, offset=last.offset + cut - last.at, line=line)])
    if not cut:
        return Block(b""), replace(rest, troubles=block.troubles, lines=block.lines)
    spans = [span for span in block.spans if span.at < cut]
    return Block(block.data[:cut], spans, block.troubles, block.lines), rest
