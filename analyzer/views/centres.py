"""Centres: few rows that stand for many, as a baseline for attributions.

Source: bias_explainability.md 6.1 (k-means, k-prototypes with categorical columns); Huang 1998 (k-prototypes).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats

Flags = npt.NDArray[np.bool_]

ROUNDS = 50
ROWS_AT_MOST = 10_000


def typical(rows: Floats, categorical: Flags) -> Floats:
    """One row of medians and, in categorical columns, of commonest values; NaN where a column has no number.

    rows: (rows, columns). categorical: (columns). Ties of commonest values go to the smallest.
    """
    found = np.full(rows.shape[1], np.nan)
    for at, is_category in enumerate(categorical):
        present = rows[~np.isnan(rows[:, at]), at]
        if len(present):
            found[at] = _commonest(present) if is_category else np.median(present)
    return found


def centres(rows: Floats, categorical: Flags, count: int, seed: int = 0) -> Floats:
    """Up to `count` cluster centres: means, and in categorical columns the commonest values.

    Distance is Euclidean over numbers divided by their standard deviation; a differing category counts as half a
    standard deviation. Missing cells count as typical ones. The same rows and seed give the same centres.
    """
    known = np.where(np.isnan(rows), typical(rows, categorical), rows)[:ROWS_AT_MOST]
    known = np.nan_to_num(known)
    spread = known.std(axis=0)
    scaled = known / np.where(spread > 0, spread, 1.0)
    places = _spread_out(scaled, categorical, min(count, len(np.unique(scaled, axis=0))), seed)
    middle, members = scaled[places], np.zeros(len(scaled), np.intp)
    for _ in range(ROUNDS):
        fresh = _distances(scaled, middle, categorical).argmin(axis=1)
        middle = np.array([_middle(scaled[fresh == at], categorical, middle[at]) for at in range(len(middle))])
        if (fresh == members).all():
            break
        members = fresh
    return middle * np.where(spread > 0, spread, 1.0)


def _spread_out(scaled: Floats, categorical: Flags, count: int, seed: int) -> list[int]:
    """Rows to begin with, each drawn with a chance that grows with its distance from the others (k-means++)."""
    chance = np.random.default_rng(seed)
    chosen = [int(chance.integers(len(scaled)))]
    while len(chosen) < count:
        nearest = _distances(scaled, scaled[chosen], categorical).min(axis=1)
        chosen.append(int(chance.choice(len(scaled), p=nearest / nearest.sum())))
    return chosen


def _distances(scaled: Floats, middle: Floats, categorical: Flags) -> Floats:
    """Squared distances (rows, centres)."""
    found = np.zeros((len(scaled), len(middle)))
    for at, each in enumerate(middle):
        apart = scaled - each
        found[:, at] = np.where(categorical, 0.5 * (apart != 0), apart * apart).sum(axis=1)
    return found


def _middle(rows: Floats, categorical: Flags, before: Floats) -> Floats:
    if not len(rows):
        return before
    found: Floats = rows.mean(axis=0)
    for at in np.flatnonzero(categorical):
        found[at] = _commonest(rows[:, at])
    return found


def _commonest(values: Floats) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])
