"""Regression: how far predicted values are off."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analyzer.folds.residuals import ResidualState

Floats = npt.NDArray[np.float64]

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def regression(seen: ResidualState) -> dict[str, float | None]:
    """The recorded regression metrics; None without rows, r2 also when the actual values do not vary."""
    if not seen.count:
        return dict.fromkeys(("mae", "mse", "rmse", "r2"))
    return metrics(seen.absolute / seen.count, seen.squared / seen.count, seen.spread / seen.count)


def metrics(absolute: float, squared: float, variance: float) -> dict[str, float | None]:
    """From the means of |e| and e**2 and the variance of the actual values; None where a number is not finite."""
    found = {
        "mae": absolute,
        "mse": squared,
        "rmse": math.sqrt(squared) if squared >= 0 else math.nan,
        "r2": 1 - squared / variance if variance > 0 else math.nan,
    }
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def of_pairs(actual: Floats, predicted: Floats, counts: npt.NDArray[np.int64]) -> dict[str, float | None]:
    """The recorded metrics of some rows, given as pairs and how often each occurs."""
    rows = int(counts.sum())
    if not rows:
        return dict.fromkeys(("mae", "mse", "rmse", "r2"))
    with np.errstate(over="ignore", invalid="ignore"):
        errors = predicted - actual
        middle = float((actual * counts).sum()) / rows
        spread = float((np.square(actual - middle) * counts).sum()) / rows
        return metrics(
            float((np.abs(errors) * counts).sum()) / rows, float((np.square(errors) * counts).sum()) / rows, spread
        )


def mean_relative_error(seen: ResidualState) -> float | None:
    """MAPE: mean of |e / y| over the rows whose actual value y is not 0; None without any."""
    rows = seen.count - seen.zeros
    return _finite(seen.relative / rows) if rows else None


def mean_error(seen: ResidualState) -> float | None:
    """Mean of predicted - actual."""
    return _finite(seen.total / seen.count) if seen.count else None


def residual_quantiles(seen: ResidualState) -> dict[str, float]:
    """Smallest residual with at least that share of the rows at or below it, by share."""
    return dict(zip(map(str, QUANTILES), _quantiles(seen.errors.numbers, seen.errors.counts, QUANTILES), strict=False))


def median_absolute_error(seen: ResidualState) -> float | None:
    """Median of |e|; of an even number of rows the middle of the two.

    Error: exact while the residuals are; beyond, that of their cells (analyzer.counting.tally).
    """
    sizes, counts = np.abs(seen.errors.numbers), seen.errors.counts
    rows = int(counts.sum())
    if not rows:
        return None
    order = np.argsort(sizes, kind="stable")
    low, high = _at_ranks(sizes[order], counts[order], np.array([(rows + 1) // 2, rows // 2 + 1]))
    return (low + high) / 2


def _quantiles(numbers: Floats, counts: npt.NDArray[np.int64], shares: tuple[float, ...]) -> list[float]:
    rows = int(counts.sum())
    return _at_ranks(numbers, counts, np.maximum(np.ceil(np.array(shares) * rows), 1)) if rows else []


def _at_ranks(numbers: Floats, counts: npt.NDArray[np.int64], ranks: npt.NDArray[np.generic]) -> list[float]:
    """The number at each rank, counted from 1, of ascending numbers."""
    places = np.searchsorted(np.cumsum(counts), ranks)
    found: list[float] = numbers[np.minimum(places, len(numbers) - 1)].tolist()
    return found


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
