"""Curves: what the scores of positives and negatives say at every threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.counting.tally import Tally

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Positive and negative rows of every distinct score, from the highest score down.

    is_exact: every cell is one score; otherwise some hold several.
    """

    scores: Floats
    positives: Counts
    negatives: Counts
    is_exact: bool = True

    @classmethod
    def of(cls, positives: Tally, negatives: Tally) -> Ranking:
        """The two distributions over common cells."""
        shift = max(positives.shift, negatives.shift)
        sides = [side.at(shift) for side in (positives, negatives)]
        keys = np.union1d(sides[0].keys, sides[1].keys)
        counts = [np.zeros(len(keys), np.int64) for _ in sides]
        for side, into in zip(sides, counts, strict=True):
            into[np.searchsorted(keys, side.keys)] = side.counts
        cells = Tally(keys, counts[0], shift)
        return cls(cells.numbers[::-1], counts[0][::-1], counts[1][::-1], not shift)

    @cached_property
    def hits(self) -> Counts:
        """Positives with at least the score."""
        return np.cumsum(self.positives)

    @cached_property
    def alarms(self) -> Counts:
        """Negatives with at least the score."""
        return np.cumsum(self.negatives)

    @cached_property
    def total(self) -> int:
        """Positives."""
        return int(self.hits[-1]) if len(self.hits) else 0

    @cached_property
    def other(self) -> int:
        """Negatives."""
        return int(self.alarms[-1]) if len(self.alarms) else 0

    @property
    def is_judged(self) -> bool:
        """Whether there are positives and negatives."""
        return bool(self.total and self.other)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, in the order of falling scores."""

    x: Floats
    y: Floats

    def thinned(self, limit: int) -> Curve:
        """At most `limit` of the points, the ends among them, spread evenly along the curve.

        The way along the curve from a point left out to the next kept one is at most 1 / (limit - 2) of the whole (of a
        ROC curve, whose length is 2 in this measure: across and up).
        """
        if len(self.x) <= limit:
            return self
        way = np.cumsum(np.abs(np.diff(self.x, prepend=self.x[0])) + np.abs(np.diff(self.y, prepend=self.y[0])))
        steps = np.floor(way * ((limit - 2) / way[-1])) if way[-1] else way
        kept = np.append(steps[1:] != steps[:-1], True)
        kept[0] = True
        return Curve(self.x[kept], self.y[kept])


def roc(seen: Ranking, *, strict: bool = False) -> Curve:
    """False positive rates and true positive rates, from (0, 0) to (1, 1); one point per distinct score.

    A rate of no rows is 0. strict: the last point is there even when the one before is the same, as recorded.
    """
    x = np.concatenate([[0.0], seen.alarms / max(1, seen.other), [1.0]])
    y = np.concatenate([[0.0], seen.hits / max(1, seen.total), [1.0]])
    if not strict and len(x) > 2 and x[-2] == y[-2] == 1.0:
        return Curve(x[:-1], y[:-1])
    return Curve(x, y)


def precision_recall(seen: Ranking) -> Curve:
    """Recalls and precisions, beginning with recall 0 and precision 1."""
    found = seen.hits + seen.alarms
    x = np.concatenate([[0.0], seen.hits / max(1, seen.total)])
    y = np.concatenate([[1.0], seen.hits / np.maximum(1, found)])
    return Curve(x, y)


def area(curve: Curve) -> float:
    """Area below a curve by trapezoids, summed from left to right as recorded."""
    return float(np.cumsum((curve.x[1:] - curve.x[:-1]) * (curve.y[1:] + curve.y[:-1]) / 2)[-1])


def auc(seen: Ranking) -> float | None:
    """Area below the ROC curve: how often a positive scores above a negative, ties half; None without one of them.

    Error: exact while the ranking is; otherwise at most `auc_error`.
    """
    return area(roc(seen, strict=True)) if seen.is_judged else None


def auc_error(seen: Ranking) -> float:
    """By how much the area may be wrong at most, because scores of one cell count as equal.

    In a cell of p positives and n negatives, p * n / 2 pairs are counted as won, in truth 0 to p * n are.
    """
    if seen.is_exact or not seen.is_judged:
        return 0.0
    tied = float((seen.positives.astype(np.float64) * seen.negatives).sum())
    return tied / (2.0 * seen.total * seen.other)


def auc_deviation(seen: Ranking) -> float | None:
    """Standard error of the area as an estimate; None with fewer than two rows of either class.

    Source: DeLong, DeLong, Clarke-Pearson 1988, for one curve.
    """
    if min(seen.total, seen.other) < 2:
        return None
    middle = auc(seen) or 0.0
    below = (seen.other - seen.alarms + seen.negatives / 2) / seen.other
    above = (seen.hits - seen.positives / 2) / seen.total
    spread = float((seen.positives * (below - middle) ** 2).sum()) / (seen.total - 1) / seen.total
    spread += float((seen.negatives * (above - middle) ** 2).sum()) / (seen.other - 1) / seen.other
    return math.sqrt(spread)


def average_precision(seen: Ranking) -> float | None:
    """Precision at every threshold, weighted by the rise in recall; None without a positive."""
    if not seen.total:
        return None
    curve = precision_recall(seen)
    return float((np.diff(curve.x) * curve.y[1:]).sum())
