"""Tabulation: the rows of one batch counted by group and by what was promised and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analyzer.counting.grouped import Grouped
from analyzer.counting.labels import Labels

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

CELLS = 4  # label and prediction positive, prediction only, label only, neither: TP FP FN TN


def cells_of(labels: Flags, predictions: Flags) -> Rows:
    """Per row the cell, 0 to 3; from which rows are positive."""
    return (3 - 2 * predictions - labels).astype(np.intp)


@dataclass(frozen=True, slots=True)
class Tabulation:
    """Counts of chosen rows. ways: for each way to read labels the cell of every row. groups: None without a group."""

    ways: Sequence[Rows]
    groups: Labels | None
    limit: int

    def cells(self, rows: Rows) -> Counts:
        """Four counts for each way."""
        return np.concatenate([np.bincount(way[rows], minlength=CELLS) for way in self.ways])

    def table(self, parts: Sequence[Rows]) -> Counts:
        """The counts of several choices of rows, one below the other."""
        return np.array([self.cells(rows) for rows in parts]).reshape(len(parts), CELLS * len(self.ways))

    def by_group(self, rows: Rows) -> Grouped:
        """The counts of every group; rows without a group are left out."""
        if self.groups is None or not len(self.groups.names):
            return Grouped()
        rows = rows[self.groups.codes[rows] >= 0]
        names, start = self.groups.names, CELLS * self.groups.codes[rows]
        counts = [np.bincount(start + way[rows], minlength=CELLS * len(names)) for way in self.ways]
        return Grouped.of(names, np.hstack([each.reshape(-1, CELLS) for each in counts]), self.limit)


def places(labels: Labels) -> list[Rows]:
    """The rows of every class, ascending."""
    order = np.argsort(labels.codes, kind="stable")
    bounds = np.searchsorted(labels.codes[order], np.arange(len(labels.names) + 1))
    return [order[start:end] for start, end in pairwise(bounds.tolist())]
