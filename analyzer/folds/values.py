"""Values: the numbers of some columns, row by row, of a data set whose rows are known to be few."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Batch

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class ValuesState:
    """The numbers, row after row; 8 bytes each."""

    numbers: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Values:
    """The first `limit` rows of some columns, as numbers, in scan order.

    Input:  cells of those columns; NaN where there is no number.
    State:  8 bytes a cell, at most limit x columns; meant for samples, never for whole data sets.
    Result: a matrix, rows x columns. Error: exact.
    """

    columns: tuple[str, ...]
    limit: int = 100_000

    @property
    def state(self) -> type[ValuesState]:
        return ValuesState

    def zero(self) -> ValuesState:
        return ValuesState()

    def update(self, state: ValuesState, batch: Batch) -> ValuesState:
        rows = min(batch.rows, self.limit)
        values = np.full((rows, len(self.columns)), np.nan)
        for at, name in enumerate(self.columns):
            if name in batch.columns:
                values[:, at] = _numbers(batch, name)[:rows]
        return self.merge(state, ValuesState(values.ravel()))

    def merge(self, left: ValuesState, right: ValuesState) -> ValuesState:
        left.numbers = np.concatenate([left.numbers, right.numbers])[: self.limit * len(self.columns)]
        return left

    def result(self, state: ValuesState) -> Floats:
        return state.numbers.reshape(-1, max(len(self.columns), 1))


def _numbers(batch: Batch, name: str) -> Floats:
    array = batch.columns[name]
    if pa.types.is_floating(array.type):
        return np.asarray(array.cast(pa.float64()).fill_null(np.nan))
    cells = batch.cells(name)
    return np.append(cells.numbers, np.nan)[cells.codes]
