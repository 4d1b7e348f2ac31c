"""Distances: recorded Deequ values, scipy, and the measured drift that a loss of ties hides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.folds.quantiles import Quantiles, Sketch
from analyzer.views import distance
from analyzer.views.sketch import distribution
from tests.deequ import deequ_model
from tests.folds.test_quantiles import sketch_of

SMALL = st.lists(st.integers(-5, 5).map(float) | st.floats(-10, 10), min_size=1, max_size=60)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 400), min_size=1)


@given(SMALL, SMALL)
def test_the_distance_is_the_two_sample_ks_statistic(left: list[float], right: list[float]) -> None:
    found = distance.ks_distance(distribution(sketch_of(left)), distribution(sketch_of(right)))

    assert found == pytest.approx(stats.ks_2samp(left, right, method="asymp").statistic, abs=1e-12)


Sample = Callable[[np.random.Generator, int], npt.NDArray[np.floating[Any]]]
MEASURED: list[tuple[str, Sample, Sample]] = [
    ("flags", lambda r, n: (r.random(n) < 0.2) * 1.0, lambda r, n: (r.random(n) < 0.6) * 1.0),
    ("ages", lambda r, n: np.rint(r.normal(40, 12, n)), lambda r, n: np.rint(r.normal(46, 12, n))),
    ("poisson", lambda r, n: r.poisson(3, n) * 1.0, lambda r, n: r.poisson(4.5, n) * 1.0),
    ("no drift", lambda r, n: r.poisson(3, n) * 1.0, lambda r, n: r.poisson(3, n) * 1.0),
    ("normal", lambda r, n: r.normal(0, 1, n), lambda r, n: r.normal(0.5, 1, n)),
]


@pytest.mark.parametrize("rows", [20_000, 100_000])
@pytest.mark.parametrize(("name", "before", "now"), MEASURED, ids=[name for name, _, _ in MEASURED])
def test_drift_of_tied_columns_is_within_a_hundredth_of_the_exact_distance(
    name: str, before: Sample, now: Sample, rows: int
) -> None:
    """The table at the top of the user requests: 0/1, integer and Poisson columns, sketches of many splits."""
    random = np.random.default_rng(7)
    baseline, current = before(random, 100_000), now(random, rows)
    merged: dict[str, Sketch] = {}
    for part in np.array_split(current, 5):
        merged = Quantiles().merge(merged, {"x": sketch_of(part)})

    found = distance.ks_distance(distribution(sketch_of(baseline)), distribution(merged["x"]))

    assert found == pytest.approx(stats.ks_2samp(baseline, current, method="asymp").statistic, abs=0.01), name


@pytest.mark.golden
def test_strict_distances_equal_the_independent_model(golden: Path) -> None:
    oracle, random = deequ_model(golden), np.random.default_rng(3)
    for values, others in (
        (random.normal(size=3000), random.normal(0.3, 1, size=5000)),
        (random.integers(0, 20, 3000) * 1.0, random.integers(2, 22, 4000) * 1.0),
        (np.array([1.0, 1, 1, 2]), np.array([1.0, 2, 2, 2])),
    ):
        left, right = oracle.Kll().update(values), oracle.Kll().update(others)
        mine = [distance.deequ_distribution(sketch_of(each)) for each in (values, others)]
        simple = distance.ks_distance(*mine)

        assert simple is not None
        assert simple == pytest.approx(oracle.numerical_distance(left, right, simple=True), abs=1e-15)
        assert distance.robust(simple, mine[0].count, mine[1].count) == pytest.approx(
            oracle.numerical_distance(left, right), abs=1e-12
        )


@pytest.mark.golden
def test_the_recorded_loss_of_ties_shows_in_strict_mode_only(golden: Path) -> None:
    cases = json.loads((golden / "deequ_vectors.json").read_text())["numeric_distance"]
    recorded = {case["name"]: case for case in cases}
    left, right = sketch_of([1.0, 1, 1, 2]), sketch_of([1.0, 2, 2, 2])

    strict = distance.ks_distance(distance.deequ_distribution(left), distance.deequ_distribution(right))

    assert strict == recorded["ties_lose_weight"]["simple"] == 0.0
    assert distance.deequ_distribution(left).count == recorded["ties_lose_weight"]["rank_total_x"]
    assert distance.ks_distance(distribution(left), distribution(right)) == 0.5


def test_recorded_category_distances_and_tests_are_reproduced() -> None:
    """Worked examples of the Deequ specification, sections 6.1 and 6.2."""
    before = {"a": 10, "b": 20, "c": 25, "d": 10, "e": 5}
    now = {"a": 11, "b": 20, "c": 25, "d": 10, "e": 10}
    shifted = {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25, "g": 13}
    expected = {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15}
    fewer = {"a": 100, "b": 20, "c": 25, "d": 10, "e": 5, "f": 2}
    fitted = distance.deequ_chi_square(expected, shifted)
    pooled = distance.deequ_chi_square({"a": 100, "b": 22, "c": 25, "d": 5, "e": 13, "f": 2}, fewer)
    halves = distance.deequ_chi_square({"a": 20, "b": 20}, {"a": 30})

    assert distance.category_distance(before, now) == 0.06015037593984962
    assert fitted is not None
    assert (fitted.statistic, fitted.p_value) == pytest.approx((28.175042782458068, 3.3640191298478506e-5))
    assert pooled is not None
    assert pooled.statistic == pytest.approx(8.789790456457125)
    assert halves is not None
    assert halves.p_value == pytest.approx(4.3204630539861455e-8)
    assert distance.deequ_chi_square({"a": 100, "b": 4, "c": 3}, {"a": 100, "b": 4, "c": 3}) is None


@given(COUNTS, COUNTS)
def test_homogeneity_agrees_with_scipy_where_nothing_is_rare(left: dict[str, int], right: dict[str, int]) -> None:
    left = {name: left.get(name, 0) + 60 for name in "abcd"}
    right = {name: right.get(name, 0) + 60 for name in "abcd"}
    table = np.array([[side[name] for name in "abcd"] for side in (left, right)])

    found = distance.homogeneity(left, right)

    expected = stats.chi2_contingency(table, correction=False)
    assert found is not None
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9, abs=1e-12)


@given(COUNTS, st.integers(2, 1000))
def test_equal_shares_at_any_sizes_are_no_drift(counts: dict[str, int], factor: int) -> None:
    larger = {name: count * factor for name, count in counts.items()}
    test = distance.homogeneity(counts, larger)

    assert distance.category_distance(counts, larger) == pytest.approx(0, abs=1e-12)
    assert test is None or test.p_value > 0.999


def test_a_new_category_is_mass_in_every_method() -> None:
    before, now = {"a": 500, "b": 500}, {"a": 400, "b": 400, "new": 200}
    test = distance.homogeneity(before, now)

    assert distance.category_distance(before, now) == pytest.approx(0.2)
    assert test is not None
    assert test.p_value < 1e-9


@given(COUNTS | st.just({}), COUNTS | st.just({}))
def test_distances_are_total(left: dict[str, int], right: dict[str, int]) -> None:
    values = [
        distance.category_distance(left, right),
        *(getattr(test(left, right), "p_value", None) for test in (distance.homogeneity, distance.deequ_chi_square)),
    ]

    assert all(value is None or 0 <= value <= 1 for value in values)
    assert distance.ks_distance(distribution(Sketch()), distribution(sketch_of([1.0]))) is None


@pytest.mark.parametrize("degrees", [1, 2, 3, 7, 20, 119])
@pytest.mark.parametrize("statistic", [0.0, 0.1, 1.0, 10.0, 150.0, 2000.0])
def test_the_chi_square_tail_agrees_with_scipy(statistic: float, degrees: int) -> None:
    expected = stats.chi2.sf(statistic, degrees)

    assert distance.chi_square_survival(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_same_distribution_rarely_alarms_at_any_sample_size() -> None:
    """False alarms of the robust distance at its default threshold, from tiny to large windows."""
    random = np.random.default_rng(11)
    baseline = distribution(sketch_of(random.normal(size=20_000)))
    alarms = 0
    for rows in (1, 5, 10, 50, 100, 1000, 10_000):
        for _ in range(40):
            current = distribution(sketch_of(random.normal(size=rows)))
            raw = distance.ks_distance(baseline, current)
            assert raw is not None
            alarms += distance.robust(raw, baseline.count, current.count) > 0.1

    assert alarms <= 3  # 1 % of 280
