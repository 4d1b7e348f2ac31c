"""Byte ranges of stored files: how they are planned.

The plan depends on the files and their sizes only, never on processes, so every engine merges the same tree.
Source: design.md 3 (one canonical merge tree) and 4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analyzer.sources.storage import CHUNK_BYTES, packing, stop_if_unavailable, stream
from analyzer.split import Piece, Split

SPLIT_BYTES = 64 * 2**20
_EVERYTHING = 2**50  # more bytes than an object can have
_AHEAD = 32  # files looked at ahead: on S3 every look is a request


@dataclass(frozen=True, slots=True)
class File:
    """A stored file: absolute local path or s3:// URI, and its stored (compressed) bytes."""

    path: str
    size: int


Cuts = Callable[[str, int], list[int]]


def plan(
    files: Iterable[File],
    splittable: bool = True,  # noqa: FBT001, FBT002 - the second thing every caller decides
    size: int = SPLIT_BYTES,
    cuts: Cuts | None = None,
) -> list[Split]:
    """Splits of up to size stored bytes in path/offset order: large plain files cut, small files put together.

    Compressed files stay whole, as do all files unless splittable. cuts names the offsets where a file may be cut
    (`quote_aware_cuts` for CSV); without it, lines are records and any offset will do.
    """
    return list(planned(files, splittable, size, cuts))


def planned(
    files: Iterable[File],
    splittable: bool = True,  # noqa: FBT001, FBT002 - as above
    size: int = SPLIT_BYTES,
    cuts: Cuts | None = None,
) -> Iterator[Split]:
    """The splits of `plan`, one by one, for those who need only the first; files are looked at a few ahead."""
    held: list[Piece] = []
    total = 0
    for piece in _pieces(files, size if splittable else _EVERYTHING, cuts):
        if held and total + piece.end - piece.start > size:
            yield tuple(held)
            held, total = [], 0
        held.append(piece)
        total += piece.end - piece.start
    if held:
        yield tuple(held)


def _pieces(files: Iterable[File], size: int, cuts: Cuts | None) -> Iterator[Piece]:
    """Pieces of all files, in order; only the heads of files to be cut are read, many at a time."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: deque[tuple[File, Future[bool] | None]] = deque()
        for file in files:
            waiting.append((file, pool.submit(_is_plain, file.path) if file.size > size else None))
            while waiting and (waiting[0][1] is None or len(waiting) > _AHEAD):
                yield from _pieces_of(*waiting.popleft(), size, cuts)
        for file, is_plain in waiting:
            yield from _pieces_of(file, is_plain, size, cuts)


def _pieces_of(file: File, is_plain: Future[bool] | None, size: int, cuts: Cuts | None) -> Iterable[Piece]:
    if is_plain is None or not is_plain.result():
        return (Piece(file.path, 0, file.size, whole=True),)
    inner = cuts(file.path, size) if cuts else range(size, file.size, size)
    edges = [0, *(cut for cut in inner if cut < file.size), file.size]
    return (Piece(file.path, start, end, whole=len(edges) == 2) for start, end in pairwise(edges))


def _is_plain(path: str) -> bool:
    """Whether ranges of the file are text; an unreadable file is left whole, so it is told once."""
    try:
        with closing(stream(path, 0, 16)) as chunks:
            return not packing(next(chunks, b""))
    except OSError as error:
        stop_if_unavailable(path, error)
        return False


def quote_aware_cuts(path: str, size: int = SPLIT_BYTES, chunk_bytes: int = CHUNK_BYTES) -> list[int]:
    """Offsets after the first newline outside quotes at or behind every multiple of size.

    Reads the file once; [] when it cannot be read (reading it will tell). Memory: a few chunks.
    """
    try:
        return _cuts(stream(path, 0, _EVERYTHING, chunk_bytes), size)
    except OSError as error:
        stop_if_unavailable(path, error)
        return []


def _cuts(chunks: Iterable[bytes], size: int) -> list[int]:
    cuts: list[int] = []
    target, base, inside = size, 0, False
    for chunk in chunks:
        cells = np.frombuffer(chunk, np.uint8)
        quotes = cells == ord('"')
        if base + len(chunk) >= target:
            ends = _record_ends(cells, quotes, inside=inside) + base
            while (at := int(np.searchsorted(ends, target))) < len(ends):
                cuts.append(int(ends[at]))
                target = (cuts[-1] // size + 1) * size
        inside ^= bool(np.count_nonzero(quotes) & 1)
        base += len(chunk)
    return [cut for cut in cuts if cut < base]


def _record_ends(cells: npt.NDArray[np.uint8], quotes: npt.NDArray[np.bool_], *, inside: bool) -> npt.NDArray[np.int64]:
    """Positions after the newlines outside quotes."""
    quoted = np.logical_xor.accumulate(quotes) ^ inside
    return np.flatnonzero((cells == ord("\n")) & ~quoted) + 1
