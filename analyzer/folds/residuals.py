"""Residuals: how far predicted values lie from the actual ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.batch import Batch, Cells
from analyzer.counting.sample import Sample
from analyzer.counting.tally import Tally

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class ResidualState:
    """Sums over rows of the residual e = predicted - actual, and of the actual value y.

    count: rows. absolute: of |e|. squared: of e**2. total: of e. relative: of |e / y| where y is not 0; zeros: rows
    where it is. mean, spread: of y, the latter the sum of squared distances from the mean. errors: how often each e
    occurs. sample: pairs of actual and predicted values.
    """

    count: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    total: float = 0.0
    relative: float = 0.0
    zeros: int = 0
    mean: float = 0.0
    spread: float = 0.0
    errors: Tally = field(default_factory=Tally)
    sample: Sample = field(default_factory=Sample)


@dataclass(frozen=True)
class Residuals:
    """Everything regression metrics need.

    Parameters: label and prediction, columns; limit, distinct residuals up to which their tally is exact; pairs, rows
    sampled for standard deviations and confidence intervals.
    Input:  rows with finite numbers in both columns; others are dropped.
    State:  at most 16 bytes for each of `limit`, 32 bytes for each of `pairs`, and 64 bytes.
    Result: ResidualState (views in analyzer.views.regression).
    Error:  sums up to float64 rounding (pairwise; Chan, Golub, LeVeque 1983 for the spread); a sum beyond the largest
            double is infinite. Residuals are exact up to `limit` distinct ones, beyond see analyzer.counting.tally.

    >>> import pyarrow as pa
    >>> batch = Batch({"y": pa.array(["1", "2", "x"]), "p": pa.array([1.5, 1.0, 3.0])}, 3)
    >>> found = Residuals("y", "p").update(Residuals().zero(), batch)
    >>> found.count, found.absolute, found.squared
    (2, 1.5, 1.25)
    """

    label: str = "label"
    prediction: str = "prediction"
    limit: int = 1 << 14
    pairs: int = 1 << 12

    @property
    def state(self) -> type[ResidualState]:
        return ResidualState

    def zero(self) -> ResidualState:
        return ResidualState()

    def update(self, state: ResidualState, batch: Batch) -> ResidualState:
        if not batch.sees(self.label) or not batch.sees(self.prediction):
            return state
        actual, predicted = by_row(batch.cells(self.label)), by_row(batch.cells(self.prediction))
        both = np.isfinite(actual) & np.isfinite(predicted)
        return self.merge(state, self._summed(actual[both], predicted[both], state.sample)) if both.any() else state

    def merge(self, left: ResidualState, right: ResidualState) -> ResidualState:
        count = left.count + right.count
        delta = right.mean - left.mean
        with np.errstate(over="ignore", invalid="ignore"):
            return ResidualState(
                count,
                left.absolute + right.absolute,
                left.squared + right.squared,
                left.total + right.total,
                left.relative + right.relative,
                left.zeros + right.zeros,
                left.mean + delta * right.count / max(1, count),
                left.spread + right.spread + delta * delta * left.count * right.count / max(1, count),
                left.errors.merged(right.errors, self.limit),
                left.sample.merged(right.sample, self.pairs),
            )

    def result(self, state: ResidualState) -> ResidualState:
        return state

    def _summed(self, actual: Floats, predicted: Floats, beside: Sample) -> ResidualState:
        with np.errstate(over="ignore", invalid="ignore"):
            errors = predicted - actual
            sizes, other = np.abs(errors), actual != 0
            mean = float(actual.mean())
            finite = errors[np.isfinite(errors)]
            return ResidualState(
                len(actual),
                float(sizes.sum()),
                float(np.square(errors).sum()),
                float(errors.sum()),
                float((sizes[other] / np.abs(actual[other])).sum()),
                int(len(actual) - other.sum()),
                mean,
                float(np.square(actual - mean).sum()),
                Tally.of(finite, np.ones(len(finite), np.int64), self.limit),
                Sample.of(actual, predicted, self.pairs, beside),
            )


def by_row(cells: Cells) -> Floats:
    """The number of every row; NaN where it is missing or none."""
    return np.append(cells.numbers, np.nan)[cells.codes]
