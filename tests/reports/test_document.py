"""Layout and strictness of every JSON document."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports.document import java_double, render

RECORDED = """{
  "version" : 0.0,
  "features" : [ {
    "name" : "Churn",
    "data" : [ [ 1.0, 2.0 ], [ ] ]
  }, {
    "name" : "State",
    "empty" : { }
  } ],
  "domains" : [ "MC", "BC" ]
}"""

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


class Sample(msgspec.Struct):
    kept: int | None
    absent: int | None = None
    zero: float = 0.0


def refuse(token: str) -> None:
    """A bare NaN or Infinity is no JSON."""
    raise AssertionError(token)


def strictly(data: bytes) -> Any:
    return json.loads(data.decode("utf-8"), parse_constant=refuse)


def test_the_layout_is_the_recorded_one() -> None:
    features = [{"name": "Churn", "data": [[1.0, 2.0], []]}, {"name": "State", "empty": {}}]
    assert render({"version": 0.0, "features": features, "domains": ["MC", "BC"]}).decode() == RECORDED


@given(VALUES)
def test_any_document_reads_back_as_it_was(value: Any) -> None:
    assert strictly(render(value)) == value


@given(st.lists(st.floats()))
def test_numbers_that_are_not_finite_become_null(numbers: list[float]) -> None:
    expected = [number if math.isfinite(number) else None for number in numbers]
    assert strictly(render(numbers)) == strictly(render(np.array(numbers))) == expected


@given(st.lists(st.floats(), min_size=1))
def test_a_list_an_array_and_single_numbers_are_written_alike(numbers: list[float]) -> None:
    single = ", ".join(render(number).decode() for number in numbers)
    assert render(numbers).decode() == render(np.array(numbers)).decode() == f"[ {single} ]"


@given(ANY_TEXT, ANY_TEXT)
def test_hostile_text_cannot_leave_its_string(key: str, text: str) -> None:
    data = render({key: text})
    assert strictly(data) == {_whole(key): _whole(text)}
    assert not re.search("[<>&\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", data.decode())


def _whole(text: str) -> str:
    """The text with its surrogates paired; one that stands alone is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_document_inside_a_script_element_does_not_end_it() -> None:
    assert render("</script><!--").decode() == '"\\u003C/script\\u003E\\u003C!--"'


def test_a_lone_surrogate_is_replaced_for_no_parser_must_read_it() -> None:
    assert render("\ud800") == b'"\\uFFFD"'


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_has_javas_shape_and_its_own_value(number: float) -> None:
    text = java_double(number)
    assert float(text) == number
    plain = number == 0 or 1e-3 <= abs(number) < 1e7
    assert re.fullmatch(r"-?\d+\.\d+" if plain else r"-?[1-9]\.(0|\d*[1-9])E-?[1-9]\d*", text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (2008.0, "2008.0"),
        (0.001, "0.001"),
        (0.0009999, "9.999E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (-100200300.0, "-1.002003E8"),
        (5.092682820403929e-4, "5.092682820403929E-4"),
        (1e22, "1.0E22"),
        (1.5e-5, "1.5E-5"),
        (2.348543e108, "2.348543E108"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_double_is_written_as_java_writes_it(number: float, text: str) -> None:
    assert java_double(number) == text


def test_a_field_whose_default_is_none_is_absent_while_it_is_none() -> None:
    assert strictly(render(Sample(None))) == {"kept": None, "zero": 0.0}


def test_numpy_values_are_numbers() -> None:
    values = [np.int64(3), np.float32(0.5), np.bool_(True), np.arange(2), np.ones((2, 1)), np.float64("nan")]
    assert strictly(render(values)) == [3, 0.5, True, [0, 1], [[1.0], [1.0]], None]


def test_levels_kept_in_single_precision_are_written_as_the_doubles_they_are() -> None:
    assert render(np.array([0.1, 16777216], np.float32)) == b"[ 0.10000000149011612, 1.6777216E7 ]"


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_what_json_does_not_know_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="a document cannot hold"):
        render({"key": value})
