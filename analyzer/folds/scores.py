"""Scores: the distribution of a score within each actual class, and what its probabilities cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch
from analyzer.counting.labels import Labels
from analyzer.counting.probabilities import ClassScores

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class ScoresState:
    """Scores of the classes that are always kept, and of all others, None when these are too many."""

    kept: dict[str, ClassScores] = field(default_factory=dict)
    others: dict[str, ClassScores] | None = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """Scores by actual class.

    Parameters: label and score, columns; kept, classes that are kept whatever else occurs; most, how many others are;
    limit, distinct scores per class up to which everything is exact.
    Input:  rows with a class in the label column (analyzer.counting.labels) and a finite score; others are dropped.
    State:  per class at most `limit` cells of 16 bytes and 200 bytes of sums.
    Result: ScoresState.
    Error:  tallies are exact up to `limit` distinct scores, beyond see analyzer.counting.tally; sums up to float64
            rounding.
    """

    label: str = "label"
    score: str = "score"
    kept: tuple[str, ...] = ("0", "1", "false", "true")
    most: int = 8
    limit: int = 1 << 17

    @property
    def state(self) -> type[ScoresState]:
        return ScoresState

    def zero(self) -> ScoresState:
        return ScoresState()

    def update(self, state: ScoresState, batch: Batch) -> ScoresState:
        labels = Labels.in_batch(batch, self.label)
        if labels is None or not batch.sees(self.score):
            return state
        cells = batch.cells(self.score)
        usable = (labels.codes >= 0) & np.append(cells.finite, False)[cells.codes]
        codes, places = labels.codes[usable], cells.codes[usable]
        fresh = ScoresState()
        for code, name in self._wanted(labels.names, np.unique(codes), fresh):
            rows = np.bincount(places[codes == code], minlength=len(cells.values))
            seen = np.flatnonzero(rows)
            group = fresh.kept if name in self.kept else fresh.others
            if group is not None:
                group[name] = ClassScores.of(cells.numbers[seen], rows[seen], self.limit)
        return self.merge(state, fresh)

    def merge(self, left: ScoresState, right: ScoresState) -> ScoresState:
        kept = self._joined(left.kept, right.kept)
        if left.others is None or right.others is None:
            return ScoresState(kept, None)
        others = self._joined(left.others, right.others)
        return ScoresState(kept, others if len(others) <= self.most else None)

    def result(self, state: ScoresState) -> ScoresState:
        return state

    def _wanted(self, names: pa.StringArray, codes: Counts, fresh: ScoresState) -> Iterator[tuple[int, str]]:
        """Code and name of the classes to look at; decides whether the others are too many."""
        places = pc.index_in(pa.array(self.kept, names.type), names).drop_null().to_numpy()
        known = np.intersect1d(places, codes)
        others = np.setdiff1d(codes, known)
        if len(others) > self.most:
            fresh.others, others = None, others[:0]
        for code in np.concatenate([known, others]).tolist():
            yield code, names[code].as_py()

    def _joined(self, left: dict[str, ClassScores], right: dict[str, ClassScores]) -> dict[str, ClassScores]:
        both = left.keys() & right.keys()
        return left | right | {name: left[name].added(right[name], self.limit) for name in both}
