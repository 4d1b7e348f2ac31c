"""Kinds: how many cells of each class a column holds, and the oddities among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.batch import Cells
from analyzer.schema import FRACTIONAL, INTEGRAL, STRING, Kind, decide, leading_zeros


@dataclass(slots=True)
class KindCounts:
    """Cells by class (indexed by Kind; UNKNOWN is always 0 here, missing is rows minus present) and oddities.

    non_finite_texts: cells of class String that spell NaN or an infinity. whole: cells of class Fractional whose
    value is a whole number (1.0, 1e0). negative: finite numbers below 0.
    """

    classes: npt.NDArray[np.int64]
    nan: int = 0
    infinite: int = 0
    non_finite_texts: int = 0
    empty: int = 0
    leading_zeros: int = 0
    whole: int = 0
    negative: int = 0

    @property
    def present(self) -> int:
        return int(self.classes.sum())

    def kind(self, *, strict: bool = False) -> Kind:
        """Type of the column; unless strict, cells that spell NaN or an infinity do not make numbers a text column."""
        classes = self.classes.copy()
        if not strict and classes[Kind.FRACTIONAL] + classes[Kind.INTEGRAL]:
            classes[Kind.STRING] -= self.non_finite_texts
            classes[Kind.FRACTIONAL] += self.non_finite_texts
        return decide(classes) if classes.any() else Kind.UNKNOWN


@dataclass(frozen=True)
class Kinds:
    """Class counts of a column, from which its type is decided.

    Input:  every present cell. Missing cells are counted by nobody here.
    State:  five class counts and seven oddity counts; about 100 bytes.
    Error:  exact. Source: specification deequ.md, section 2.

    >>> import pyarrow as pa
    >>> cells = Cells(pa.array(["1", "2.0", None, "007", "nan"]))
    >>> counts = Kinds().update(Kinds().zero(), cells)
    >>> counts.classes.tolist(), counts.nan, counts.leading_zeros, counts.whole
    ([0, 1, 2, 0, 1], 1, 1, 1)
    """

    @property
    def state(self) -> type[KindCounts]:
        return KindCounts

    def zero(self) -> KindCounts:
        return KindCounts(np.zeros(5, np.int64))

    def update(self, state: KindCounts, cells: Cells) -> KindCounts:
        counts, kinds = cells.counts, cells.kinds
        classes = np.bincount(kinds, counts, 5).astype(np.int64)
        state.classes += classes
        if classes[FRACTIONAL]:
            whole = (kinds == FRACTIONAL) & cells.finite & (cells.numbers == np.trunc(cells.numbers))
            state.whole += _sum(counts, whole)
        if not cells.all_finite:
            state.nan += _sum(counts, cells.non_finite & np.isnan(cells.numbers))
            state.infinite += _sum(counts, cells.non_finite & np.isinf(cells.numbers))
            state.non_finite_texts += _sum(counts, cells.non_finite & (kinds == STRING))
        state.negative += _sum(counts, cells.finite & (cells.numbers < 0))
        if cells.is_text:
            state.empty += _sum(counts, cells.spelling.lengths == 0)
            state.leading_zeros += _sum(counts, leading_zeros(cells.values, cells.spelling) & (kinds <= INTEGRAL))
        return state

    def merge(self, left: KindCounts, right: KindCounts) -> KindCounts:
        left.classes += right.classes
        left.nan += right.nan
        left.infinite += right.infinite
        left.non_finite_texts += right.non_finite_texts
        left.empty += right.empty
        left.leading_zeros += right.leading_zeros
        left.whole += right.whole
        left.negative += right.negative
        return left

    def result(self, state: KindCounts) -> KindCounts:
        return state


def _sum(counts: npt.NDArray[np.int64], where: npt.NDArray[np.bool_]) -> int:
    return int(counts[where].sum()) if where.any() else 0
