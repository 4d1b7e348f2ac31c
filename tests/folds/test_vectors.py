"""Rows as vectors: all of them while few, a fair sample beyond, and what is left out is counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from analyzer.batch import Batch
from analyzer.counting.hashes import of_texts
from analyzer.counting.membership import Membership
from analyzer.fold import fold_batches
from analyzer.folds.vectors import Vectors, VectorsState

MARKS = (("p", Membership.among([1])), ("x", Membership(above=0)))


def folded(fold: Vectors, *batches: Batch) -> VectorsState:
    return fold.result(fold_batches(fold, batches))


def test_rows_are_kept_with_their_marks_and_counts() -> None:
    columns = {"x": ["1", "1.0", "-2", "nan", None], "p": ["1", "1", "0", "1", "1"], "k": ["a", "a", None, "b", "b"]}
    batch = Batch({name: pa.array(cells) for name, cells in columns.items()}, 5)

    found = folded(Vectors(("x",), MARKS, "k"), batch)

    rows = {(n, m, k): c for n, m, k, c in zip(found.numbers, found.marks, found.keys, found.counts, strict=True)}
    assert rows == {(1.0, 3, of_texts(["a"])[0]): 2, (-2.0, 0, 0): 1}
    assert (found.incomplete, found.is_all, found.texts.tolist()) == (2, True, [0])


def test_truths_are_numbers_and_words_are_not() -> None:
    columns = {"x": pa.array([True, False, None]), "p": pa.array(["true", "maybe", "1"])}

    found = folded(Vectors(("x", "p"), ()), Batch(columns, 3))

    assert found.texts.tolist() == [0, 1]
    assert sorted(found.numbers.tolist()) == [1.0, 1.0]
    assert found.incomplete == 2


def test_beyond_the_limit_rows_are_drawn_whole_and_fairly() -> None:
    """Which rows are kept depends on no order; every third of the values gets its share."""
    values = np.random.default_rng(0).integers(0, 30_000, 60_000)
    fold = Vectors(("x",), (), limit=3000)

    def state(*parts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> VectorsState:
        return folded(fold, *(Batch({"x": pa.array(part)}, len(part)) for part in parts))

    found, other = state(values), state(*np.array_split(np.random.default_rng(1).permutation(values), 9))

    assert not found.is_all
    assert found.numbers.tolist() == other.numbers.tolist()
    assert found.counts.tolist() == other.counts.tolist()
    everything = Counter(values.tolist())
    assert found.counts.tolist() == [everything[int(number)] for number in found.numbers]
    thirds = np.bincount((found.numbers // 10_000).astype(int))
    assert (np.abs(thirds - 1000) < 120).all()


def test_no_columns_are_no_numbers() -> None:
    found = folded(Vectors((), MARKS), Batch({"x": pa.array([1.0, -1.0]), "p": pa.array(["1", "1"])}, 2))

    assert len(found.numbers) == 0
    assert sorted(found.marks.tolist()) == [1, 3]
