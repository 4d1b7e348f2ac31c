"""Attributions: how much each feature contributed to predictions, over all explained rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Batch

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class AttributionState:
    """rows: with any value. counts: of values, by feature. totals: sums of the rows' totals of |value|, and of squares.

    sums: by feature those of |value|, then of value^2, of value^4, and of |value| times its row's total; 40 bytes a
    feature in all.
    """

    rows: int = 0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    sums: Floats = field(default_factory=lambda: np.empty(0))
    totals: Floats = field(default_factory=lambda: np.zeros(2))


@dataclass(frozen=True, slots=True)
class AttributionSums:
    """What the state holds, by feature: counts, and sums of |value|, value^2, value^4 and |value| x the row's total.

    rows: with any value. total, squared: sums of the rows' totals of |value|, and of their squares.
    """

    rows: int
    counts: tuple[int, ...]
    sizes: tuple[float, ...]
    squares: tuple[float, ...]
    fourths: tuple[float, ...]
    crossed: tuple[float, ...]
    total: float
    squared: float


@dataclass(frozen=True)
class Attributions:
    """Sums from which global attributions follow: analyzer.views.attribution makes means, shares and errors of them.

    Parameters: columns, one for each feature, of doubles or of text that spells numbers.
    Input:  finite numbers; missing, NaN, infinite and other cells are dropped. A row counts with any number.
    State:  40 bytes a feature. Result: AttributionSums, features in the order of the columns.
    Error:  exact up to float64 rounding; nothing is subtracted.
    Source: bias_explainability.md 6.3.
    """

    columns: tuple[str, ...]

    @property
    def state(self) -> type[AttributionState]:
        return AttributionState

    def zero(self) -> AttributionState:
        count = len(self.columns)
        return AttributionState(0, np.zeros(count, np.int64), np.zeros(4 * count))

    @np.errstate(over="ignore", invalid="ignore")
    def update(self, state: AttributionState, batch: Batch) -> AttributionState:
        # One row a feature, so that every feature's numbers are added up in one run, whatever the other features.
        values = np.array([_numbers(batch, name) for name in self.columns]).reshape(len(self.columns), batch.rows)
        known = np.isfinite(values)
        sizes = np.abs(np.where(known, values, 0.0))
        squares, totals = sizes * sizes, sizes.sum(axis=0)
        sums = [each.sum(axis=1) for each in (sizes, squares, squares * squares, sizes * totals)]
        both = np.array([totals.sum(), (totals * totals).sum()])
        fresh = AttributionState(int(known.any(axis=0).sum()), known.sum(axis=1), np.concatenate(sums), both)
        return self.merge(state, fresh)

    def merge(self, left: AttributionState, right: AttributionState) -> AttributionState:
        left.rows += right.rows
        left.counts = left.counts + right.counts
        left.sums = left.sums + right.sums
        left.totals = left.totals + right.totals
        return left

    def result(self, state: AttributionState) -> AttributionSums:
        sizes, squares, fourths, crossed = (tuple(each) for each in state.sums.reshape(4, -1).tolist())
        total, squared = state.totals.tolist()
        return AttributionSums(
            state.rows, tuple(state.counts.tolist()), sizes, squares, fourths, crossed, total, squared
        )


def _numbers(batch: Batch, name: str) -> Floats:
    if name not in batch.columns:
        return np.full(batch.rows, np.nan)
    array = batch.columns[name]
    if pa.types.is_floating(array.type):
        return np.asarray(array.cast(pa.float64()).fill_null(np.nan))
    cells = batch.cells(name)
    return np.append(cells.numbers, np.nan)[cells.codes]
