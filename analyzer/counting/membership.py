"""Membership: whether a cell is one of some values, or a number above a threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch, Cells
from analyzer.counting.labels import Likeliest, one, spelled

Flags = npt.NDArray[np.bool_]

_TRUTHS = {0.0: "false", 1.0: "true"}


@dataclass(frozen=True, slots=True)
class Membership:
    """A set of cells. Missing cells, NaN and cells of no number are never above a threshold.

    texts: classes in the spelling of analyzer.counting.labels. numbers: values. above: exclusive lower bound.
    """

    texts: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    above: float | None = None

    @classmethod
    def among(cls, values: Iterable[str | float]) -> Membership:
        """Cells that are one of some JSON values: 1, 1.0, "1" and true are the same cell, whatever its column's type.

        >>> Membership.among([1]).numbers, sorted(Membership.among([True]).texts)
        ((1.0,), ['1', 'true'])
        """
        texts: dict[str, None] = {}
        numbers: dict[float, None] = {}
        for value in values:
            if isinstance(value, str):
                texts[one(value)] = None
            else:
                numbers[float(value)] = None
                texts |= dict.fromkeys([one(repr(float(value))), *filter(None, [_TRUTHS.get(float(value))])])
        return cls(tuple(texts), tuple(numbers))

    def values(self, cells: Cells) -> Flags:
        """Which of the column's distinct values belong."""
        if self.above is not None:
            return np.asarray(cells.numbers > self.above, np.bool_)
        found = np.asarray(pc.is_in(spelled(cells), pa.array(self.texts, cells.texts.type)), np.bool_)
        return found | np.isin(cells.numbers, self.numbers) if self.numbers else found

    def rows(self, batch: Batch, column: str | Likeliest | None) -> Flags:
        """Which rows belong; none where the batch has no such column."""
        if isinstance(column, Likeliest):
            labels = column.labels(batch)
            found = np.zeros(1, np.bool_) if labels is None else self.values(Cells(labels.names))
            codes = np.full(batch.rows, -1, np.intp) if labels is None else labels.codes
        elif column is None or not batch.sees(column):
            return np.zeros(batch.rows, np.bool_)
        else:
            found, codes = self.values(batch.cells(column)), batch.cells(column).codes
        return np.append(found, np.False_)[codes]  # code -1, missing, finds the last place
