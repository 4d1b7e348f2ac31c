"""What a KLL sketch says: ranks, buckets and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analyzer.folds.quantiles import Sketch

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distribution:
    """An empirical distribution: distinct values ascending, and the weight up to and including each."""

    values: Floats
    cumulative: npt.NDArray[np.int64]

    @property
    def count(self) -> int:
        return int(self.cumulative[-1]) if len(self.cumulative) else 0

    def below(self, points: Floats) -> npt.NDArray[np.int64]:
        """Weight strictly below each point."""
        return self._ranks(points, "left")

    def up_to(self, points: Floats) -> npt.NDArray[np.int64]:
        """Weight up to and including each point."""
        return self._ranks(points, "right")

    def _ranks(self, points: Floats, side: str) -> npt.NDArray[np.int64]:
        places = np.searchsorted(self.values, points, side)  # type: ignore[call-overload]
        ranks: npt.NDArray[np.int64] = np.concatenate([[0], self.cumulative])[places]
        return ranks


def distribution(sketch: Sketch) -> Distribution:
    """All items of a sketch with their full weights; equal items add up."""
    values, weights = weighted_items(sketch)
    order = np.argsort(values, kind="stable")  # nearly sorted: levels are made of sorted runs
    values, cumulative = values[order], np.cumsum(weights[order])
    last = np.append(values[1:] != values[:-1], True) if len(values) else np.empty(0, np.bool_)
    return Distribution(values[last], cumulative[last])


def weighted_items(sketch: Sketch) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Items from the lowest level up, and their weights."""
    levels = [np.asarray(level, np.float64) for level in sketch.levels]
    weights = [np.full(len(level), 1 << height, np.int64) for height, level in enumerate(levels)]
    return np.concatenate([np.empty(0), *levels]), np.concatenate([np.empty(0, np.int64), *weights])


@dataclass(frozen=True, slots=True)
class Bucket:
    """Numbers in [low, high), in the last bucket [low, high]."""

    low: float
    high: float
    count: int


def buckets(seen: Distribution, low: float, high: float, number: int = 10) -> list[Bucket]:
    """Equal-width buckets between the column's extremes; plain double arithmetic, left to right, as recorded.

    Counts are exact while the sketch is, estimates beyond; they add up to the count.
    Source: contract.md section 5; deequ.md section 5.2.
    """
    edges = bucket_edges(low, high, number)
    lower, upper = np.array(edges).T
    counts = seen.below(upper) - seen.below(lower)
    counts[-1] = seen.up_to(upper[-1:])[0] - seen.below(lower[-1:])[0]
    return [Bucket(a, b, int(count)) for (a, b), count in zip(edges, counts, strict=True)]


def bucket_edges(low: float, high: float, number: int) -> list[tuple[float, float]]:
    """Low and high end of every bucket."""
    width = high - low
    if np.isfinite(width * number):
        return [(low + width * i / number, low + width * (i + 1) / number) for i in range(number)]
    # The width, or a multiple of it, overflows a double: weigh the ends instead.
    ends = [low * (1 - i / number) + high * (i / number) for i in range(number + 1)]
    return list(pairwise(ends))


def quantiles(seen: Distribution, fractions: Sequence[float]) -> list[float]:
    """For each fraction the smallest value with at least that share of the weight at or below it."""
    ranks = np.ceil(np.array(fractions) * seen.count)
    places = np.searchsorted(seen.cumulative, np.maximum(ranks, 1))
    found: list[float] = seen.values[np.minimum(places, len(seen.values) - 1)].tolist()
    return found
