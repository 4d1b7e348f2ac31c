"""Moments: count, sum, mean, spread and extremes of a numeric column."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analyzer.batch import Cells


@dataclass(slots=True)
class MomentsState:
    """count (cells), mean and total (column's unit), m2 (unit squared), minimum, maximum; 48 bytes."""

    count: int = 0
    total: float = 0.0
    mean: float = 0.0
    m2: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf


@dataclass(frozen=True, slots=True)
class MomentsResult:
    """Over the finite numbers of a column; standard deviation divides by n."""

    count: int
    total: float
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Moments:
    """Mean and spread of a numeric column.

    Input:  finite numbers; text, missing, NaN and infinite cells are dropped.
    Result: None when there is no finite number; a sum or spread beyond the largest double is infinite.
    Error:  exact up to float64 rounding (pairwise update).
    Source: Chan, Golub, LeVeque 1983; population standard deviation as in contract.md section 5.

    >>> import pyarrow as pa
    >>> fold = Moments()
    >>> left = fold.update(fold.zero(), Cells(pa.array(["1", "2"])))
    >>> right = fold.update(fold.zero(), Cells(pa.array(["6", None])))
    >>> fold.result(fold.merge(left, right)).mean
    3.0
    """

    @property
    def state(self) -> type[MomentsState]:
        return MomentsState

    def zero(self) -> MomentsState:
        return MomentsState()

    def update(self, state: MomentsState, cells: Cells) -> MomentsState:
        numbers = cells.numbers if cells.all_finite else cells.numbers[cells.finite]
        counts = cells.counts if cells.all_finite else cells.counts[cells.finite]
        if not len(numbers):
            return state
        count = int(counts.sum())
        with np.errstate(over="ignore", invalid="ignore"):
            total = float((numbers * counts).sum())
            mean = total / count
            # Not np.dot: BLAS would start threads of its own in every worker process.
            m2 = float((np.square(numbers - mean) * counts).sum())
        low, high = float(numbers.min()), float(numbers.max())
        return self.merge(state, MomentsState(count, total, mean, m2, low, high))

    def merge(self, left: MomentsState, right: MomentsState) -> MomentsState:
        if not right.count:
            return left
        if not left.count:
            return MomentsState(right.count, right.total, right.mean, right.m2, right.minimum, right.maximum)
        count = left.count + right.count
        delta = right.mean - left.mean
        left.m2 += right.m2 + delta * delta * left.count * right.count / count
        left.mean += delta * right.count / count
        left.total += right.total
        left.count = count
        left.minimum = min(left.minimum, right.minimum)
        left.maximum = max(left.maximum, right.maximum)
        return left

    def result(self, state: MomentsState) -> MomentsResult | None:
        if not state.count:
            return None
        deviation = math.sqrt(state.m2 / state.count) if state.m2 >= 0 else math.nan
        mean = state.total / state.count
        return MomentsResult(state.count, state.total, mean, deviation, state.minimum, state.maximum)
