"""Probabilities: the scores of the rows of one class, and what they cost taken as probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.counting.tally import Tally

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 10
SMALLEST = 2.0**-52  # probabilities are this far from 0 and 1 when a logarithm is taken, as in scikit-learn
_EDGES = np.linspace(0, 1, BINS + 1)[1:-1]


@dataclass(slots=True)
class ClassScores:
    """The scores of the rows of one actual class.

    outside: rows whose score is no probability (below 0 or above 1); the rest of the fields leave them out.
    bins, sums: rows and total of scores in ten equal bins of [0, 1], each open below and closed above.
    costs: totals of -ln p, -ln(1 - p), (1 - p)**2 and p**2.
    """

    tally: Tally = field(default_factory=Tally)
    outside: int = 0
    bins: Counts = field(default_factory=lambda: np.zeros(BINS, np.int64))
    sums: Floats = field(default_factory=lambda: np.zeros(BINS))
    costs: Floats = field(default_factory=lambda: np.zeros(4))

    @classmethod
    def of(cls, scores: Floats, rows: Counts, limit: int) -> ClassScores:
        """Of distinct finite scores and their rows; limit: distinct scores up to which the tally is exact."""
        inside = (scores >= 0) & (scores <= 1)
        tally, outside = Tally.of(scores, rows, limit), int(rows[~inside].sum())
        if outside:
            scores, rows = scores[inside], rows[inside]
        places = np.searchsorted(_EDGES, scores)
        likely = np.clip(scores, SMALLEST, 1 - SMALLEST)
        costs = (-np.log(likely), -np.log1p(-likely), (1 - scores) ** 2, scores**2)
        return cls(
            tally,
            outside,
            np.bincount(places, rows, BINS).astype(np.int64),
            np.bincount(places, rows * scores, BINS).astype(np.float64),
            np.array([(cost * rows).sum() for cost in costs]),
        )

    def added(self, other: ClassScores, limit: int) -> ClassScores:
        """Of the rows of both; neither changes."""
        return ClassScores(
            self.tally.merged(other.tally, limit),
            self.outside + other.outside,
            self.bins + other.bins,
            self.sums + other.sums,
            self.costs + other.costs,
        )
