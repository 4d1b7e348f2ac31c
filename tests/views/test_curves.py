"""Curves and areas against scikit-learn: ties, one class, scores that are no probabilities, and the coarse regime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analyzer.counting.tally import Tally
from analyzer.views import curves
from analyzer.views.curves import Curve, Ranking

EXACT = 1 << 20
scores = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-10, 10, allow_subnormal=False))
samples = st.lists(st.tuples(st.integers(0, 1), scores), min_size=1, max_size=40)
examples = settings(max_examples=50, deadline=None)


def ranking(labels: Any, values: Any, limit: int = EXACT) -> Ranking:
    labels, values = np.asarray(labels), np.asarray(values, np.float64) + 0.0
    sides = (values[labels == 1], values[labels == 0])
    return Ranking.of(*(Tally.of(side, np.ones(len(side), np.int64), limit) for side in sides))


@examples
@given(samples)
def test_the_area_is_that_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    labels, values = zip(*rows, strict=True)
    found = curves.auc(ranking(labels, values))

    if len(set(labels)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(metrics.roc_auc_score(labels, values), rel=1e-12, abs=1e-15)


@examples
@given(samples.filter(lambda rows: len({label for label, _ in rows}) == 2))
def test_the_roc_curve_is_that_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    labels, values = zip(*rows, strict=True)
    x, y, _ = metrics.roc_curve(labels, values, drop_intermediate=False)

    found = curves.roc(ranking(labels, values))

    assert found.x.tolist() == pytest.approx(x.tolist())
    assert found.y.tolist() == pytest.approx(y.tolist())


@examples
@given(samples.filter(lambda rows: any(label for label, _ in rows)))
def test_the_precision_recall_curve_is_that_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    labels, values = zip(*rows, strict=True)
    precision, recall, _ = metrics.precision_recall_curve(labels, values)

    seen = ranking(labels, values)
    found = curves.precision_recall(seen)

    assert found.y.tolist() == pytest.approx(precision[::-1].tolist())
    assert found.x.tolist() == pytest.approx(recall[::-1].tolist())
    assert curves.average_precision(seen) == pytest.approx(metrics.average_precision_score(labels, values))


def test_curves_of_nothing_and_of_one_class() -> None:
    nothing = ranking([], [])

    assert (curves.auc(nothing), curves.average_precision(nothing), curves.auc_error(nothing)) == (None, None, 0.0)
    assert curves.roc(nothing).x.tolist() == [0.0, 1.0]
    assert curves.auc_deviation(nothing) is None
    assert curves.average_precision(ranking([0, 0], [0.1, 0.2])) is None
    assert curves.auc(ranking([1, 1], [0.1, 0.2])) is None


def test_the_recorded_curve_ends_with_a_point_of_its_own() -> None:
    """contract.md 7.1: the documented list ends with (1, 1) whatever comes before."""
    seen = ranking([1, 0], [0.9, 0.1])

    assert curves.roc(seen).x.tolist() == [0.0, 0.0, 1.0]
    assert curves.roc(seen, strict=True).x.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert curves.area(curves.roc(seen, strict=True)) == curves.area(curves.roc(seen)) == 1.0


@pytest.mark.parametrize("limit", [16, 100, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_beyond_the_exact_regime_the_area_is_within_its_stated_error(limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.random(20_000) < 0.3
    values = np.where(labels, random.beta(4, 2, 20_000), random.beta(2, 4, 20_000))
    seen = ranking(labels, values, limit)

    error = abs((curves.auc(seen) or 0) - metrics.roc_auc_score(labels, values))

    assert not seen.is_exact
    assert error <= curves.auc_error(seen) + 1e-12
    assert curves.auc_error(seen) < 3 / limit


def test_the_stated_error_is_reached_by_the_worst_case() -> None:
    """Every positive just above every negative, all in one cell: counted as ties, in truth all pairs are won."""
    low = 1.0
    values = [low] * 5 + [np.nextafter(low, 2)] * 5
    seen = ranking([0] * 5 + [1] * 5, values, 1)
    coarse = Ranking(np.array([low]), np.array([5]), np.array([5]), is_exact=False)

    assert (curves.auc(seen), metrics.roc_auc_score([0] * 5 + [1] * 5, values)) == (1.0, 1.0)
    assert (curves.auc(coarse), curves.auc_error(coarse)) == (0.5, 0.5)


def test_the_deviation_of_the_area_is_that_of_many_samples() -> None:
    """DeLong's formula against the spread over 400 fresh data sets."""
    random = np.random.default_rng(3)

    def drawn() -> Ranking:
        labels = np.arange(600) < 150
        return ranking(labels, random.normal(labels, 1.0))

    seen = [drawn() for _ in range(400)]
    areas = np.array([curves.auc(each) for each in seen], np.float64)
    estimates = np.array([curves.auc_deviation(each) for each in seen], np.float64)

    assert estimates.mean() == pytest.approx(areas.std(), rel=0.12)


@examples
@given(st.integers(10, 60), st.integers(0, 2**32))
def test_a_thinned_curve_keeps_its_ends_and_its_limit(limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.random(500) < random.random()
    seen = ranking(labels, random.normal(labels))
    for whole in (curves.roc(seen), curves.precision_recall(seen)):
        found = whole.thinned(limit)
        points = set(zip(whole.x.tolist(), whole.y.tolist(), strict=True))

        assert len(found.x) <= limit
        assert (found.x[0], found.y[0], found.x[-1], found.y[-1]) == (whole.x[0], whole.y[0], whole.x[-1], whole.y[-1])
        assert set(zip(found.x.tolist(), found.y.tolist(), strict=True)) <= points


def test_a_thinned_roc_curve_stays_close() -> None:
    random = np.random.default_rng(1)
    labels = random.random(50_000) < 0.4
    whole = curves.roc(ranking(labels, random.normal(labels)))

    found = whole.thinned(200)

    between = np.interp(whole.x, found.x, found.y)
    assert np.abs(between - whole.y).max() < 2 * 2 / 198


def test_a_short_curve_is_left_as_it_is() -> None:
    curve = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    flat = Curve(np.zeros(50), np.ones(50))

    assert curve.thinned(10) is curve
    assert flat.thinned(10).x.tolist() == [0.0, 0.0]
