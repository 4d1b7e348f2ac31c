"""Distances between a baseline and a current distribution.

Sources: contract.md section 6.4; deequ.md section 6; drift_statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.folds.quantiles import Sketch
from analyzer.views.sketch import Distribution, weighted_items

ROBUST_FACTOR = 1.8  # alpha about 0.003


def ks_distance(baseline: Distribution, current: Distribution) -> float | None:
    """Kolmogorov-Smirnov distance: the largest difference of the two cumulative shares; None when a side is empty.

    Ties keep their full weight, so 0/1 and integer columns get their true distance.
    Error: that of the sketches, 0 while both are exact.
    """
    if not baseline.count or not current.count:
        return None
    points = np.union1d(baseline.values, current.values)
    shares = baseline.up_to(points) / baseline.count - current.up_to(points) / current.count
    return float(np.abs(shares).max())


def deequ_distribution(sketch: Sketch) -> Distribution:
    """The distribution as Deequ's rank map has it: one weight per distinct value, that of its highest level.

    Repeated values lose weight, so integer and 0/1 columns look alike; for strict compatibility only.
    Source: deequ.md section 6.1, the measured defect.
    """
    values, weights = weighted_items(sketch)
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    last = np.append(values[1:] != values[:-1], True) if len(values) else np.empty(0, np.bool_)
    return Distribution(values[last], np.cumsum(weights[last]))


def category_distance(baseline: Mapping[str, int], current: Mapping[str, int], rest: int = 0) -> float | None:
    """Largest difference of a category's share over all categories of either side; None when a side is empty.

    rest: current cells of categories too rare to be listed; they count in the total only.
    """
    before, now = sum(baseline.values()), sum(current.values()) + rest
    if not before or not now:
        return None
    names = set(baseline) | set(current)
    return max(abs(baseline.get(name, 0) / before - current.get(name, 0) / now) for name in names)


def robust(distance: float, baseline_count: int, current_count: int) -> float:
    """A distance less what two samples of these sizes differ by chance; never below 0."""
    allowance = ROBUST_FACTOR * math.sqrt((baseline_count + current_count) / (baseline_count * current_count))
    return max(0.0, distance - allowance)


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """Pearson's statistic, its degrees of freedom and the probability of one at least as large by chance."""

    statistic: float
    degrees: int

    @property
    def p_value(self) -> float:
        return chi_square_survival(self.statistic, self.degrees)


def homogeneity(baseline: Mapping[str, int], current: Mapping[str, int]) -> ChiSquare | None:
    """Whether two samples share their category shares; None when fewer than two categories remain.

    A category only one side has counts as mass. Rare categories are pooled until every expected count that the
    rule asks for is reached (5 in 80 % of the cells, 10 with two categories).
    """
    before, now = sum(baseline.values()), sum(current.values())
    total = before + now
    if not before or not now:
        return None
    names = sorted(set(baseline) | set(current))
    smaller = min(before, now) / total
    pairs = {name: (float(baseline.get(name, 0)), float(current.get(name, 0))) for name in names}
    pooled = _pool(pairs, {name: sum(pair) * smaller for name, pair in pairs.items()})
    if len(pooled) < 2:
        return None
    statistic = 0.0
    for left, right in pooled.values():
        for seen, size in ((left, before), (right, now)):
            expected = (left + right) * size / total
            statistic += (seen - expected) ** 2 / expected
    return ChiSquare(statistic, len(pooled) - 1)


def deequ_chi_square(baseline: Mapping[str, int], current: Mapping[str, int]) -> ChiSquare | None:
    """Deequ's goodness of fit: the baseline scaled to the current total is expected, unknown categories are ignored.

    For strict compatibility. Source: deequ.md section 6.2.
    """
    known = sum(count for name, count in current.items() if name in baseline)
    total = sum(baseline.values())
    if not total or not known:
        return None
    expected = {name: count * known / total for name, count in baseline.items()}
    pairs = {name: (value, float(current.get(name, 0))) for name, value in expected.items()}
    pooled = _pool(pairs, expected)
    if len(pooled) < 2:
        return None
    scale = sum(seen for _, seen in pooled.values()) / sum(value for value, _ in pooled.values())
    statistic = sum((seen - value * scale) ** 2 / (value * scale) for value, seen in pooled.values())
    return ChiSquare(statistic, len(pooled) - 1)


def _pool(pairs: dict[str, tuple[float, float]], expected: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Merge the category with the smallest expected count into the next one until the rule of thumb holds."""
    pairs, expected = dict(pairs), dict(expected)
    while len(expected) >= 2:
        limit, allowed = (10.0, 0) if len(expected) == 2 else (5.0, int(0.2 * len(expected)))
        if sum(value < limit for value in expected.values()) <= allowed and min(expected.values()) > 0:
            break
        smallest = min(expected, key=lambda name: (expected[name], name))
        value, pair = expected.pop(smallest), pairs.pop(smallest)
        into = min(expected, key=lambda name: (expected[name], name))
        expected[into] += value
        pairs[into] = (pairs[into][0] + pair[0], pairs[into][1] + pair[1])
    return pairs


def chi_square_survival(statistic: float, degrees: int) -> float:
    """Probability that a chi-square variable with that many degrees of freedom exceeds the statistic.

    Closed form for whole degrees of freedom (Abramowitz, Stegun 26.4.4, 26.4.5); relative error about 1e-12.
    """
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = degrees % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range(degrees // 2):
        power = step + odd / 2
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, tail)
