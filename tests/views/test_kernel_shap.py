"""Kernel SHAP against Shapley's own formula, summed over all coalitions."""

from __future__ import annotations

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.batch import Floats
from analyzer.views.kernel_shap import default_samples, design, logit


def shapley(values: dict[tuple[int, ...], float], features: int) -> Floats:
    """Shapley values of a game given by the value of every coalition."""
    found = np.zeros(features)
    for coalition, value in values.items():
        size = sum(coalition)
        for at, member in enumerate(coalition):
            if not member:
                joined = (*coalition[:at], 1, *coalition[at + 1 :])
                weight = factorial(size) * factorial(features - size - 1) / factorial(features)
                found[at] += weight * (values[joined] - value)
    return found


def game(features: int, seed: int) -> dict[tuple[int, ...], float]:
    """Any value for any coalition: no structure that an approximation could profit from."""
    chance = np.random.default_rng(seed)
    return {coalition: float(chance.normal()) for coalition in product((0, 1), repeat=features)}


def solved(values: dict[tuple[int, ...], float], features: int, samples: int) -> Floats:
    plan = design(features, samples)
    start, end = values[(0,) * features], values[(1,) * features]
    gains = np.array([values[tuple(map(int, mask))] - start for mask in plan.coalitions]).reshape(1, -1, 1)
    return plan.attributions(gains, np.array([[end - start]]))[0, :, 0]


@settings(max_examples=30, deadline=None)
@given(features=st.integers(1, 8), seed=st.integers(0, 1000))
def test_all_coalitions_give_the_shapley_values(features: int, seed: int) -> None:
    values = game(features, seed)

    found = solved(values, features, 2**features - 2)

    assert np.allclose(found, shapley(values, features), atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(features=st.integers(1, 12), samples=st.integers(1, 300), seed=st.integers(0, 1000))
def test_attributions_add_up_whatever_the_number_of_samples(features: int, samples: int, seed: int) -> None:
    values = game(features, seed)

    found = solved(values, features, samples)

    assert found.sum() == pytest.approx(values[(1,) * features] - values[(0,) * features], abs=1e-9)


@pytest.mark.parametrize(("features", "samples"), [(14, 100), (50, 1000), (69, 100), (5, 7), (300, 2648)])
def test_no_more_coalitions_than_asked_for_none_twice_and_every_one_with_its_complement(
    features: int, samples: int
) -> None:
    masks = design(features, samples).coalitions

    assert len(masks) <= samples
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert {row.tobytes() for row in masks} == {row.tobytes() for row in ~masks}
    assert masks.any(axis=1).all()
    assert not masks.all(axis=1).any()


def test_the_smallest_coalitions_are_all_there() -> None:
    sizes = design(14, 100).coalitions.sum(axis=1)

    assert (sizes == 1).sum() == (sizes == 13).sum() == 14


def test_more_samples_come_closer() -> None:
    features, seeds = 10, range(20)
    games = [game(features, seed) for seed in seeds]
    errors = {
        samples: np.mean([np.abs(solved(each, features, samples) - shapley(each, features)).mean() for each in games])
        for samples in (60, 400, 1022)
    }

    assert errors[60] > 1.5 * errors[400] > errors[1022] * 1.5
    assert errors[1022] < 1e-10


def test_the_mean_over_many_designs_is_near_the_shapley_value() -> None:
    """Sampling is fair: no coalition is favoured (a ratio of sums keeps a small bias)."""
    values, whole = game(8, 3), np.array([[0.0]])
    start = values[(0,) * 8]
    whole[0, 0] = values[(1,) * 8] - start
    found = []
    for seed in range(200):
        plan = design(8, 80, seed)
        gains = np.array([values[tuple(map(int, mask))] - start for mask in plan.coalitions])
        found.append(plan.attributions(gains.reshape(1, -1, 1), whole)[0, :, 0])

    single = np.abs(np.array(found) - shapley(values, 8)).mean()
    together = np.abs(np.mean(found, axis=0) - shapley(values, 8)).mean()

    assert together < 0.2 * single


def test_the_same_seed_gives_the_same_design_and_another_one_another() -> None:
    first, again, other = design(20, 200, 1), design(20, 200, 1), design(20, 200, 2)

    assert (first.coalitions == again.coalitions).all()
    assert (first.answers == again.answers).all()
    assert (first.coalitions != other.coalitions).any()


def test_a_linear_model_is_solved_exactly_by_few_samples() -> None:
    features = 40
    weights = np.random.default_rng(0).normal(size=features)
    plan = design(features, 200)

    found = plan.attributions((plan.coalitions @ weights).reshape(1, -1, 1), np.array([[weights.sum()]]))

    assert np.allclose(found[0, :, 0], weights)


def test_a_single_feature_gets_everything() -> None:
    plan = design(1, default_samples(1))

    assert plan.attributions(np.empty((1, 0, 1)), np.array([[3.0]])).tolist() == [[[3.0]]]


@pytest.mark.parametrize(("features", "expected"), [(1, 0), (3, 6), (10, 1022), (11, 2046), (12, 2072), (50, 2148)])
def test_the_default_number_of_samples(features: int, expected: int) -> None:
    assert default_samples(features) == expected
    assert default_samples(features) <= 2**features - 2


def test_sizes_are_drawn_by_the_weight_of_the_kernel() -> None:
    features, samples = 30, 20_000
    sizes = design(features, samples).coalitions.sum(axis=1)
    drawn = [size for size in range(5, 16) if (sizes == size).sum() < comb(features, size)]
    shares = {size: (features - 1) / (size * (features - size)) for size in drawn}

    counts = {size: int((sizes == size).sum()) for size in drawn}

    for size in drawn[:-1]:  # at half the features complements are of the same size
        expected = shares[size] / shares[drawn[0]]
        assert counts[size] / counts[drawn[0]] == pytest.approx(expected, rel=0.02)


def test_log_odds_of_certainty_are_finite() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
    assert logit(np.array([0.5])).tolist() == [0.0]
