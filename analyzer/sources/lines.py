"""Lines: a stream of bytes cut into parts of whole lines, those that are too long left out.

Source: user_requests.md 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

TOO_LONG = "line is longer than max_record_bytes"


@dataclass(slots=True)
class Part:
    """Some whole lines of a piece, or lines left out (no data, and the trouble)."""

    data: bytes
    offset: int
    line: int
    count: int
    trouble: tuple[str, str] | None = None


class Cutter:
    """Cuts a stream of bytes into parts of whole lines, leaving out lines of more than `limit` bytes.

    quoted: newlines between double quotes end no record.
    """

    def __init__(self, limit: int, *, quoted: bool) -> None:
        self.limit, self.quoted = limit, quoted
        self.offset, self.line = 0, 1  # of the first byte not given out yet
        self.carry: list[bytes] = []
        self.held = 0  # bytes in carry
        self.inside = self.skipping = False

    def feed(self, chunk: bytes) -> Iterator[Part]:
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

    def rest(self) -> Iterator[Part]:
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

    def _checked(self, data: bytes) -> Iterator[Part]:
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

    def _part(self, data: bytes) -> Part:
        part = Part(data, self.offset, self.line, _newlines(data))
        self.offset += len(data)
        self.line += part.count
        return part

    def _left_out(self, length: int) -> Part:
        part = Part(b"", self.offset, self.line, 1, (TOO_LONG, f"more than {self.limit} bytes"))
        self.offset += length
        self.line += 1
        return part


def _newlines(data: bytes) -> int:
    """Newlines of the data, counted in steps that stay in the cache."""
    cells = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(cells[at : at + 2**17] == ord("\n"))) for at in range(0, len(cells), 2**17))
