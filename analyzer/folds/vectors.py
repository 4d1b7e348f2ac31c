"""Vectors: rows as vectors of numbers, all of them while few, for statistics that need whole rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.batch import Batch, Cells
from analyzer.counting.hashes import Hashes, of_rows, of_texts
from analyzer.counting.labels import Labels, Likeliest
from analyzer.counting.membership import Membership
from analyzer.schema import BOOLEAN, STRING

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def _none() -> Hashes:
    return np.empty(0, np.uint64)


@dataclass(slots=True)
class VectorsState:
    """Distinct rows by ascending hash.

    numbers: row after row. marks: a bit for each mark. keys: hash of the key column's class, 0 without one. counts: how
    many rows are alike. rows: all. texts: cells of each column that are words. incomplete: rows left out for want of a
    finite number. is_all: no row was left out for want of room.
    """

    texts: Counts
    hashes: Hashes = field(default_factory=_none)
    numbers: Floats = field(default_factory=lambda: np.empty(0))
    marks: Hashes = field(default_factory=_none)
    keys: Hashes = field(default_factory=_none)
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    rows: int = 0
    incomplete: int = 0
    is_all: bool = True


@dataclass(frozen=True)
class Vectors:
    """Up to `limit` distinct rows as numbers, with marks that say to which groups a row belongs.

    Parameters: columns; marks, at most 64 pairs of a column and who belongs; key, a column whose class is kept as its
                hash (analyzer.counting.hashes); limit, distinct rows.
    Input:  finite numbers, true and false as 1 and 0; a row with any other cell in a column is left out, and counted.
    State:  8 bytes a number and 32 bytes a row, for at most `limit` rows. Result: the state.
    Error:  exact while is_all. Beyond, the rows with the smallest hashes of their content, each with all rows that are
            alike: every distinct row has the same chance, whatever the order and the parts.
    """

    columns: tuple[str, ...]
    marks: tuple[tuple[str | Likeliest | None, Membership], ...]
    key: str | None = None
    limit: int = 50_000

    @property
    def state(self) -> type[VectorsState]:
        return VectorsState

    def zero(self) -> VectorsState:
        return VectorsState(np.zeros(len(self.columns), np.int64))

    def update(self, state: VectorsState, batch: Batch) -> VectorsState:
        numbers, texts = self._numbers(batch)
        marks = np.zeros(batch.rows, np.uint64)
        for at, (name, who) in enumerate(self.marks):
            marks |= who.rows(batch, name).astype(np.uint64) << np.uint64(at)
        labels = Labels.in_batch(batch, self.key) if self.key else None
        names, codes = (labels.names.to_pylist(), labels.codes) if labels else ([], np.full(batch.rows, -1))
        keys = np.append(of_texts(names), np.uint64(0))[codes]
        complete = np.isfinite(numbers).all(axis=0)
        lost = int(batch.rows - complete.sum())
        hashes = of_rows([*(numbers + 0.0).view(np.uint64), marks, keys], batch.rows)
        if not state.is_all:
            complete &= hashes <= state.hashes[-1]
        kept = np.flatnonzero(complete)
        chosen, ones = numbers[:, kept].T.reshape(-1), np.ones(len(kept), np.int64)
        fresh = VectorsState(texts, hashes[kept], chosen, marks[kept], keys[kept], ones, batch.rows, lost)
        return self.merge(state, fresh)

    def merge(self, left: VectorsState, right: VectorsState) -> VectorsState:
        hashes = np.concatenate([left.hashes, right.hashes])
        order = np.argsort(hashes, kind="stable")
        first = np.flatnonzero(np.append(True, np.diff(hashes[order]) > 0)[: len(order)])
        counts = np.concatenate([left.counts, right.counts])[order]
        left.counts = np.add.reduceat(counts, first)[: self.limit] if len(first) else counts
        kept = order[first][: self.limit]
        numbers = np.concatenate([left.numbers, right.numbers]).reshape(len(order), len(self.columns))
        left.hashes, left.numbers = hashes[kept], numbers[kept].reshape(-1)
        left.marks, left.keys = (
            np.concatenate(both)[kept] for both in ((left.marks, right.marks), (left.keys, right.keys))
        )
        left.is_all = left.is_all and right.is_all and len(first) <= self.limit
        left.texts = left.texts + right.texts
        left.rows, left.incomplete = left.rows + right.rows, left.incomplete + right.incomplete
        return left

    def result(self, state: VectorsState) -> VectorsState:
        return state

    def _numbers(self, batch: Batch) -> tuple[Floats, Counts]:
        """One column below the other, NaN where there is no number, and how many cells of each are words."""
        numbers, texts = np.full((len(self.columns), batch.rows), np.nan), self.zero().texts
        for at, name in enumerate(self.columns):
            if batch.sees(name):
                cells = batch.cells(name)
                texts[at] = cells.counts[(cells.kinds == STRING) & ~cells.non_finite].sum()
                numbers[at] = np.append(_values(cells), np.nan)[cells.codes]
        return numbers, texts


def _values(cells: Cells) -> Floats:
    """Value of every distinct value, true and false included."""
    truths = cells.kinds == BOOLEAN
    return np.where(truths, np.asarray(cells.texts) == "true", cells.numbers) if truths.any() else cells.numbers
