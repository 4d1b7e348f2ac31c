"""Intervals from resampled counts: repeatable, and as wide as those from resampled rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.views.bias import Sides
from analyzer.views.bias_metrics import BY_NAME, METRICS, GroupCounts
from analyzer.views.bootstrap import disparity_interval, intervals

SIDES = Sides(np.array([86, 36, 57, 277]), np.array([8, 2, 9, 191]))


def test_the_same_counts_give_the_same_intervals() -> None:
    assert intervals(SIDES, METRICS) == intervals(SIDES, METRICS)


def test_every_interval_holds_its_metric() -> None:
    found = intervals(SIDES, METRICS)

    assert found.keys() == {metric.name for metric in METRICS}
    for metric in METRICS:
        value = metric.measure(SIDES).value
        assert value is not None
        assert found[metric.name].low <= value <= found[metric.name].high, metric.name


@pytest.mark.parametrize("name", ["DPPL", "AD", "RD", "DI", "GE"])
def test_intervals_are_those_of_resampled_rows(name: str) -> None:
    """Rows drawn one by one, facet and cell together."""
    random = np.random.default_rng(0)
    rows = np.repeat(np.arange(8), np.concatenate([SIDES.a, SIDES.d]))
    drawn = [np.bincount(random.choice(rows, len(rows)), minlength=8) for _ in range(1000)]
    values = [float(BY_NAME[name].value(Sides(each[:4], each[4:]))) for each in drawn]
    low, high = np.quantile(values, [0.025, 0.975])

    found = intervals(SIDES, [BY_NAME[name]])[name]

    assert found.low == pytest.approx(low, abs=0.2 * (high - low))
    assert found.high == pytest.approx(high, abs=0.2 * (high - low))


def test_infinite_draws_keep_their_place() -> None:
    """Two false positives are none in one draw of eight, and then TE is infinite."""
    assert intervals(SIDES, [BY_NAME["TE"]])["TE"].high == math.inf


def test_an_empty_side_has_no_intervals() -> None:
    assert intervals(Sides(SIDES.a, np.zeros(4, np.int64)), METRICS) == {}


def test_the_interval_of_a_disparity_holds_it() -> None:
    random = np.random.default_rng(0)
    rejected, accepted = random.integers(20, 60, 40), random.integers(20, 60, 40)
    groups = GroupCounts(rejected, accepted, rejected // 2, accepted // 3)

    found = disparity_interval(groups)

    assert found is not None
    assert found.low < groups.disparity < found.high
    assert found == disparity_interval(groups)


@pytest.mark.parametrize(("groups", "is_drawn"), [(9_000, True), (50_000, False)])
def test_many_groups_are_drawn_less_often_and_too_many_not_at_all(groups: int, *, is_drawn: bool) -> None:
    many = np.full(groups, 3)

    found = disparity_interval(GroupCounts(many, many, many // 3, many // 3))

    assert (found is not None) == is_drawn


def test_no_groups_have_no_interval() -> None:
    assert disparity_interval(GroupCounts(*[np.zeros(0, np.int64)] * 4)) is None
