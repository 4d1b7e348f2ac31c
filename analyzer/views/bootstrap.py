"""Bootstrap: how far metrics of bias may vary by chance, from new draws of the counts instead of the rows.

Drawing a data set with replacement changes only how many rows fall into each cell, so the cells are drawn.
Source: Efron, Tibshirani 1993, section 13.3 (percentile intervals); bias_explainability.md 3.5 and 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.views.bias import Array, Sides, conditional_disparity
from analyzer.views.bias_metrics import GroupCounts, Metric

DRAWS, FEWEST_DRAWS = 1000, 100
MOST_NUMBERS = 1 << 22  # drawn at once for a table of groups
LEVEL = 0.95
QUANTILE = 1.959963984540054  # of the normal distribution, for this level
SEED = 20210518  # any number; the same in every run, so that documents repeat


@dataclass(frozen=True, slots=True)
class Interval:
    """Percentile interval; its ends may be infinite."""

    low: float
    high: float


def intervals(sides: Sides, metrics: Sequence[Metric]) -> Mapping[str, Interval]:
    """Interval of every metric that is defined; none where a group is empty. Error: that of 1000 draws."""
    cells = np.concatenate([sides.a, sides.d])
    if not all(sides.rows):
        return {}
    drawn = np.random.default_rng(SEED).multinomial(int(cells.sum()), cells / cells.sum(), DRAWS)
    resampled = Sides(drawn[:, :4], drawn[:, 4:])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {metric.name: _interval(metric.value(resampled)) for metric in metrics}
    return {name: interval for name, interval in found.items() if interval}


def disparity_interval(groups: GroupCounts, numbers: int = MOST_NUMBERS) -> Interval | None:
    """Interval of CDDL or CDDPL; every count is drawn from a Poisson distribution, 100 to 1000 times.

    numbers: drawn at most; None where they do not suffice for 100 times.
    """
    others = (groups.rejected - groups.rejected_d, groups.accepted - groups.accepted_d)
    cells = np.stack([*others, groups.rejected_d, groups.accepted_d])
    draws = min(DRAWS, min(numbers, MOST_NUMBERS) // max(1, cells.size))
    if draws < FEWEST_DRAWS:
        return None
    drawn = np.random.default_rng(SEED).poisson(cells, (draws, *cells.shape))
    rejected, accepted = drawn[:, 0] + drawn[:, 2], drawn[:, 1] + drawn[:, 3]
    return _interval(conditional_disparity(rejected, accepted, drawn[:, 2], drawn[:, 3]))


def _interval(values: Array) -> Interval | None:
    """The middle of the draws in which the metric is defined; order statistics, so infinities keep their place."""
    defined: npt.NDArray[np.float64] = values[~np.isnan(values)]
    if not len(defined):
        return None
    tail = (1 - LEVEL) / 2
    low = np.quantile(defined, tail, method="lower")
    return Interval(float(low), float(np.quantile(defined, 1 - tail, method="higher")))
