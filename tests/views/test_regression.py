"""Regression metrics against scikit-learn and numpy, through the fold that feeds them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analyzer.batch import Batch
from analyzer.fold import fold_batches
from analyzer.folds.residuals import Residuals, ResidualState
from analyzer.views import regression as views

numbers = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))
samples = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30)
examples = settings(max_examples=50, deadline=None)


def residuals(rows: list[tuple[float, float]], fold: Residuals | None = None, parts: int = 2) -> ResidualState:
    """The state after the rows, fed in parts."""
    fold = fold or Residuals()
    step = -(-len(rows) // parts)
    cut = [rows[at : at + step] for at in range(0, len(rows), step)]
    sides = [([y for y, _ in part], [p for _, p in part]) for part in cut]
    columns = [{"label": pa.array(actual), "prediction": pa.array(predicted)} for actual, predicted in sides]
    found: ResidualState = fold_batches(fold, [Batch(each, len(each["label"])) for each in columns])
    return found


@examples
@given(samples)
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined:sklearn.exceptions.UndefinedMetricWarning")
def test_metrics_are_those_of_scikit_learn(rows: list[tuple[float, float]]) -> None:
    actual, predicted = (np.array(side) for side in zip(*rows, strict=True))
    seen = residuals(rows)

    found = views.regression(seen)

    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(actual, predicted), rel=1e-9, abs=1e-9)
    assert found["mse"] == pytest.approx(metrics.mean_squared_error(actual, predicted), rel=1e-9, abs=1e-9)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(actual, predicted), rel=1e-9, abs=1e-9)
    if np.ptp(actual) > 1e-3:
        assert found["r2"] == pytest.approx(metrics.r2_score(actual, predicted), rel=1e-7, abs=1e-7)
    assert views.median_absolute_error(seen) == pytest.approx(
        metrics.median_absolute_error(actual, predicted), rel=1e-12, abs=1e-12
    )
    assert views.mean_error(seen) == pytest.approx(np.mean(predicted - actual), rel=1e-9, abs=1e-6)


@examples
@given(samples)
def test_relative_errors_leave_out_labels_of_zero(rows: list[tuple[float, float]]) -> None:
    seen = residuals(rows)
    kept = [(y, p) for y, p in rows if y]

    assert seen.zeros == len(rows) - len(kept)
    if kept and min(abs(y) for y, _ in kept) > 1e-9:
        expected = metrics.mean_absolute_percentage_error(*zip(*kept, strict=True))
        assert views.mean_relative_error(seen) == pytest.approx(expected, rel=1e-9)


@examples
@given(samples)
def test_residual_quantiles_are_numpys_inverted_ones(rows: list[tuple[float, float]]) -> None:
    errors = np.array([p - y for y, p in rows])
    found = views.residual_quantiles(residuals(rows))

    for share, value in found.items():
        assert value == pytest.approx(np.quantile(errors, float(share), method="inverted_cdf"), abs=1e-9)


def test_many_residuals_are_within_their_stated_error() -> None:
    random = np.random.default_rng(2)
    rows = list(zip(random.normal(100, 20, 40_000).tolist(), random.normal(101, 25, 40_000).tolist(), strict=True))
    seen = residuals(rows, parts=7)
    errors = np.abs([p - y for y, p in rows])

    assert not seen.errors.is_exact
    relative = 2.0 ** (seen.errors.shift - 52)
    assert views.median_absolute_error(seen) == pytest.approx(np.median(errors), rel=relative)
    assert views.regression(seen)["mae"] == pytest.approx(errors.mean(), rel=1e-12)


def test_nothing_and_constants_are_undefined() -> None:
    nothing, constant = ResidualState(), residuals([(5.0, 5.0), (5.0, 6.0)])

    assert set(views.regression(nothing).values()) == {None}
    assert (views.median_absolute_error(nothing), views.mean_error(nothing)) == (None, None)
    assert (views.mean_relative_error(nothing), views.residual_quantiles(nothing)) == (None, {})
    assert views.regression(constant) == {"mae": 0.5, "mse": 0.5, "rmse": 0.5**0.5, "r2": None}
    assert views.mean_relative_error(residuals([(0.0, 1.0)])) is None


def test_numbers_too_large_to_be_squared_leave_the_rest_defined() -> None:
    found = views.regression(residuals([(1e200, -1e200), (1.0, 1.0)]))

    assert (found["mae"], found["mse"], found["r2"]) == (1e200, None, None)


def test_the_spread_of_large_neighbours_is_not_lost() -> None:
    """The textbook sum of squares less the square of the sum would be 0 here, or negative."""
    rows = [(1e9 + at % 2, 1e9) for at in range(100)]

    assert views.regression(residuals(rows, parts=9))["r2"] == pytest.approx(-1.0)
