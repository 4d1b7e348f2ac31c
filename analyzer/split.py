"""Split: a part of the input that any process can read by itself; Source: what an engine scans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from analyzer.batch import Batch


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes [start, end) of a stored file. It owns the lines that begin in it; whole: it is the entire file."""

    path: str
    start: int
    end: int
    whole: bool


Split = tuple[Piece, ...]


class Source(Protocol):
    """Input cut into splits whose order fixes the merge tree; every split can be read by any process.

    `batches` yields at least one batch (perhaps of no rows), and their intakes account for every record of the split.
    `reader` is what a worker needs to read any split: the same without the list of files, which may be a million long.
    """

    def splits(self) -> Sequence[Split]: ...
    def batches(self, split: Split) -> Iterator[Batch]: ...
    def reader(self) -> Source: ...
