"""The rule of drift: recorded pairs, infinities, empty values, and what the default judges otherwise."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from analyzer.monitors.bias.comparison import Comparison, Judgement
from analyzer.monitors.bias.measures import Bias, Entry
from analyzer.monitors.bias.scale import Scale
from analyzer.options import Options
from analyzer.reports.analysis import Known
from analyzer.views.bias import Sides
from analyzer.views.bias_metrics import BY_NAME, Measure

MANY = Sides(np.array([86, 36, 57, 277]), np.array([18, 22, 19, 91]))


def entry(values: dict[str, float | None], value: str = "0", scale: Scale = Scale.CATEGORICAL) -> Entry:
    measures = {name: Measure(number, None if number is not None else "why", 40) for name, number in values.items()}
    return Entry("Sex", value, scale, MANY, measures)


def known(values: dict[str, Any], value: str = "0", **extra: Any) -> Known:
    metrics = [{"name": name, "value": number} for name, number in values.items()]
    facets = {"Sex": [{"value_or_threshold": value, "metrics": metrics, **extra}]}
    stage = {"label": "y", "facets": facets, "label_value_or_threshold": "1"}
    return msgspec.convert({"pre_training_bias_metrics": stage, "post_training_bias_metrics": stage}, Known)


def judged(now: Entry, before: Known, options: Options | None = None, *, strict: bool = False) -> Judgement:
    bias = Bias("1", Scale.CATEGORICAL, 484, 180, 162, [now], {}, [], None)
    return Comparison(before, options or Options(), strict).judge(bias)


def names(judgement: Judgement) -> list[str]:
    return [violation.metric_name for violation in judgement.violations]


RECORDED = {  # live and baseline values of two recorded runs (contract.md 8.4)
    "CDDPL": (0.3748947825295131, 0.28176563733194276),
    "DAR": (-0.34693877551020413, -0.09508196721311479),
    "DCA": (-36.69387755102041, -0.5278688524590163),
    "DCR": (-0.07650793650793647, 0.027874251497005953),
    "FT": (-0.13636363636363635, -0.03333333333333333),
    "GE": (0.9454985573866702, 0.0841186702174704),
    "RD": (0.17253086419753086, 0.1308103661044837),
    "SD": (0.27419354838709675, 0.10465328014037645),
    "TE": (math.inf, 2.916666666666667),
}


@pytest.mark.parametrize("strict", [True, False])
def test_the_recorded_pairs_are_violations_in_alphabetical_order(*, strict: bool) -> None:
    now, before = ({name: pair[at] for name, pair in RECORDED.items()} for at in (0, 1))

    found = judged(entry(dict(reversed(now.items()))), known(before), strict=strict)

    assert names(found) == sorted(RECORDED)


def test_disparate_impact_is_judged_by_its_distance_from_one() -> None:
    """0.083 against 0.178 is farther from 1; the closed image saw nothing. Its four recorded runs in strict mode."""
    pairs = [(0.083, 0.178), (1.3174603174603174, 0.9762611275964392), (0.99, 0.5), (2.0, 0.6), (1.5, 0.6)]
    found = [[bool(names(judged(entry({"DI": now}), known({"DI": then}), strict=strict))) for now, then in pairs]
             for strict in (True, False)]  # fmt: skip

    assert found == [[False, True, True, True, True], [True, True, False, True, False]]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (0.2, 0.2, False),
        (-0.2, 0.2, False),
        (-0.21, 0.2, True),
        (0.2 + 1e-14, 0.2, False),
        (1e-9, 0.0, True),
        (0.0, 0.0, False),
        (math.inf, 5.0, True),
        (-math.inf, 5.0, True),
        (math.inf, "Infinity", False),
        (3.0, "-Infinity", False),
        (0.9, None, False),
        (None, 0.1, False),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_absolute_values_are_compared(now: float | None, before: Any, *, expected: bool, strict: bool) -> None:
    assert bool(names(judged(entry({"DPPL": now}), known({"DPPL": before}), strict=strict))) == expected


def test_a_value_that_is_gone_is_said() -> None:
    found = judged(entry({"DPL": None}), known({"DPL": 0.1}))

    assert found.notices == ["DPL of facet Sex (0) has no value now: why."]


def test_metrics_before_training_are_checked_after_the_others() -> None:
    assert names(judged(entry({"CI": 0.5, "TE": 1.0}), known({"CI": 0.1, "TE": 0.1}))) == ["TE", "CI"]


def test_thresholds_are_paired_by_their_facet_and_named_as_they_are_now() -> None:
    """The maximum is part of the name, and the window has another one."""
    now = entry({"DPPL": 0.5}, "(100, 232]", Scale.CONTINUOUS)

    found = judged(now, known({"DPPL": 0.1}, "(100, 225]"), strict=True)

    assert [violation.facet_value for violation in found.violations] == ["(100, 232]"]


def test_groups_of_the_baseline_that_are_gone_are_said() -> None:
    found = judged(entry({"DPPL": 0.5}), known({"DPPL": 0.1}, "1"))

    assert not found.violations
    assert "Facet Sex: 1 of the baseline (post_training) was not measured now." in found.notices


@pytest.mark.parametrize(
    ("group", "shown"), [("(40, 85]", "(40, 85]"), ("", "the group above its threshold"), ("None", "None")]
)
def test_a_facet_of_the_baseline_that_is_gone_is_named(group: str, shown: str) -> None:
    """`None` is a category that was spelled so."""
    now = Entry("Age", "0", Scale.CATEGORICAL, MANY, {})

    found = judged(now, known({"DPPL": 0.1}, group))

    assert f"Facet Sex: {shown} of the baseline (post_training) was not measured now." in found.notices


def test_few_rows_make_a_warning_of_a_violation() -> None:
    now = Entry("Sex", "0", Scale.CATEGORICAL, MANY, {"DAR": Measure(0.5, None, 7), "AD": Measure(0.5, None, 700)})

    found = judged(now, known({"DAR": 0.1, "AD": 0.1}))

    assert {each.metric_name: each.severity for each in found.violations} == {"AD": "error", "DAR": "warning"}
    assert found.violations[0].counts == {"facet": 150, "others": 456}
    assert found.violations[0].strict.severity is None


def measured(sides: Sides) -> Entry:
    wanted = ("DPPL", "DI", "TE")
    return Entry("Sex", "0", Scale.CATEGORICAL, sides, {name: BY_NAME[name].measure(sides) for name in wanted})


def test_disjoint_intervals_are_asked_for_on_demand() -> None:
    """One row more or less is chance; ten times the difference is not."""
    before = {"DPPL": 0.0, "DI": 1.0, "TE": 0.0}
    close = measured(Sides(np.array([50, 10, 10, 130]), np.array([48, 10, 11, 131])))
    far = measured(Sides(np.array([500, 100, 100, 1300]), np.array([100, 100, 500, 1300])))
    options = Options(bias_disjoint_intervals=True)

    assert names(judged(close, known(before))) == ["DI", "DPPL", "TE"]
    assert names(judged(close, known(before), options)) == []
    assert names(judged(far, known(before), options)) == ["DI", "DPPL", "TE"]
    assert names(judged(close, known(before), options, strict=True)) == ["DPPL", "TE"]


def test_the_baselines_own_interval_counts_too() -> None:
    far = measured(Sides(np.array([500, 100, 100, 1300]), np.array([300, 100, 300, 1300])))
    options = Options(bias_disjoint_intervals=True)
    extra = {"type": "categorical", "rows": {}, "cells": {}, "intervals": {"DPPL": [-0.5, 0.5]}}

    assert names(judged(far, known({"DPPL": 0.01}), options)) == ["DPPL"]
    assert names(judged(far, known({"DPPL": 0.01}, analyzer=extra), options)) == []
