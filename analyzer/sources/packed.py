"""Gzip files: their content in steps of bounded size, whatever they expand to, and what is wrong with them.

Source: user_requests.md 8, 9.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

_FREE_BYTES = 64 * 2**20  # decompressed before the ratio of a gzip file is judged
_GZIP_IN, _GZIP_OUT = 16 * 2**10, 2**20  # bytes per step; small input steps keep files of tiny members linear

CUT_GZIP = "gzip data is cut off"
BAD_GZIP = "gzip data is damaged"
TRAILING = "bytes after the end of the gzip data"
BOMB = "gzip data expands beyond gzip_max_ratio"


class Damage(Exception):
    """Nothing more can be read from a file. whole: nothing is missing before this point."""

    def __init__(self, reason: str, detail: str, *, whole: bool = False) -> None:
        super().__init__(reason)
        self.trouble = reason, detail
        self.whole = whole


def gunzip(chunks: Iterable[bytes], max_ratio: int) -> Iterator[bytes]:
    """Content of a gzip file of one or several members. Raises Damage behind what could be decoded."""
    return _steady(_unpacked(chunks, max_ratio))


def _unpacked(chunks: Iterable[bytes], max_ratio: int) -> Iterator[bytes]:
    members = _Members(max_ratio)
    for chunk in chunks:
        for at in range(0, len(chunk), _GZIP_IN):
            yield from members.unpacked(chunk[at : at + _GZIP_IN])
    if not members.inflater.eof:
        raise Damage(CUT_GZIP, "the end of the data is missing")


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
    except (Damage, OSError) as error:
        failure = error
    yield bytes(ready)
    if failure:
        raise failure


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
                raise Damage(BOMB, f"more than {self.max_ratio} times")


def _next_member(data: bytes) -> Any:
    if not data.startswith(b"\x1f"):
        raise Damage(TRAILING, "they are not gzip and were ignored", whole=True)
    return zlib.decompressobj(wbits=31)


def _inflated(inflater: Any, data: bytes) -> bytes:
    try:
        return bytes(inflater.decompress(data, _GZIP_OUT))
    except zlib.error as error:
        raise Damage(BAD_GZIP, str(error)) from error
