"""Quantiles: Deequ's deterministic KLL sketch of every numeric column."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analyzer.batch import Batch, Cells
from analyzer.fold import MOST_COLUMNS

TOGETHER = 32  # columns compacted at a time
K = 2048
C = 0.64

Matrix = npt.NDArray[Any]


@dataclass(slots=True)
class Sketch:
    """Items by level; an item of level h stands for 2^h numbers, and the weights add up to the count.

    runs and offsets are the compaction counters of the levels. Levels are float32 while every number
    seen is exactly one, which sorts several times faster; the values are the same.
    """

    levels: list[np.ndarray[Any, Any]] = field(default_factory=lambda: [np.empty(0, np.float32)])
    runs: list[int] = field(default_factory=lambda: [0])
    offsets: list[int] = field(default_factory=lambda: [0])

    @property
    def count(self) -> int:
        return sum(len(level) << height for height, level in enumerate(self.levels))


@dataclass(slots=True)
class Stack:
    """Sketches of several columns that went through the same compactions: one row a column, level by level."""

    levels: list[Matrix]
    runs: list[int]
    offsets: list[int]
    k: int
    c: float

    @property
    def size(self) -> int:
        return sum(level.shape[1] for level in self.levels)

    @property
    def room(self) -> int:
        return _total_capacity(len(self.levels), self.k, self.c) - self.size

    def absorb(self, values: Matrix) -> None:
        """Append the columns of `values` (one row a sketch) in order, compacting as Deequ does."""
        taken = 0
        while taken < values.shape[1]:
            part = values[:, taken : taken + self.room + 1]
            taken += part.shape[1]
            self.levels[0] = np.concatenate([self.levels[0], part], axis=1)
            if self.room < 0:
                self.condense()

    def merge(self, other: list[Matrix]) -> None:
        """Append the levels of another stack of the same columns, then compact until there is room."""
        while len(self.levels) < len(other):
            self._grow()
        for height, level in enumerate(other):
            self.levels[height] = np.concatenate([self.levels[height], level], axis=1)
        while self.room <= 0:
            self.condense()

    def condense(self) -> None:
        """Compact the lowest full level once; every second compaction of a level flips the half it keeps."""
        for height, level in enumerate(self.levels):
            if level.shape[1] >= _capacity(height, self.k, self.c):
                break
        if height + 1 == len(self.levels):
            self._grow()
        even = level.shape[1] & ~1
        if self.runs[height] & 1:
            self.offsets[height] ^= 1
        # Upper levels are sorted runs one after the other, which a merge sort takes in a few passes.
        kind: Literal["stable", "quicksort"] = "stable" if height else "quicksort"
        kept = np.sort(level[:, :even], axis=1, kind=kind)[:, self.offsets[height] :: 2]
        self.levels[height + 1] = np.concatenate([self.levels[height + 1], kept], axis=1)
        self.levels[height] = level[:, even:]
        self.runs[height] += 1

    def _grow(self) -> None:
        self.levels.append(self.levels[0][:, :0])
        self.runs.append(0)
        self.offsets.append(0)


@dataclass(frozen=True)
class Quantiles:
    """KLL sketch of every column that holds a finite number.

    Parameters: k, size of the lowest level; c, shrinking factor of the levels above.
    Input:  finite numbers in row order; text, missing, NaN and infinite cells are dropped.
    State:  per column at most about 5,700 numbers (45 KB) at k = 2048, whatever the rows.
    Result: per column its Sketch (views in analyzer.views.sketch); no entry where there is no number.
    Error:  exact up to 2,050 numbers; beyond, ranks are within 1 % of the count (measured 0.2 %).
    Source: specification deequ.md section 5.1; Karnin, Lang, Liberty 2016, with Deequ's fixed coin.

    There are no random bits: the same rows in the same splits give the same sketch. Columns with equally
    many numbers compact at the same moments, so they are sorted together, as rows of one matrix.
    """

    k: int = K
    c: float = C

    @property
    def state(self) -> Any:
        return dict[str, Sketch]

    def zero(self) -> dict[str, Sketch]:
        return {}

    def update(self, state: dict[str, Sketch], batch: Batch) -> dict[str, Sketch]:
        values = {name: _numbers(batch.cells(name)) for name in batch.columns if batch.sees(name)}
        groups: dict[Any, list[str]] = defaultdict(list)
        for name, numbers in values.items():
            if len(numbers) and (name in state or len(state) < MOST_COLUMNS):
                sketch = state.setdefault(name, Sketch())
                groups[_schedule(sketch), numbers.dtype, len(numbers)].append(name)
        for names in _chunks(groups.values()):
            stack = self._stack([state[name] for name in names])
            stack.absorb(_matrix([values[name] for name in names]))
            state.update(zip(names, _sketches(stack, len(names)), strict=True))
        return state

    def merge(self, left: dict[str, Sketch], right: dict[str, Sketch]) -> dict[str, Sketch]:
        groups: dict[Any, list[str]] = defaultdict(list)
        for name, sketch in right.items():
            if name in left:
                groups[_schedule(left[name]), _schedule(sketch)].append(name)
            elif len(left) < MOST_COLUMNS:
                left[name] = Sketch(list(sketch.levels), list(sketch.runs), list(sketch.offsets))
        for names in _chunks(groups.values()):
            stack = self._stack([left[name] for name in names])
            stack.merge(_stacked_levels([right[name] for name in names]))
            left.update(zip(names, _sketches(stack, len(names)), strict=True))
        return left

    def result(self, state: dict[str, Sketch]) -> dict[str, Sketch]:
        return state

    def _stack(self, sketches: list[Sketch]) -> Stack:
        first = sketches[0]
        return Stack(_stacked_levels(sketches), list(first.runs), list(first.offsets), self.k, self.c)


def _numbers(cells: Cells) -> Matrix:
    """Finite numbers in row order, as float32 when that loses nothing."""
    with np.errstate(over="ignore"):
        narrow = cells.numbers.astype(np.float32)
    if not cells.all_finite or not (narrow == cells.numbers).all():
        return cells.row_numbers
    return narrow[cells.present_codes]


def _chunks(groups: Iterable[list[str]]) -> Iterator[list[str]]:
    """The groups in parts small enough for their matrices to stay in the processor's cache."""
    for names in groups:
        for start in range(0, len(names), TOGETHER):
            yield names[start : start + TOGETHER]


def _schedule(sketch: Sketch) -> Any:
    """What two sketches must share to be compacted together."""
    return (tuple(map(len, sketch.levels)), tuple(sketch.runs), tuple(sketch.offsets), sketch.levels[0].dtype)


def _stacked_levels(sketches: list[Sketch]) -> list[Matrix]:
    return [_matrix(level) for level in zip(*(sketch.levels for sketch in sketches), strict=True)]


def _matrix(rows: Iterable[Matrix]) -> Matrix:
    return np.stack(list(rows))


def _sketches(stack: Stack, count: int) -> list[Sketch]:
    # One width for all levels, so that a sketch that met one double stays double.
    kind = np.result_type(*stack.levels)
    levels = [level.astype(kind, copy=False) for level in stack.levels]
    return [Sketch([level[row] for level in levels], list(stack.runs), list(stack.offsets)) for row in range(count)]


@lru_cache(maxsize=256)
def _capacity(height: int, k: int, c: float) -> int:
    return 2 * (math.ceil(k * c**height / 2) + 1)


@lru_cache(maxsize=256)
def _total_capacity(levels: int, k: int, c: float) -> int:
    return sum(_capacity(height, k, c) for height in range(levels))
