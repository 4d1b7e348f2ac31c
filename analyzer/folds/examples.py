"""Examples: names of the first rows that break an expectation, so that people can look at them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch, Cells
from analyzer.schema import Kind


class Breach(StrEnum):
    """What a cell can do wrong."""

    MISSING = "missing"
    TYPE = "type"
    DOMAIN = "domain"
    NEGATIVE = "negative"


@dataclass(frozen=True)
class Expectation:
    """What the cells of a column should be; a breach of it is worth an example.

    kinds: accepted kinds (for TYPE). texts: accepted values (for DOMAIN).
    """

    column: str
    breach: Breach
    kinds: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examples:
    """Ids of the first rows, in scan order, that break each expectation.

    Parameters: expectations; limit, ids kept for each.
    Input:  rows of sources that name their rows (event ids); others leave no examples.
    State:  at most `limit` ids per expectation. Result: expectation -> ids. Error: exact.
    """

    expectations: tuple[Expectation, ...]
    limit: int = 5

    @property
    def state(self) -> type[list[list[str]]]:
        return list[list[str]]

    def zero(self) -> list[list[str]]:
        return [[] for _ in self.expectations]

    def update(self, state: list[list[str]], batch: Batch) -> list[list[str]]:
        if batch.ids is None:
            return state
        for found, expectation in zip(state, self.expectations, strict=True):
            room = self.limit - len(found)
            if room > 0 and batch.sees(expectation.column):
                rows = _breaches(batch.cells(expectation.column), expectation)[:room]
                found.extend(str(batch.ids[row] or "") for row in rows.tolist())
        return state

    def merge(self, left: list[list[str]], right: list[list[str]]) -> list[list[str]]:
        for mine, others in zip(left, right, strict=True):
            mine.extend(others[: max(0, self.limit - len(mine))])
        return left

    def result(self, state: list[list[str]]) -> dict[Expectation, list[str]]:
        return dict(zip(self.expectations, state, strict=True))


def _breaches(cells: Cells, expectation: Expectation) -> npt.NDArray[np.int64]:
    if expectation.breach is Breach.MISSING:
        return np.flatnonzero(cells.codes < 0) if cells.missing else np.empty(0, np.int64)
    wrong = _wrong_values(cells, expectation)
    if not wrong.any():
        return np.empty(0, np.int64)
    # One more place, so that code -1 (missing) finds False.
    return np.flatnonzero(np.append(wrong, False)[cells.codes])


def _wrong_values(cells: Cells, expectation: Expectation) -> npt.NDArray[np.bool_]:
    if expectation.breach is Breach.TYPE:
        wrong = ~np.isin(cells.kinds, np.array(expectation.kinds or (Kind.STRING,), np.uint8))
        # A text that spells NaN or an infinity is a number where fractions are expected.
        return wrong & ~cells.non_finite if Kind.FRACTIONAL in expectation.kinds else wrong
    if expectation.breach is Breach.NEGATIVE:
        return cells.finite & (cells.numbers < 0)
    known = pc.is_in(cells.keys, pa.array(expectation.texts, cells.keys.type))
    return ~np.asarray(known, np.bool_)
