"""Flip test: whether rows of the sensitive group are predicted as their likes in the other group are.

Source: bias_explainability.md 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

NEIGHBOURS, FEW_NEIGHBOURS, FEW_ROWS = 5, 1, 9  # of 9 rows or fewer one neighbour votes
BLOCK = 1 << 22  # distances computed at once, 32 MB
LANDMARKS = 2048  # rows of a that bound how far the nearest ones may be
LARGEST = 1e100  # numbers beyond are scaled, so that their squares stay finite


@dataclass(frozen=True, slots=True)
class Points:
    """Distinct rows: their numbers (rows x features), whether they are predicted positive, and how often they occur."""

    numbers: Floats
    positive: Flags
    counts: Counts


@dataclass(frozen=True, slots=True)
class Flipped:
    """Rows of the sensitive group; lost: those positive though their neighbours are not; won: the contrary."""

    rows: int
    lost: int
    won: int

    @property
    def value(self) -> float:
        """FT."""
        return (self.lost - self.won) / self.rows

    @property
    def deviation(self) -> float:
        """Standard deviation of FT over samples of the sensitive group, its possible neighbours being what they are."""
        return math.sqrt(max(0.0, (self.lost + self.won) / self.rows - self.value**2) / self.rows)


def flip_test(a: Points, d: Points) -> Flipped | None:
    """Which rows of d would be predicted otherwise, were they their neighbours in a; None when a group is empty.

    The neighbours are the 5 nearest rows of a by Euclidean distance of the raw numbers, their majority decides. Rows
    equally far share the places that are left; where that makes it a draw, nothing flips.
    """
    if not a.counts.sum() or not d.counts.sum():
        return None
    votes = np.concatenate([*_votes(a, d)])
    places = _neighbours(a)
    lost = d.counts[d.positive & (2 * votes < places)].sum()
    won = d.counts[~d.positive & (2 * votes > places)].sum()
    return Flipped(int(d.counts.sum()), int(lost), int(won))


def _neighbours(a: Points) -> int:
    return NEIGHBOURS if a.counts.sum() > FEW_ROWS else FEW_NEIGHBOURS


def _votes(a: Points, d: Points) -> Iterator[Floats]:
    """For every row of d, how many of its neighbours are positive."""
    largest = max(float(np.abs(side.numbers).max(initial=0)) for side in (a, d))
    scale = largest if largest > LARGEST else 1.0
    middle = a.numbers.mean(axis=0) / scale if scale == 1.0 else (a.numbers / scale).mean(axis=0)
    near, all_of_d = a.numbers / scale - middle, d.numbers / scale - middle
    size = max(1, BLOCK // len(near))
    for start in range(0, len(all_of_d), size):
        rows, places = _candidates(near, all_of_d[start : start + size], min(_neighbours(a), len(near)))
        exact = _squared(d.numbers[start + rows] / scale, a.numbers[places] / scale)
        yield _voted(rows, exact, a.positive[places], a.counts[places], _neighbours(a))


def _candidates(a: Floats, d: Floats, wanted: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of rows of d and a that include the nearest `wanted` of every row of d, and all that are as far.

    Distances from a product of matrices are cheap, and off by no more than `slack`.
    """
    norms, own = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", d, d)
    slack = 4 * (a.shape[1] + 4) * np.finfo(float).eps * (own + norms.max())
    distances = (-2 * d) @ a.T  # squared, less the row's own norm, which is the same for all
    distances += norms
    step = max(1, len(a) // LANDMARKS)
    some = distances[:, ::step] if len(a[::step]) >= wanted else distances
    bounds = np.partition(some, wanted - 1, axis=1)[:, wanted - 1]
    found = np.flatnonzero(distances <= (bounds + 2 * slack)[:, None])
    return np.divmod(found, len(a))


def _squared(left: Floats, right: Floats) -> Floats:
    """Squared distance of paired rows."""
    return np.asarray(np.square(left - right).sum(axis=1))


def _voted(rows: npt.NDArray[np.intp], distances: Floats, positive: Flags, counts: Counts, places: int) -> Floats:
    """Positive votes of every row of d; candidates as far as each other share the places that nearer ones leave."""
    order = np.lexsort((distances, rows))
    rows, distances, counts = rows[order], distances[order], counts[order]
    fresh_row = np.append(True, rows[1:] != rows[:-1])
    first = np.flatnonzero(fresh_row | np.append(True, distances[1:] != distances[:-1]))
    alike = np.add.reduceat(counts, first)
    yes = np.add.reduceat(counts * positive[order], first)
    before = np.cumsum(alike) - alike
    starts = np.flatnonzero(fresh_row[first])
    before -= np.repeat(before[starts], np.diff(np.append(starts, len(first))))
    taken = np.clip(places - before, 0, alike)
    return np.asarray(np.add.reduceat(taken * yes / alike, starts))
