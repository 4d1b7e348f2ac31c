"""Attribution: means, shares and their sampling errors from the sums over explained rows.

Source: bias_explainability.md 6.3; Cochran 1977, sections 2.4 (error of a mean) and 6.3 (of a ratio).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.folds.attributions import AttributionSums

_ROUNDING = 1e-7  # a difference below this share of its terms is what rounding left of nothing


@dataclass(frozen=True, slots=True)
class Attribution:
    """Means by feature, in the order of the fold's columns; None without rows.

    rows: explained. counts: rows with a value, by feature. mean_abs, mean_sq, share (of mean_abs in its sum over the
    features): each with its standard error as an estimate for many rows of the kind, to four digits; None below two
    rows.
    """

    rows: int
    counts: list[int]
    mean_abs: list[float | None]
    mean_abs_error: list[float | None]
    mean_sq: list[float | None]
    mean_sq_error: list[float | None]
    share: list[float | None]
    share_error: list[float | None]


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def attribution(sums: AttributionSums) -> Attribution:
    """What the sums say. Error: exact up to float64 rounding; errors of shares by the delta method."""
    counts, rows, total = np.array(sums.counts), sums.rows, sums.total
    sizes, squares, fourths, crossed = map(np.array, (sums.sizes, sums.squares, sums.fourths, sums.crossed))
    mean, mean_sq = _over(sizes, counts), _over(squares, counts)
    share = sizes / total if total else np.full(len(counts), np.nan)
    # The squares of |value| - share x total, whose mean over rows is 0.
    spread = _difference(squares + share * share * sums.squared, 2 * share * crossed)
    ratio = np.sqrt(spread / (rows - 1) * rows) / total if rows > 1 and total else share * np.nan
    return Attribution(
        rows,
        counts.tolist(),
        _plain(mean),
        _rounded(_error(mean, mean_sq, counts)),
        _plain(mean_sq),
        _rounded(_error(mean_sq, _over(fourths, counts), counts)),
        _plain(share),
        _rounded(ratio),
    )


def _over(sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _error(mean: Floats, of_squares: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """Standard error of a mean; the variance divides by n - 1."""
    spread = _difference(of_squares, mean * mean)
    return np.where(counts > 1, np.sqrt(spread / np.maximum(counts - 1, 1)), np.nan)


def _difference(larger: Floats, smaller: Floats) -> Floats:
    return np.where(larger - smaller > _ROUNDING * larger, larger - smaller, 0.0)


def _plain(numbers: Floats) -> list[float | None]:
    return [None if not np.isfinite(number) else number for number in numbers.tolist()]


def _rounded(numbers: Floats) -> list[float | None]:
    return [None if not np.isfinite(number) else float(f"{number:.4g}") for number in numbers.tolist()]
