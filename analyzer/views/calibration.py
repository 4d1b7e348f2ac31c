"""Calibration: whether scores are probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.counting.probabilities import BINS, ClassScores


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores in (lower, upper], in the first bin [0, upper]: rows, mean score, share of positives."""

    lower: float
    upper: float
    count: int
    mean_score: float | None
    positive_share: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The probabilities of positives and negatives; `is_sound` when there are any and all are in [0, 1]."""

    positive: ClassScores
    negative: ClassScores

    @property
    def outside(self) -> int:
        """Rows whose score is no probability."""
        return self.positive.outside + self.negative.outside

    @property
    def rows(self) -> int:
        return int(self.positive.bins.sum() + self.negative.bins.sum())

    @property
    def is_sound(self) -> bool:
        return bool(self.rows) and not self.outside

    @property
    def log_loss(self) -> float | None:
        """Mean of -ln of the probability given to what happened; probabilities are kept 2**-52 from 0 and 1."""
        return float(self.positive.costs[0] + self.negative.costs[1]) / self.rows if self.is_sound else None

    @property
    def brier_score(self) -> float | None:
        """Mean squared distance of the probability from what happened (1 or 0)."""
        return float(self.positive.costs[2] + self.negative.costs[3]) / self.rows if self.is_sound else None

    @property
    def bins(self) -> list[Bin]:
        """Ten equal bins of [0, 1]."""
        counts = self.positive.bins + self.negative.bins
        sums = self.positive.sums + self.negative.sums
        edges = np.linspace(0, 1, BINS + 1).tolist()
        return [
            Bin(edges[at], edges[at + 1], count, total / count if count else None, hits / count if count else None)
            for at, (count, total, hits) in enumerate(
                zip(counts.tolist(), sums.tolist(), self.positive.bins.tolist(), strict=True)
            )
        ]

    @property
    def expected_error(self) -> float | None:
        """Expected calibration error: distance of mean score and share of positives, weighted by the rows of a bin."""
        if not self.is_sound:
            return None
        sums = self.positive.sums + self.negative.sums
        return float(np.abs(sums - self.positive.bins).sum()) / self.rows
