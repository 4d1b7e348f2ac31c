"""Metrics of bias against recorded tables, another hand's formulas and fairlearn."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.views.bias import Sides, difference, ratio
from analyzer.views.bias_metrics import (
    ALL_MISSED,
    BY_NAME,
    DESCRIPTIONS,
    METRICS,
    NAMES,
    NO_GROUP,
    NO_NEGATIVES,
    NO_POSITIVES,
    NO_ROWS,
    NOTHING_COMMON,
    POST,
    PRE,
    GroupCounts,
    measure_disparity,
)

CELLS = ("TP", "FP", "FN", "TN")
INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf}
COUNTS = st.integers(0, 40)
tables = st.tuples(COUNTS, COUNTS, COUNTS, COUNTS)


def sides(a: Any, d: Any) -> Sides:
    return Sides(np.array(a), np.array(d))


@pytest.mark.golden
def test_the_recorded_tables(golden: Path) -> None:
    """Twelve tables of the closed image's library, zero denominators among them."""
    recorded = json.loads((golden / "bias_edge_cases/expected.json").read_text())
    cases = {name: case for name, case in recorded.items() if isinstance(case, dict) and "counts" in case}
    assert len(cases) == 12
    for name, case in cases.items():
        both = sides(*([case["counts"][cell + facet] for cell in CELLS] for facet in "ad"))
        for metric, expected in case["metrics"].items():
            found, value = BY_NAME[metric].measure(both), INFINITE.get(expected["value"], expected["value"])
            assert found.error == expected.get("error"), (name, metric)
            assert found.value == (None if value is None else pytest.approx(value, rel=2e-15)), (name, metric)


@pytest.mark.golden
def test_the_recorded_conditional_disparity(golden: Path) -> None:
    case = json.loads((golden / "bias_edge_cases/expected.json").read_text())["cdd_groups"]
    rows = list(zip(*(case["rows"][name] for name in ("grp", "s", "y")), strict=True))
    groups = sorted({group for group, _, _ in rows})
    count = Counter(rows)

    def total(label: int, *facets: int) -> Any:
        return np.array([sum(count[group, s, label] for s in facets) for group in groups])

    found = measure_disparity(GroupCounts(total(0, 0, 1), total(1, 0, 1), total(0, 1), total(1, 1)), 5, 8)

    assert found.value == pytest.approx(case["CDDL"], rel=1e-15)


def plain(a: tuple[int, ...], d: tuple[int, ...]) -> dict[str, float | None]:
    """The formulas of the specification, one number at a time."""
    (tpa, fpa, fna, tna), (tpd, fpd, fnd, tnd) = a, d
    na, nd = sum(a), sum(d)
    if not (na and nd):
        return {}

    def div(x: float, y: float) -> float:
        return 0.0 if x == y == 0 else math.inf if y == 0 else x / y

    def minus(x: float, y: float) -> float:
        return 0.0 if x == y else x - y

    shares = [(p / na, q / nd) for p, q in ((fpa + tna, fpd + tnd), (tpa + fna, tpd + fnd)) if p and q]
    rows, missed = na + nd, fna + fnd
    mean = 1 + (fpa + fpd - missed) / rows
    entropy = 0.5 * ((4 * (fpa + fpd) + tpa + tpd + tna + tnd) / (rows * mean**2) - 1) if missed < rows else None
    return {
        "CI": (na - nd) / rows,
        "DPL": (tpa + fna) / na - (tpd + fnd) / nd,
        "KL": sum(p * math.log(p / q) for p, q in shares) if shares else None,
        "JS": sum(x * math.log(2 * x / (p + q)) for p, q in shares for x in (p, q)) / 2 if shares else None,
        "LP": math.hypot(*(p - q for p, q in shares)) if shares else None,
        "TVD": sum(abs(p - q) for p, q in shares) / 2 if shares else None,
        "KS": max(abs(p - q) for p, q in shares) if shares else None,
        "DPPL": (tpa + fpa) / na - (tpd + fpd) / nd,
        "DI": div((tpd + fpd) / nd, (tpa + fpa) / na),
        "DCA": minus(div(tpa + fna, tpa + fpa), div(tpd + fnd, tpd + fpd)),
        "DCR": minus(div(fpd + tnd, fnd + tnd), div(fpa + tna, fna + tna)),
        "RD": minus(div(tpa, tpa + fna), div(tpd, tpd + fnd)),
        "SD": minus(div(tnd, tnd + fpd), div(tna, tna + fpa)),
        "DAR": minus(div(tpa, tpa + fpa), div(tpd, tpd + fpd)),
        "DRR": minus(div(tnd, tnd + fnd), div(tna, tna + fna)),
        "AD": (tpa + tna) / na - (tpd + tnd) / nd,
        "TE": minus(div(fnd, fpd), div(fna, fpa)),
        "GE": entropy,
    }


@given(a=tables, d=tables)
def test_every_metric_by_another_hand(a: tuple[int, ...], d: tuple[int, ...]) -> None:
    expected = plain(a, d)
    for metric in METRICS:
        found = metric.measure(sides(a, d))
        assert (found.value is None) == (found.error is not None)
        if expected:
            value = expected[metric.name]
            assert found.value == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), metric.name
        elif metric.name != "GE":
            assert found.value is None


@given(a=tables, d=tables)
def test_many_tables_at_once_are_the_tables_one_by_one(a: tuple[int, ...], d: tuple[int, ...]) -> None:
    if not (sum(a) and sum(d)):
        return
    for metric in METRICS:
        alone = metric.value(sides(a, d))
        together = metric.value(sides([a, d, a], [d, a, d]))
        assert repr(float(together[0])) == repr(float(together[2])) == repr(float(alone))


@given(a=tables, d=tables)
def test_swapping_the_groups_turns_the_signs(a: tuple[int, ...], d: tuple[int, ...]) -> None:
    if not (sum(a) and sum(d)):
        return
    for name in ("CI", "DPL", "DPPL", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "AD", "TE"):
        there, back = (BY_NAME[name].measure(sides(*pair)).value for pair in ((a, d), (d, a)))
        assert there == -(back or 0.0), name
    for name in ("GE", "JS", "LP", "TVD", "KS"):
        there, back = (BY_NAME[name].measure(sides(*pair)).value for pair in ((a, d), (d, a)))
        assert there == (None if back is None else pytest.approx(back)), name


def test_fairlearn_agrees_where_it_overlaps() -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="the oracle fairlearn is not installed")
    random = np.random.default_rng(0)
    s, y = random.random(500) < 0.3, random.random(500) < 0.5
    p = random.random(500) < np.where(s, 0.3, 0.6)
    both = sides(*([int((side & y & p).sum()), int((side & ~y & p).sum()), int((side & y & ~p).sum()),
                    int((side & ~y & ~p).sum())] for side in (~s, s)))  # fmt: skip

    def value(name: str) -> float:
        return BY_NAME[name].measure(both).value or 0.0

    named = {"sensitive_features": s}
    assert value("DPPL") == pytest.approx(fairlearn.demographic_parity_difference(y, p, **named))
    assert value("DI") == pytest.approx(fairlearn.demographic_parity_ratio(y, p, **named))
    recalls = fairlearn.MetricFrame(metrics=fairlearn.true_positive_rate, y_true=y, y_pred=p, **named).by_group
    assert value("RD") == pytest.approx(recalls[False] - recalls[True])
    specific = fairlearn.MetricFrame(metrics=fairlearn.true_negative_rate, y_true=y, y_pred=p, **named).by_group
    assert value("SD") == pytest.approx(specific[True] - specific[False])
    rates = fairlearn.MetricFrame(metrics=fairlearn.selection_rate, y_true=y, y_pred=p, **named).by_group
    assert value("DPPL") == pytest.approx(rates[False] - rates[True])


@pytest.mark.parametrize(
    ("name", "without_d", "without_a"),
    [
        ("CI", "CI: facet set is empty. Check that x[facet] has non-zero length.", "CI: negated facet set is empty."),
        ("DPL", "Facet set is empty.", "Negative facet set is empty."),
        ("KL", NOTHING_COMMON, NOTHING_COMMON),
        ("DI", "Facet set is empty", "Negated facet set is empty"),
        ("DCA", "DCO: Facet set is empty", "DCO: Negated Facet set is empty"),
        ("DRR", "DLR: Facet set is empty", "DLR: Negated Facet set is empty"),
        ("SD", "DLA: Facet set is empty", "DLA: Negated Facet set is empty"),
        ("TE", "Facet set is empty", "Negated Facet set is empty"),
    ],
)
def test_an_empty_side_is_an_error_in_the_recorded_words(name: str, without_d: str, without_a: str) -> None:
    some, none = [1, 2, 3, 4], [0, 0, 0, 0]

    assert BY_NAME[name].measure(sides(some, none)).error == without_d
    assert (BY_NAME[name].measure(sides(none, some)).error or "").startswith(without_a)


def test_entropy_knows_no_sides_but_needs_a_benefit() -> None:
    assert BY_NAME["GE"].measure(sides([0, 0, 0, 0], [1, 2, 3, 4])).value is not None
    assert BY_NAME["GE"].measure(sides([0, 0, 5, 0], [0, 0, 2, 0])).error == ALL_MISSED
    assert BY_NAME["GE"].measure(sides([0] * 4, [0] * 4)).error == NO_ROWS


def test_a_disparity_needs_groups_and_both_outcomes() -> None:
    one = np.array([1])

    assert measure_disparity(None, 3, 3).error == NO_GROUP
    assert measure_disparity(GroupCounts(one, one, one, one), 0, 3).error == NO_POSITIVES
    assert measure_disparity(GroupCounts(one, one, one, one), 3, 0).error == NO_NEGATIVES
    assert measure_disparity(GroupCounts(*[np.empty(0, np.int64)] * 4), 3, 3).error == NO_GROUP


def test_divisions_and_differences_of_the_specification() -> None:
    zero, one = np.array(0), np.array(1)

    assert [float(ratio(*pair)) for pair in ((zero, zero), (one, zero), (one, one))] == [0, math.inf, 1]
    infinite = np.array(math.inf)
    assert [float(difference(each, infinite)) for each in (infinite, one)] == [0, -math.inf]


def test_names_are_complete_and_sorted() -> None:
    assert NAMES[PRE] == ("CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD")
    assert NAMES[POST] == ("AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "FT", "GE", "RD", "SD", "TE")
    assert DESCRIPTIONS.keys() == {*NAMES[PRE], *NAMES[POST]}


def test_support_is_the_weakest_denominator() -> None:
    both = sides([4, 6, 1, 9], [2, 0, 3, 1])

    found = {name: BY_NAME[name].measure(both).support for name in ("DPL", "DAR", "RD", "SD", "DRR", "TE", "GE")}

    assert found == {"DPL": 6, "DAR": 2, "RD": 5, "SD": 1, "DRR": 4, "TE": 0, "GE": 26}
