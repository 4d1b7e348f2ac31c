"""Attributes: names, positions and paths, and what they mean among the columns there are."""

from __future__ import annotations

import json
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.sources.attributes import EACH, Extract, Names, steps_of
from analyzer.sources.extraction import COUNTS_DIFFER, extracted, problem_of
from analyzer.sources.payload import Flattening, Undecodable
from analyzer.sources.record import Side
from analyzer.sources.sides import rows_of_side

FLAT = Flattening()


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("$.a.b", ("a", "b")),
        ("$['a']['b c']", ("a", "b c")),
        ('a."b.c"[0]', ("a", "b.c", "0")),
        ("$[0]", ("0",)),
        ("a[*].b", ("a", EACH, "b")),
        ("a[].b", ("a", EACH, "b")),
        ("$.*.b", (EACH, "b")),
        ("$", ()),
        ("a[?b == `1`]", None),
        ("length(a)", None),
        ("a | b", None),
        ("$..a", None),
        ("a[", None),
        ("a[-1]", None),
    ],
)
def test_steps_of_paths(path: str, steps: tuple[str, ...] | None) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    ("columns", "attribute", "expected"),
    [
        (["a", "b"], "b", "b"),
        (["a", "b"], "_c1", "b"),
        (["a", "b"], "1", "b"),
        (["a", "1"], "0", "a"),
        (["b", "1"], "1", "1"),
        (["_c0", "_c1"], "1", "_c1"),
        (["a.b"], "$.a.b", "a.b"),
        (["a", "a.b"], "a.b", "a.b"),
        (["a b"], "$['a b']", "a b"),
        (["p"], "predictions[0].p", "p"),
        (["predictions.0.p", "p"], "predictions[0].p", "predictions.0.p"),
        (["a"], "5", None),
        (["a"], "A", None),
        (["a"], "", None),
    ],
)
def test_columns_of_a_table(columns: list[str], attribute: str, expected: str | None) -> None:
    assert Names(columns).found(attribute) == expected


def test_a_side_sees_its_own_columns_only() -> None:
    columns = ["endpointOutput.0", "endpointOutput.p", "groundTruthData.0", "groundTruthData.p.x"]
    output, truth = Names(columns, "endpointOutput"), Names(columns, "groundTruthData")

    assert (output.found("0"), truth.found("_c0")) == ("endpointOutput.0", "groundTruthData.0")
    assert (output.found("p"), truth.found("p")) == ("endpointOutput.p", None)
    assert truth.group("p") == {"x": "groundTruthData.p.x"}
    assert output.found("1") is None


def test_groups_are_lists_and_objects_one_level_deep() -> None:
    names = Names(["p.0", "p.1", "q.a.b", "r"])

    assert names.group("$.p") == {"0": "p.0", "1": "p.1"}
    assert names.group("p[*]") == {"0": "p.0", "1": "p.1"}
    assert (names.group("q"), names.group("r"), names.group("x")) == ({}, {}, {})


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_no_text_is_too_strange_for_an_attribute(text: str) -> None:
    names = Names(["a", "endpointOutput.b"])

    assert names.found(text) in (None, "a", "endpointOutput.b")
    assert isinstance(problem_of(text), str)


def values(payload: Any, *attributes: str) -> list[dict[str, str | None]]:
    side = Side(payload if isinstance(payload, str) else json.dumps(payload), "JSON")
    wanted = [Extract("endpointOutput", attribute) for attribute in attributes]
    return extracted(rows_of_side(side, FLAT), side, wanted, FLAT).rows


def test_a_list_is_one_value_a_row() -> None:
    payload = {"r": {"items": [{"p": 0.1, "s": [1, 2]}, {"p": None, "s": [3, 4]}]}}

    assert values(payload, "r.items[*].p") == [{"r.items[*].p": "0.1"}, {"r.items[*].p": None}]
    assert values(payload, "r.items[*].s") == [
        {"r.items[*].s.0": "1", "r.items[*].s.1": "2"},
        {"r.items[*].s.0": "3", "r.items[*].s.1": "4"},
    ]


def test_lists_inside_lists_follow_one_another() -> None:
    payload = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": []}, {"b": [{"c": 3}, {}]}]}

    assert [row["a[*].b[*].c"] for row in values(payload, "a[*].b[*].c")] == ["1", "2", None, "3", None]


def test_values_stand_beside_the_rows_there_are_as_many_of() -> None:
    assert values([{"a": 1}, {"a": 2}], "[*].to_string(a)") == [
        {"a": "1", "[*].to_string(a)": "1"},
        {"a": "2", "[*].to_string(a)": "2"},
    ]


def test_lines_of_json_are_searched_each() -> None:
    assert values('{"a": [5]}\n{"a": [6]}', "max(a)")[1]["max(a)"] == "6"


def test_attributes_that_disagree_reject_the_record() -> None:
    with pytest.raises(Undecodable, match=COUNTS_DIFFER):
        values({"a": [1, 2], "b": [3]}, "a[*]", "b[*]")


@pytest.mark.parametrize("attribute", ["missing", "length(`1`)", "abs(a)"])
def test_what_is_not_there_changes_nothing(attribute: str) -> None:
    assert values({"a": "x"}, attribute) == [{"a": "x"}]


@pytest.mark.parametrize(("data", "encoding"), [("1,2", "CSV"), ("{broken", None), ("e30=", "BASE64")])
def test_other_payloads_are_left_alone(data: str, encoding: str | None) -> None:
    side = Side(data, encoding, "text/csv")
    rows = rows_of_side(Side("1,2", "CSV"), FLAT)

    assert extracted(rows, side, [Extract("endpointOutput", "a")], FLAT) is rows


@pytest.mark.parametrize("path", ["$.a[*].b", "$['x y'][0]", "$[*].p", "$.a.0"])
def test_a_json_path_finds_what_jmespath_finds(path: str) -> None:
    payload = {"a": [{"b": 1}, {"b": 2}], "x y": [7]}
    plain = {"$.a[*].b": "a[*].b", "$['x y'][0]": '"x y"[0]', "$[*].p": "[*].p", "$.a.0": "a[0]"}[path]
    expected = jmespath.search(plain, payload)

    found = values(payload, path)

    if expected is None:
        assert all(path not in row for row in found)
    elif isinstance(expected, list):
        assert [row[path] for row in found] == list(map(str, expected))
    else:
        assert any(key.startswith(path) for key in found[0])
