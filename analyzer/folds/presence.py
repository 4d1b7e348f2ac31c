"""Presence: how many cells of some columns hold a class, a number, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.batch import Batch
from analyzer.counting.labels import spelled


@dataclass(slots=True)
class Present:
    """Cells of one column.

    cells: not missing. classes: those that are a class (analyzer.counting.labels), where that was asked. numbers:
    finite ones. texts: neither numbers nor NaN or infinite. low, high: extremes of the numbers; None without any.
    """

    cells: int = 0
    classes: int = 0
    numbers: int = 0
    texts: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Presence:
    """What the cells of some columns can be used as.

    Parameters: classes and numbers, columns by what they are used as; absent ones have no cells.
    State:  48 bytes per column. Result: per column Present. Error: exact.
    """

    classes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def state(self) -> Any:
        return dict[str, Present]

    def zero(self) -> dict[str, Present]:
        return {column: Present() for column in (*self.classes, *self.numbers)}

    def update(self, state: dict[str, Present], batch: Batch) -> dict[str, Present]:
        seen = [column for column in state if batch.sees(column)]
        return self.merge(state, {column: _present(batch, column, column in self.classes) for column in seen})

    def merge(self, left: dict[str, Present], right: dict[str, Present]) -> dict[str, Present]:
        return left | {column: _added(left[column], found) for column, found in right.items()}

    def result(self, state: dict[str, Present]) -> dict[str, Present]:
        return state


def _present(batch: Batch, column: str, as_class: bool) -> Present:  # noqa: FBT001 - one of the two uses
    cells = batch.cells(column)
    numbers = cells.numbers[cells.finite]
    return Present(
        cells.rows - cells.missing,
        int(cells.counts[np.asarray(spelled(cells).is_valid(), np.bool_)].sum()) if as_class else 0,
        int(cells.counts[cells.finite].sum()),
        int(cells.counts[~cells.finite & ~cells.non_finite].sum()),
        float(numbers.min()) if len(numbers) else None,
        float(numbers.max()) if len(numbers) else None,
    )


def _added(left: Present, right: Present) -> Present:
    return Present(
        left.cells + right.cells,
        left.classes + right.classes,
        left.numbers + right.numbers,
        left.texts + right.texts,
        _extreme(min, left.low, right.low),
        _extreme(max, left.high, right.high),
    )


def _extreme(choose: Any, left: float | None, right: float | None) -> float | None:
    known = [value for value in (left, right) if value is not None]
    return choose(known) if known else None
