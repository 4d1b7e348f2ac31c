"""Byte ranges of stored files: how they are planned.

The plan depends on the files and their sizes only, never on processes, so every engine merges the same tree.
Source: design.md 3 (one canonical merge tree) and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analyzer.sources.storage import CHUNK_BYTES, packing, stream
from analyzer.split import Piece, Split

SPLIT_BYTES = 64 * 2**20
_EVERYTHING = 2**50  # more bytes than an object can have


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
    splits: list[Split] = []
    held: list[Piece] = []
    total = 0
    for piece in (piece for file in files for piece in _pieces(file, size if splittable else file.size, cuts)):
        if held and total + piece.end - piece.start > size:
            splits.append(tuple(held))
            held, total = [], 0
        held.append(piece)
        total += piece.end - piece.start
    return [*splits, tuple(held)] if held else splits


def _pieces(file: File, size: int, cuts: Cuts | None) -> list[Piece]:
    if file.size <= size or not _is_plain(file.path):
        return [Piece(file.path, 0, file.size, whole=True)]
    inner = cuts(file.path, size) if cuts else range(size, file.size, size)
    edges = [0, *(cut for cut in inner if cut < file.size), file.size]
    return [Piece(file.path, start, end, whole=len(edges) == 2) for start, end in pairwise(edges)]


def _is_plain(path: str) -> bool:
    """Whether ranges of the file are text; an unreadable file is left whole, so it is told once."""
    try:
        with closing(stream(path, 0, 16)) as chunks:
            return not packing(next(chunks, b""))
    except OSError:
        return False


def quote_aware_cuts(path: str, size: int = SPLIT_BYTES, chunk_bytes: int = CHUNK_BYTES) -> list[int]:
    """Offsets after the first newline outside quotes at or behind every multiple of size.

    Reads the file once; [] when it cannot be read (reading it will tell). Memory: a few chunks.
    """
    try:
        return _cuts(stream(path, 0, _EVERYTHING, chunk_bytes), size)
    except OSError:
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
