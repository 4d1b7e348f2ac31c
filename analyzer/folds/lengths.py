"""Lengths: how long the texts of a column are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from analyzer.batch import Cells
from analyzer.schema import STRING


@dataclass(slots=True)
class LengthState:
    """Cells, shortest, longest and total length in characters (code points)."""

    count: int = 0
    shortest: int = 0
    longest: int = 0
    total: int = 0


@dataclass(frozen=True)
class Lengths:
    """Shortest, longest and total length of the texts of a column.

    Input:  present cells of class String, in code points; an empty text has length 0.
    Result: LengthState, or None without texts. Error: exact. State: four integers.
    """

    @property
    def state(self) -> type[LengthState]:
        return LengthState

    def zero(self) -> LengthState:
        return LengthState()

    def update(self, state: LengthState, cells: Cells) -> LengthState:
        if not cells.has_texts:
            return state
        texts = cells.kinds == STRING
        lengths = np.asarray(pc.utf8_length(cells.texts), np.int64)[texts]
        counts = cells.counts[texts]
        total = int(np.dot(lengths, counts))
        return self.merge(state, LengthState(int(counts.sum()), int(lengths.min()), int(lengths.max()), total))

    def merge(self, left: LengthState, right: LengthState) -> LengthState:
        if not right.count:
            return left
        if not left.count:
            return LengthState(right.count, right.shortest, right.longest, right.total)
        left.count += right.count
        left.total += right.total
        left.shortest = min(left.shortest, right.shortest)
        left.longest = max(left.longest, right.longest)
        return left

    def result(self, state: LengthState) -> LengthState | None:
        return state if state.count else None
