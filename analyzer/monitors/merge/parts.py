"""Parts: merged records on their way to files, written by whoever reads the captures.

A split writes one file for every folder it holds records of. A file appears whole or not at all, under a name that
depends on what was read only: a task that is repeated, or runs twice at once, writes the same file again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TextIO

from analyzer.batch import Batch
from analyzer.join.index import Index
from analyzer.join.keys import Keys
from analyzer.monitors.merge.target import Target
from analyzer.reports.storage import publish
from analyzer.sources.capture import CaptureSource
from analyzer.split import Piece, Split


@dataclass(frozen=True)
class Parts:
    """Captures that are written with their labels when they are read; their batches count rows and hold no cells.

    Raises OutputUnwritable from `batches`.
    """

    captures: CaptureSource
    target: Target

    def splits(self) -> Sequence[Split]:
        return self.captures.splits()

    def reader(self) -> Parts:
        return replace(self, captures=self.captures.reader())

    def keys(self, split: Split) -> Keys:
        return self.captures.keys(split)

    def meeting(self, index: Index) -> Parts:
        return replace(self, captures=self.captures.meeting(index))

    def batches(self, split: Split) -> Iterator[Batch]:
        by_folder: dict[str, list[Piece]] = defaultdict(list)
        for piece in split:
            by_folder[self.target.folder(piece.path)].append(piece)
        for folder, pieces in by_folder.items():
            yield from self._written(folder, tuple(pieces))

    def _written(self, folder: str, pieces: Split) -> list[Batch]:
        """What became of the records of some pieces after they were written; no records leave no file."""
        told: list[Batch] = []
        texts = self._texts(pieces, told)
        first = next(texts, None)
        if first is not None:
            publish(self.target.path(folder, pieces[0]), _Filling(chain([first], texts)), "application/jsonl")
        return told

    def _texts(self, pieces: Split, told: list[Batch]) -> Iterator[str]:
        for envelopes in self.captures.envelopes(pieces):
            for part in self.captures.labelled(envelopes):
                count = len(part.records)
                told.append(Batch({}, count))
                if count:
                    yield b"\n".join([*map(part.line, range(count)), b""]).decode()
            told.append(envelopes.told())


@dataclass(frozen=True, slots=True)
class _Filling:
    """Writes texts one after the other."""

    texts: Iterator[str]

    def __call__(self, file: TextIO) -> None:
        file.writelines(self.texts)
