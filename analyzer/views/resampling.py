"""Resampling: how much a metric varies between samples of the same rows.

The rows themselves are not there any more: a sample without replacement of rows of which only the counts of each kind
are known is a draw from the multivariate hypergeometric distribution of those counts. That is exact, costs nothing per
row, and does not depend on the order of the rows.
Source: contract.md 7.1 (five random samples of 80 % of the rows).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

SAMPLES = 5
SHARE = 0.8
FEWEST_ROWS = 200  # with fewer the deviation is not given
SEED = 20_180  # any number; the same in every run, so that equal data give equal reports
REPLICATES = 400  # of a bootstrap
LEVEL = (0.025, 0.975)  # 95 % confidence
QUANTILE = 1.959963984540054  # of the normal distribution at LEVEL
_MOST_ROWS = 10**9  # from which on numpy's exact draw is not available


def samples(counts: Counts) -> Iterator[Counts]:
    """Five samples of 80 % of the rows, as counts of each kind."""
    generator = np.random.default_rng(SEED)
    rows = int(counts.sum())
    for _ in range(SAMPLES):
        if rows < _MOST_ROWS:
            yield generator.multivariate_hypergeometric(counts, round(SHARE * rows), method="marginals")
        else:  # of so many rows that drawing each kind for itself makes no difference
            yield generator.binomial(counts, SHARE)


def deviation(values: Sequence[float | None]) -> float | None:
    """Standard deviation (divided by the number of values) of those that are defined; None when none is."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    middle = math.fsum(known) / len(known)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in known) / len(known))


def replicates(counts: Counts) -> Iterator[Counts]:
    """Bootstrap samples, as many rows with replacement, as counts of each kind; none without rows."""
    generator = np.random.default_rng(SEED)
    rows = int(counts.sum())
    if rows:
        shares = counts / rows
        shares /= shares.sum()
        for _ in range(REPLICATES):
            yield generator.multinomial(rows, shares)


def interval(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Where the middle 95 % of the defined values lie; None when there are none."""
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None
    low, high = np.quantile(known, LEVEL).tolist()
    return (low, high)


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """95 % confidence interval of a share; None without a whole.

    Source: Wilson 1927.
    """
    if not whole:
        return None
    share, square = part / whole, QUANTILE**2 / whole
    middle = (share + square / 2) / (1 + square)
    half = QUANTILE / (1 + square) * math.sqrt(share * (1 - share) / whole + square / (4 * whole))
    return (max(0.0, middle - half), min(1.0, middle + half))
