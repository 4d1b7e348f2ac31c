"""Domains: how many cells of a column hold each of given values, however many others there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch, Cells


@dataclass(frozen=True)
class Domains:
    """Rows of every listed value, and of all others together, for columns whose values a baseline lists.

    Parameters: values, pairs of column name and its listed texts, as Cells.keys spells them.
    Input:  present cells by text. State: one integer per listed value, plus one for the others.
    Result: per column, value -> rows with None for the others. Error: exact.
    """

    values: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def state(self) -> Any:
        return dict[str, npt.NDArray[np.int64]]

    def zero(self) -> dict[str, npt.NDArray[np.int64]]:
        return {name: np.zeros(len(texts) + 1, np.int64) for name, texts in self.values}

    def update(self, state: dict[str, npt.NDArray[np.int64]], batch: Batch) -> dict[str, npt.NDArray[np.int64]]:
        for name, texts in self.values:
            if batch.sees(name):
                state[name] += _count(batch.cells(name), texts)
        return state

    def merge(self, left: Any, right: Any) -> Any:
        for name, counts in right.items():
            left[name] += counts
        return left

    def result(self, state: dict[str, npt.NDArray[np.int64]]) -> dict[str, dict[str | None, int]]:
        return {name: dict(zip((*texts, None), state[name].tolist(), strict=True)) for name, texts in self.values}


def _count(cells: Cells, texts: tuple[str, ...]) -> npt.NDArray[np.int64]:
    keys = cells.keys
    places = pc.index_in(keys, pa.array(texts, keys.type)).fill_null(len(texts))
    return np.bincount(np.asarray(places), cells.counts, len(texts) + 1).astype(np.int64)
