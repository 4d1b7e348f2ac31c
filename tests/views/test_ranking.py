"""nDCG against scikit-learn and the worked example of the guide; changes of shares against hand-made cases."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from analyzer.views.ranking import Share, movements, ndcg, shares_of

values = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1e6))


@given(pairs=st.lists(st.tuples(values, values), min_size=2, max_size=12))
def test_it_is_the_score_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    baseline = {f"f{at}": pair[0] for at, pair in enumerate(pairs)}
    current = {f"f{at}": pair[1] for at, pair in enumerate(pairs)}
    expected = ndcg_score([list(baseline.values())], [list(current.values())])

    assert ndcg(baseline, current) == pytest.approx(expected, abs=1e-9)


@pytest.mark.golden
def test_the_worked_example(golden: Path) -> None:
    case = json.loads((golden / "ndcg_worked/case.json").read_text())
    expected = json.loads((golden / "ndcg_worked/expected.json").read_text())["college_admission"]

    found = ndcg(case["baseline"], case["live"])

    assert found == pytest.approx(expected["ndcg"], abs=1e-15)
    assert (found < case["threshold"]) == expected["violation"]


def test_all_orders_of_the_worked_example() -> None:
    baseline = {"S": 0.70, "G": 0.50, "R": 0.05}
    expected = {"SGR": 1, "SRG": 0.9434, "GSR": 0.9291, "GRS": 0.8473, "RSG": 0.7128, "RGS": 0.6876}

    found = {
        "".join(order): ndcg(baseline, {name: 3.0 - at for at, name in enumerate(order)})
        for order in permutations("SGR")
    }

    assert {order: round(score or 0, 4) for order, score in found.items()} == expected


def test_ties_share_the_discount_of_their_ranks() -> None:
    assert ndcg({"a": 3, "b": 2, "c": 1}, dict.fromkeys("abc", 1.0)) == pytest.approx(0.894999, abs=1e-6)


def test_features_are_aligned_by_name() -> None:
    assert ndcg({"a": 3, "b": 2, "c": 1}, {"c": 1, "a": 3, "b": 2}) == 1.0


def test_a_feature_that_one_side_lacks_counts_as_nothing_there() -> None:
    expected = ndcg({"a": 3, "b": 2, "c": 0}, {"a": 3, "b": 0, "c": 2})

    assert ndcg({"a": 3, "b": 2}, {"a": 3, "c": 2}) == expected


def test_negative_medians_are_taken_by_their_magnitude() -> None:
    assert ndcg({"a": -3, "b": 2}, {"a": 3, "b": -2}) == 1.0


@pytest.mark.parametrize(("baseline", "expected"), [({}, None), ({"a": 1.0}, None), ({"a": 0.0, "b": 0.0}, 0.0)])
def test_what_has_no_order(baseline: dict[str, float], expected: float | None) -> None:
    assert ndcg(baseline, baseline) == expected


def test_a_swap_of_the_first_two_features_shows_in_the_shares_but_not_in_the_score() -> None:
    baseline, current = {"a": 5.0, "b": 4.0, "c": 1.0}, {"a": 3.0, "b": 6.0, "c": 1.0}

    moved = movements(shares_of(baseline), shares_of(current))

    assert (ndcg(baseline, current) or 0) > 0.9
    assert moved["a"].change == pytest.approx(-0.2)
    assert (moved["a"].baseline_rank, moved["a"].rank) == (1, 2)
    assert moved["b"].exceeds(0.1)
    assert not moved["c"].exceeds(0.1)


def test_a_change_within_its_sampling_error_does_not_count() -> None:
    moved = movements({"a": Share(0.5, 0.06)}, {"a": Share(0.7, 0.08)})["a"]

    assert moved.error == pytest.approx(0.1)
    assert not moved.exceeds(0.1)
    assert moved.exceeds(0.1, errors=1.9)


def test_shares_of_nothing_are_none() -> None:
    assert shares_of({"a": 0.0}) == {}
    assert movements({}, {"a": Share(1.0)})["a"].baseline_rank is None
    assert np.isclose(movements({}, {"a": Share(1.0)})["a"].change, 1.0)
