"""Samples: uniform, repeatable, and the same whatever memory lies around the cells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.batch import Batch
from analyzer.fold import fold_batches
from analyzer.folds.sample import Sample
from analyzer.folds.values import Values


def batch(texts: list[str | None]) -> Batch:
    return Batch({"a": pa.array(texts, pa.string())}, len(texts))


def drawn(fold: Sample, *batches: Batch) -> list[list[str | None]]:
    return fold.result(fold_batches(fold, batches))


def test_all_rows_are_kept_while_there_are_no_more_than_asked_for() -> None:
    assert drawn(Sample(("a",), 3), batch(["2", None]), batch(["1"])) == [[None], ["1"], ["2"]]


def test_every_row_has_the_same_chance() -> None:
    batches = [batch([str(1000 * part + at) for at in range(250)]) for part in range(4)]
    counts = np.zeros(1000)
    for seed in range(200):
        for row in drawn(Sample(("a",), 100, seed), *batches):
            part, at = divmod(int(row[0] or 0), 1000)
            counts[250 * part + at] += 1

    # Each count is binomial (200, 0.1): mean 20, standard deviation 4.2.
    assert counts.sum() == 200 * 100
    assert 3.6 < counts.std() < 4.9
    assert abs(counts.reshape(4, 250).sum(axis=1) - 5000).max() < 250


def test_repeated_rows_are_drawn_as_often_as_they_are_there() -> None:
    """Health checks: 9 of 10 rows are the same one."""
    batches = [batch([f"{part}-{at}" if at % 10 == 0 else "ping" for at in range(500)]) for part in range(4)]

    found = drawn(Sample(("a",), 200), *batches)

    assert 160 < sum(row == ["ping"] for row in found) < 200


def test_a_slice_of_a_larger_array_is_drawn_like_a_copy() -> None:
    whole = pa.array([str(at) if at % 7 else None for at in range(500)])
    numbers = pa.array([float(at) if at % 5 else None for at in range(500)])
    part = Batch({"a": whole.slice(37, 300), "b": numbers.slice(37, 300)}, 300)
    copy = Batch(
        {"a": pa.array(whole.slice(37, 300).to_pylist()), "b": pa.array(numbers.slice(37, 300).to_pylist())}, 300
    )
    fold = Sample(("a", "b"), 50)

    assert drawn(fold, part) == drawn(fold, copy)


def test_another_seed_draws_other_rows() -> None:
    rows = batch([str(at) for at in range(500)])

    assert drawn(Sample(("a",), 50, 1), rows) != drawn(Sample(("a",), 50, 2), rows)


def test_columns_that_are_absent_or_nested_are_missing_and_long_texts_are_cut() -> None:
    rows = Batch({"a": pa.array(["x" * 9000]), "n": pa.array([[1, 2]])}, 1)

    assert drawn(Sample(("a", "n", "z")), rows) == [["x" * 4096, None, None]]


def test_values_keep_numbers_in_row_order() -> None:
    fold = Values(("a", "z"), limit=3)
    batches = [Batch({"a": pa.array([1.5, None])}, 2), Batch({"a": pa.array(["7", "8"])}, 2)]

    found = fold.result(fold_batches(fold, batches))

    assert np.array_equal(found, [[1.5, np.nan], [np.nan, np.nan], [7.0, np.nan]], equal_nan=True)
