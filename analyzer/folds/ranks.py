"""Ranks: where the actual class stands among all classes ordered by their scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch, Cells
from analyzer.counting.labels import Labels
from analyzer.counting.probabilities import SMALLEST

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CELLS = 1 << 20  # of the scores looked at together


@dataclass(slots=True)
class RankState:
    """places: rows whose actual class has rank 1, 2, ... unknown: rows of an actual class without scores.

    outside: rows whose actual class has a score that is no probability; the cost leaves them out. cost: total of -ln p.
    """

    places: Counts
    unknown: int = 0
    outside: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Ranks:
    """Ranks of the actual class among scores that every row has for each class.

    Parameters: label, column; classes and the columns of their scores, in the same order.
    Input:  rows with a class in the label column and a number for every class; others are dropped.
    State:  one integer per class and 24 bytes. Result: RankState. Error: exact; the cost up to float64 rounding.

    The rank is 1 for the highest score; of equal scores the class listed first comes first.

    >>> batch = Batch({"y": pa.array(["a", "b"]), "s0": pa.array([0.9, 0.7]), "s1": pa.array([0.1, 0.3])}, 2)
    >>> fold = Ranks("y", ("a", "b"), ("s0", "s1"))
    >>> fold.update(fold.zero(), batch).places.tolist()
    [1, 1]
    """

    label: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def state(self) -> type[RankState]:
        return RankState

    def zero(self) -> RankState:
        return RankState(np.zeros(len(self.classes), np.int64))

    def update(self, state: RankState, batch: Batch) -> RankState:
        labels = Labels.in_batch(batch, self.label)
        if labels is None or not all(map(batch.sees, self.columns)):
            return state
        known = pc.index_in(labels.names, pa.array(self.classes, labels.names.type)).fill_null(-1)
        places = np.append(np.asarray(known), -1)[labels.codes]
        scored = [batch.cells(column) for column in self.columns]
        step = max(1, CELLS // len(scored))
        for start in range(0, batch.rows, step):
            rows = slice(start, start + step)
            state = self.merge(state, self._ranked(_matrix(scored, rows), places[rows], labels.codes[rows] >= 0))
        return state

    def merge(self, left: RankState, right: RankState) -> RankState:
        return RankState(
            left.places + right.places,
            left.unknown + right.unknown,
            left.outside + right.outside,
            left.cost + right.cost,
        )

    def result(self, state: RankState) -> RankState:
        return state

    def _ranked(self, scores: Floats, places: Counts, labelled: npt.NDArray[np.bool_]) -> RankState:
        whole = np.isfinite(scores).all(axis=1)
        unknown = int((whole & labelled & (places < 0)).sum())
        chosen = whole & (places >= 0)
        scores, places = scores[chosen], places[chosen]
        own = scores[np.arange(len(places)), places][:, None]
        earlier = np.arange(len(self.classes)) < places[:, None]
        ranks = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
        inside = (own >= 0) & (own <= 1)
        cost = float(-np.log(np.clip(own[inside], SMALLEST, 1 - SMALLEST)).sum())
        counts = np.bincount(ranks, minlength=len(self.classes)).astype(np.int64)
        return RankState(counts, unknown, int((~inside).sum()), cost)


def _matrix(scored: list[Cells], rows: slice) -> Floats:
    """Scores by row and class; NaN where there is none."""
    return np.stack([np.append(cells.numbers, np.nan)[cells.codes[rows]] for cells in scored], axis=1)
