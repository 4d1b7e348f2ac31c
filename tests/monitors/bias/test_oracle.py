"""Every metric of generated data against smclarify 0.5, the library that runs inside the closed image."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analyzer.monitors.bias.measures import NONE_POSITIVE, Bias
from analyzer.views.bias_metrics import DESCRIPTIONS, FT, NAMES, POST, PRE
from tests.monitors.bias.frames import Frame, batch_of, by_library, measured, plan_of

INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf}


@st.composite
def frames(draw: st.DrawFn, facets: st.SearchStrategy[Any], labels: st.SearchStrategy[Any]) -> Frame:
    """Rows with a facet, a label, a prediction, a group and two features without ties; perhaps few, perhaps many."""
    rows = draw(st.sampled_from([1, 2, 9, 12, 60, 150]))
    seed = random.Random(draw(st.integers(0, 1 << 30)))  # plain noise: distances of extreme numbers overflow

    def column(cells: st.SearchStrategy[Any]) -> list[Any]:
        kinds = draw(st.lists(cells, min_size=1, max_size=6))
        return [seed.choice(kinds) for _ in range(rows)]

    return {
        "facet": column(facets),
        "y": column(labels),
        "p": column(labels),
        "group": column(st.integers(-3, 12)),
        "u": [seed.gauss(0, 1) for _ in range(rows)],
        "v": [seed.gauss(10, 100) for _ in range(rows)],
    }


CODES, WORDS = st.integers(0, 3), st.sampled_from(["a", "b", "c d", "é"])
TRUTHS = st.integers(0, 1)


def config(values: Any, labels: list[Any], *, grouped: bool = True) -> dict[str, Any]:
    facet = {"name_or_index": "facet"} | ({} if values is None else {"value_or_threshold": values})
    return {
        "label": "y",
        "predicted_label": "p",
        "label_values_or_threshold": labels,
        "facet": [facet],
        **({"group_variable": "group"} if grouped else {}),
    }


def check(asked: dict[str, Any], frame: Frame, *, text: bool = False) -> None:
    """Strict mode says what the library says: groups, numbers, errors."""
    bias = measured(plan_of(asked, list(frame)), [batch_of(frame, text=text)], strict=True)
    for stage in (PRE, POST):
        expected = by_library(asked, frame, stage)
        if isinstance(expected, str):
            assert stage == POST, expected
            assert expected == NONE_POSITIVE
            assert all(entry.measures[name].error == NONE_POSITIVE for entry in bias.entries for name in NAMES[POST])
        else:
            same(bias, expected, stage)


def same(bias: Bias, expected: list[dict[str, Any]], stage: str) -> None:
    assert [entry.value for entry in bias.entries] == [each["value_or_threshold"] for each in expected]
    for entry, recorded in zip(bias.entries, expected, strict=True):
        assert [each["name"] for each in recorded["metrics"]] == list(NAMES[stage])
        for each in recorded["metrics"]:
            found = entry.measures[each["name"]]
            assert each["description"] == DESCRIPTIONS[each["name"]]
            assert found.error == each.get("error"), each
            value = INFINITE.get(each["value"], each["value"])
            assert found.value == (None if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)), each


many = settings(max_examples=12, deadline=None)


@many
@given(frame=frames(CODES, TRUTHS), values=st.lists(CODES, min_size=2, max_size=3, unique=True), text=st.booleans())
def test_a_facet_of_several_codes(frame: Frame, values: list[int], *, text: bool) -> None:
    check(config(values, [1, 7]), frame, text=text)


@many
@given(frame=frames(WORDS, WORDS), values=st.lists(WORDS, min_size=1, max_size=2, unique=True), text=st.booleans())
def test_facets_and_labels_of_words(frame: Frame, values: list[str], *, text: bool) -> None:
    check(config(values, ["a", "é"]), frame, text=text)


@many
@given(frame=frames(WORDS, TRUTHS), grouped=st.booleans())
def test_every_value_against_the_others(frame: Frame, *, grouped: bool) -> None:
    check(config(None, [1, 2], grouped=grouped), frame)


@many
@given(frame=frames(st.integers(0, 40), TRUTHS), value=st.integers(-5, 45), text=st.booleans())
def test_one_number_is_a_category_or_a_threshold(frame: Frame, value: int, *, text: bool) -> None:
    """Which of both depends on the share of distinct values; at and above the maximum nobody is left."""
    check(config([value], [1, 5]), frame, text=text)


@many
@given(frame=frames(st.sampled_from([0.0, 1.0, 0.5, 2.25]), TRUTHS), value=st.sampled_from([0, 0.5, 1, 2.25, 3]))
def test_a_facet_of_doubles_is_a_threshold(frame: Frame, value: float) -> None:
    check(config([value], [1, 5]), frame)


@many
@given(frame=frames(CODES, st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), value=st.sampled_from([0.25, 0.5, 0.75]))
def test_continuous_labels(frame: Frame, value: float) -> None:
    check(config([1, 2], [value]), frame)


@many
@given(frame=frames(st.sampled_from(["a", "b", None]), TRUTHS))
def test_missing_facets_belong_to_the_others(frame: Frame) -> None:
    assume("a" in frame["facet"])  # the library fails otherwise
    check(config(["a"], [1, 5]), frame)


def test_the_flip_test_needs_numbers() -> None:
    frame: Frame = {"facet": [0, 1] * 6, "y": [0, 1] * 6, "p": [1, 0, 0] * 4, "group": ["a", "b"] * 6}
    bias = measured(plan_of(config([0, 9], [1, 5]), list(frame)), [batch_of(frame)], strict=True)
    expected = by_library(config([0, 9], [1, 5]), frame, POST)
    assert isinstance(expected, list)
    assert bias.entries[0].measures[FT].error == next(m["error"] for m in expected[0]["metrics"] if m["name"] == FT)
