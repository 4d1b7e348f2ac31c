"""Rates of classifiers against scikit-learn, degenerate tables included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analyzer.views import rates
from analyzer.views.rates import Outcomes

small = st.integers(0, 6)
tables = st.tuples(small, small, small, small).filter(sum)
examples = settings(max_examples=50, deadline=None)


def rows(counts: Any) -> tuple[list[int], list[int]]:
    """Actual and predicted class of every row behind a table."""
    actual, predicted = [], []
    for y, row in enumerate(counts):
        for p, count in enumerate(row):
            actual += [y] * int(count)
            predicted += [p] * int(count)
    return actual, predicted


@examples
@given(tables)
def test_binary_rates(cells: tuple[int, ...]) -> None:
    counts = np.array(cells).reshape(2, 2)
    actual, predicted = rows(counts)

    found = rates.binary(Outcomes.of(counts))

    assert found["accuracy"] == metrics.accuracy_score(actual, predicted)
    assert found["recall"] == _or_none(any(actual), metrics.recall_score(actual, predicted, zero_division=0))
    assert found["precision"] == _or_none(any(predicted), metrics.precision_score(actual, predicted, zero_division=0))
    assert found["false_positive_rate"] == _or_none(
        0 in actual, 1 - metrics.recall_score(actual, predicted, pos_label=0, zero_division=0)
    )
    for name, beta in rates.BETAS.items():
        expected = metrics.fbeta_score(actual, predicted, beta=beta, zero_division=0)
        assert found[name] == _or_none(any(actual) or any(predicted), expected), name
    for left, right in (("true_positive_rate", "false_negative_rate"), ("true_negative_rate", "false_positive_rate")):
        assert (found[left] is None) == (found[right] is None)
        assert found[left] is None or (found[left] or 0) + (found[right] or 0) == pytest.approx(1, abs=1e-15)


def _or_none(defined: object, expected: float) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-15) if defined else None


@examples
@given(tables)
def test_undefined_rates_may_count_as_nothing(cells: tuple[int, ...]) -> None:
    """As recorded; then nothing is None, and what is defined stays as it is."""
    seen = Outcomes.of(np.array(cells))
    defined, recorded = rates.binary(seen), rates.binary(seen, empty=0.0)

    assert None not in recorded.values()
    for name, value in defined.items():
        assert value is None or value == recorded[name], name


@examples
@given(tables)
def test_the_best_constant_classifier_predicts_the_majority(cells: tuple[int, ...]) -> None:
    counts = np.array(cells).reshape(2, 2)
    actual, _ = rows(counts)
    majority = int(sum(actual) > len(actual) / 2)

    found = rates.best_constant(Outcomes.of(counts))

    predicted = [majority] * len(actual)
    assert found["accuracy"] == metrics.accuracy_score(actual, predicted)
    assert found["recall"] == metrics.recall_score(actual, predicted, zero_division=0)
    assert found["precision"] == metrics.precision_score(actual, predicted, zero_division=0)
    assert found["f2"] == pytest.approx(metrics.fbeta_score(actual, predicted, beta=2, zero_division=0))


@st.composite
def squares(draw: st.DrawFn) -> Any:
    size = draw(st.integers(1, 5))
    cells = draw(st.lists(small, min_size=size * size, max_size=size * size).filter(sum))
    return np.array(cells, np.int64).reshape(size, size)


@examples
@given(squares())
def test_multiclass_rates(counts: Any) -> None:
    actual, predicted = rows(counts)
    common = {"average": "weighted", "zero_division": 0}

    found = rates.weighted(counts)

    assert found["accuracy"] == metrics.accuracy_score(actual, predicted)
    assert found["weighted_recall"] == pytest.approx(metrics.recall_score(actual, predicted, **common), rel=1e-12)
    assert found["weighted_precision"] == pytest.approx(metrics.precision_score(actual, predicted, **common), rel=1e-12)
    for name, beta in rates.BETAS.items():
        expected = metrics.fbeta_score(actual, predicted, beta=beta, **common)
        assert found[f"weighted_{name}"] == pytest.approx(expected, rel=1e-12, abs=1e-15), name


@examples
@given(squares())
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
def test_rates_of_ours(counts: Any) -> None:
    actual, predicted = rows(counts)
    common = {"average": "macro", "zero_division": 0}

    macro = rates.macro(counts)

    assert macro["macro_recall"] == pytest.approx(metrics.recall_score(actual, predicted, **common), rel=1e-12)
    assert macro["macro_precision"] == pytest.approx(metrics.precision_score(actual, predicted, **common), rel=1e-12)
    assert macro["macro_f1"] == pytest.approx(metrics.f1_score(actual, predicted, **common), rel=1e-12)
    assert rates.balanced_accuracy(counts) == pytest.approx(metrics.balanced_accuracy_score(actual, predicted))
    constant = len(set(actual)) == 1 or len(set(predicted)) == 1
    expected = None if constant else pytest.approx(metrics.matthews_corrcoef(actual, predicted), abs=1e-12)
    assert rates.matthews(counts) == expected


@examples
@given(squares())
def test_rates_by_class(counts: Any) -> None:
    actual, predicted = rows(counts)
    labels = list(range(len(counts)))
    precision, recall, _, support = metrics.precision_recall_fscore_support(
        actual, predicted, labels=labels, zero_division=np.nan
    )
    for at, found in enumerate(rates.by_class(counts)):
        assert (found.support, found.predicted) == (support[at], predicted.count(at))
        assert found.precision == (None if np.isnan(precision[at]) else pytest.approx(precision[at], rel=1e-12))
        assert found.recall == (None if np.isnan(recall[at]) else pytest.approx(recall[at], rel=1e-12))


def test_no_rows_leave_everything_undefined() -> None:
    assert set(rates.binary(Outcomes(0, 0, 0, 0)).values()) == {None}
    assert set(rates.weighted(np.zeros((2, 2), np.int64)).values()) == {None}
    assert rates.matthews(np.zeros((0, 0), np.int64)) is None
    assert rates.constant(np.zeros((0, 0), np.int64)).shape == (0, 0)


def test_counts_beyond_32_bits_are_exact() -> None:
    counts = np.array([[3 * 2**40, 2**40], [2**40, 3 * 2**40]])

    assert rates.binary(Outcomes.of(counts))["accuracy"] == 0.75
    assert rates.matthews(counts) == 0.5


def test_of_equally_frequent_classes_the_first_is_the_best_constant() -> None:
    assert rates.constant(np.array([[1, 1], [2, 0]])).tolist() == [[2, 0], [2, 0]]
    assert rates.best_constant(Outcomes(1, 0, 1, 0))["recall"] == 0.0
