"""Labels: one spelling for one class, whatever wrote it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.batch import Batch, Cells
from analyzer.counting.labels import ABOVE, BELOW, Labels, Likeliest, Predicted, in_order, one, spelled


def classes(values: Any, kind: Any = None) -> list[str | None]:
    """The class of every row."""
    labels = Labels.of(Cells(pa.array(values, kind)))
    return [None if code < 0 else labels.names[int(code)].as_py() for code in labels.codes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"), ("1.0", "1"), ("1e0", "1"), ("+1", "1"), (" 1 ", "1"), ("-0.0", "0"), ("0.50", "0.5"),
        ("1e-7", "1e-7"), ("9007199254740993", "9007199254740993"), ("007", "007"), ("True", "true"),
        ("FALSE", "false"), ("yes", "yes"), (" yes", "yes"), ("1,5", "1,5"), (".5", ".5"),
    ],
)  # fmt: skip
def test_one_class_has_one_spelling(text: str, expected: str) -> None:
    assert classes([text]) == [expected]
    assert one(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "nan", "NaN", "inf", "-Infinity", None])
def test_what_is_no_class(text: str | None) -> None:
    assert classes([text, "x"]) == [None, "x"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, 0, None], pa.int8()), ["1", "0", None]),
        (pa.array([1.0, 0.5, math.nan]), ["1", "0.5", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([1, 0], pa.int32()).cast(pa.decimal128(12, 2)), ["1", "0"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    ],
)
def test_typed_columns_have_the_classes_of_their_text(values: pa.Array, expected: list[str | None]) -> None:
    labels = Labels.of(Cells(values))
    assert [None if code < 0 else labels.names[int(code)].as_py() for code in labels.codes] == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_every_spelling_of_a_whole_number_is_one_class(number: int) -> None:
    spellings = [str(number), f"{number}.0", f"{number}.000", f"{number}e0", f"{number:+d}"]

    assert set(classes(spellings)) == {str(number)}
    assert classes([number]) == classes([float(number)]) == [str(number)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=5), max_size=8))
def test_texts_are_told_apart_as_python_does(texts: list[str]) -> None:
    found = classes(texts, pa.string())
    for left, first in zip(texts, found, strict=True):
        for right, second in zip(texts, found, strict=True):
            if left == right:
                assert first == second


def test_texts_without_end_are_bounded() -> None:
    texts = spelled(Cells(pa.array(["x" * 100_000, "y" * 100_000])))

    assert max(len(text) for text in texts.to_pylist()) < 200
    assert len(set(texts.to_pylist())) == 2


def test_order_is_by_value_when_all_are_numbers() -> None:
    assert in_order(["10", "-1", "9.5", "1e+20"]) == ["-1", "9.5", "10", "1e+20"]
    assert in_order(["b", "10", "a"]) == ["10", "a", "b"]
    assert in_order([]) == []


def test_a_threshold_makes_classes_of_numbers() -> None:
    batch = Batch({"p": pa.array(["0.5", "0.51", "x", None, "nan", "1e9"])}, 6)
    labels = Predicted("p", 0.5).labels(batch)

    assert labels is not None
    names = [None if code < 0 else labels.names[int(code)].as_py() for code in labels.codes]
    assert names == [BELOW, ABOVE, None, None, None, ABOVE]
    assert Predicted("absent", 0.5).labels(batch) is None


def test_the_likeliest_class_is_the_first_of_the_highest() -> None:
    columns = {"a": pa.array(["0.1", "0.5", "x", "0.2"]), "b": pa.array([0.7, 0.5, 0.9, None])}
    labels = Likeliest(("A", "B"), ("a", "b")).labels(Batch(columns, 4))

    assert labels is not None
    assert labels.codes.tolist() == [1, 0, -1, -1]
    assert Likeliest(("A",), ("absent",)).labels(Batch(columns, 4)) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "1", "1.0", None]), st.sampled_from(["1", "b", None])), max_size=20))
def test_pairs_are_counted_as_python_counts_them(rows: list[tuple[str | None, str | None]]) -> None:
    left, right = (Labels.of(Cells(pa.array([row[at] for row in rows], pa.string()))) for at in (0, 1))
    pairs = left.paired(right)

    found = {
        (pairs.names[int(a)].as_py(), pairs.names[int(b)].as_py()): int(count)
        for a, b, count in zip(pairs.left, pairs.right, pairs.rows, strict=True)
    }
    kept = [tuple("1" if text == "1.0" else text for text in row) for row in rows if None not in row]
    assert found == {pair: kept.count(pair) for pair in set(kept)}


def test_many_distinct_classes_are_paired_without_a_square_of_memory() -> None:
    texts = pa.array([f"c{at}" for at in range(5000)])
    pairs = Labels.of(Cells(texts)).paired(Labels.of(Cells(texts)))

    assert (pairs.left == pairs.right).all()
    assert int(np.sum(pairs.rows)) == 5000
