"""Flips: the flip test of one sensitive group, from the rows that were kept for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.counting.hashes import of_texts
from analyzer.fold import Failure
from analyzer.folds.vectors import Vectors, VectorsState
from analyzer.views.bias_metrics import NO_FACET, NO_OTHERS, Measure
from analyzer.views.bootstrap import QUANTILE, Interval
from analyzer.views.flip_test import Points, flip_test

NOT_NUMERIC = "FlipTest does not support non-numeric columns"
NO_FEATURES = "Data must contain features."


@dataclass(frozen=True)
class Flips:
    """FT with its 95 % interval, and what it was computed from.

    rows: behind it. incomplete: rows left out because a feature has no number. is_exact: no row was left out for want
    of room.
    """

    measure: Measure
    interval: Interval | None = None
    rows: int = 0
    incomplete: int = 0
    is_exact: bool = True


def flips_of(
    fold: Vectors, state: VectorsState | Failure, way: int, entry: int | str, *, strict: bool = False
) -> Flips:
    """The flip test of an entry. way: mark of positive predictions. entry: its mark, or the value of the key column.

    A column of words ends it. Some words among numbers make their rows incomplete; strict: they end it, too.
    """
    if isinstance(state, Failure):
        return Flips(Measure(None, state.reason))
    if not fold.columns:
        return Flips(Measure(None, NO_FEATURES))
    if (state.texts * (1 if strict else 2) > (0 if strict else state.rows)).any():
        return Flips(Measure(None, NOT_NUMERIC))
    if isinstance(entry, int):
        sensitive = _marked(state, entry)
    else:
        sensitive = state.keys == of_texts([entry])[0] if entry else np.zeros(len(state.keys), np.bool_)
    numbers = state.numbers.reshape(len(state.hashes), len(fold.columns))
    positive = _marked(state, way)
    a, d = (Points(numbers[side], positive[side], state.counts[side]) for side in (~sensitive, sensitive))
    rows = int(state.counts.sum())
    support = int(min(a.counts.sum(), d.counts.sum()))
    flipped = flip_test(a, d)
    if flipped is None:
        return Flips(Measure(None, NO_OTHERS if len(d.counts) else NO_FACET, support), None, rows, state.incomplete)
    half = QUANTILE * flipped.deviation
    interval = Interval(flipped.value - half, flipped.value + half)
    return Flips(Measure(flipped.value, None, support), interval, rows, state.incomplete, state.is_all)


def _marked(state: VectorsState, bit: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray((state.marks >> np.uint64(bit)) & np.uint64(1), np.bool_)
