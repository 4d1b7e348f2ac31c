"""Ranking: how far the order of features by their attribution moved away from the baseline's.

Source: bias_explainability.md 6.5; contract.md 8.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.batch import Floats


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float | None:
    """Normalised discounted cumulative gain of the current order of features, with the baseline's values as gains.

    Features that one side lacks count as 0 there. Equal current values share the mean discount of their ranks. With a
    negative value on either side (a median can be) both sides are taken by their magnitude. None for fewer than two
    features, whose order says nothing; 0 when all gains are 0. Result in [0, 1], 1: the order is the baseline's.
    Error: exact up to float64 rounding. Source: Järvelin, Kekäläinen 2002; as scikit-learn's `ndcg_score`.

    >>> round(ndcg({"SAT": 0.70, "GPA": 0.50, "Rank": 0.05}, {"SAT": 0.10, "GPA": 0.20, "Rank": 0.70}), 6)
    0.68764
    """
    names = list(dict.fromkeys([*baseline, *current]))
    if len(names) < 2:
        return None
    gains = np.array([baseline.get(name, 0.0) for name in names])
    scores = np.array([current.get(name, 0.0) for name in names])
    if gains.min() < 0 or scores.min() < 0:
        gains, scores = np.abs(gains), np.abs(scores)
    ideal = _gain(gains, gains)
    return min(1.0, _gain(gains, scores) / ideal) if ideal else 0.0


def _gain(gains: Floats, scores: Floats) -> float:
    """Discounted gain in descending order of the scores."""
    discounts = 1 / np.log2(np.arange(len(gains)) + 2.0)
    _, ties, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    sums = np.zeros(len(counts))
    np.add.at(sums, ties, gains)
    ends = np.cumsum(counts)
    shared = np.array([discounts[end - count : end].mean() for end, count in zip(ends, counts, strict=True)])
    return float(sums @ shared)


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a feature in the sum of all mean absolute attributions, and its standard error; None: unknown."""

    share: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """Change of a feature's share (current less baseline), its standard error, and its place (from 1) then and now."""

    change: float
    error: float | None
    baseline_rank: int | None
    rank: int | None

    def exceeds(self, threshold: float, errors: float = 3.0) -> bool:
        """Whether the change is larger than the threshold, and than so many standard errors."""
        return abs(self.change) > threshold and abs(self.change) > errors * (self.error or 0.0)


def shares_of(values: Mapping[str, float]) -> dict[str, Share]:
    """Shares of magnitudes of which no error is known; empty when all are 0."""
    total = math.fsum(map(abs, values.values()))
    return {name: Share(abs(value) / total) for name, value in values.items()} if total else {}


def movements(baseline: Mapping[str, Share], current: Mapping[str, Share]) -> dict[str, Movement]:
    """How every feature of either side moved; a feature that one side lacks has no share and no rank there.

    Errors of the two sides add up in squares; an unknown one counts as 0 when the other is known.
    """
    before, now = _ranks(baseline), _ranks(current)
    found = {}
    for name in dict.fromkeys([*baseline, *current]):
        then, today = baseline.get(name, Share(0.0)), current.get(name, Share(0.0))
        known = [side.error for side in (then, today) if side.error is not None]
        error = math.hypot(*known) if known else None
        found[name] = Movement(today.share - then.share, error, before.get(name), now.get(name))
    return found


def _ranks(shares: Mapping[str, Share]) -> dict[str, int]:
    ordered = sorted(shares, key=lambda name: -shares[name].share)
    return {name: at for at, name in enumerate(ordered, 1)}
