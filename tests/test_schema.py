"""Kinds of cells, by the table of deequ.md section 2 and an independent grammar."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.schema import Kind, decide, kinds_of_texts, non_finite_texts, numbers_of_texts

OBSERVED = {
    Kind.INTEGRAL: ["1", "-1", "+1", "01", "007", " 1", "- 1", "+ 1", "9" * 1000],
    Kind.FRACTIONAL: ["1.0", "-1.5", " 1.5", "- 1.5", "1e5", "1E5", "1e-5", "1.5e+3", "1.0E10", "0E-10"],
    Kind.BOOLEAN: ["true", "false"],
    Kind.STRING: [
        *("", " ", "\t", "1 ", "  1", "-  1", "1\n", ".5", "5.", "1.e5", "1e", "1e5.5", "1,000", "1_000", "0x1F"),
        *("1d", "1L", "--1", "NaN", "Infinity", "null", "٣", "TRUE", "True", "t", "yes", "é", "1\r", "1\x00"),
    ],
}
CELLS = [(text, kind) for kind, texts in OBSERVED.items() for text in texts]


@pytest.mark.parametrize(("text", "kind"), CELLS)
def test_a_cell_has_the_kind_deequ_gives_it(text: str, kind: Kind) -> None:
    assert kinds_of_texts(pa.array([text]))[0] == kind


def test_kinds_do_not_depend_on_the_neighbours() -> None:
    kinds = kinds_of_texts(pa.array([text for text, _ in CELLS]))

    assert kinds.tolist() == [kind for _, kind in CELLS]


@given(st.lists(st.text(alphabet="0123456789+-. eEtrufals\nxNnai", max_size=8), max_size=20))
def test_kinds_follow_the_written_grammar(texts: list[str]) -> None:
    """Oracle: the two patterns of the specification under Python's own regular expressions."""
    fractional = re.compile(r"[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[eE][-+]?[0-9]+)")
    integral = re.compile(r"[-+]? ?[0-9]+")
    expected = [
        Kind.FRACTIONAL
        if fractional.fullmatch(text)
        else Kind.INTEGRAL
        if integral.fullmatch(text)
        else Kind.BOOLEAN
        if text in ("true", "false")
        else Kind.STRING
        for text in texts
    ]

    assert kinds_of_texts(pa.array(texts, pa.string())).tolist() == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (" 1", 1.0), ("- 1", -1.0), ("+1.5", 1.5), ("007", 7.0), ("1e5", 1e5), ("9" * 400, np.inf)],
)
def test_a_number_has_the_value_it_spells(text: str, value: float) -> None:
    for texts in ([text], [text, "x"], [text, "1", "2.5"]):
        array = pa.array(texts)
        assert numbers_of_texts(array, kinds_of_texts(array))[0] == value


def test_texts_that_are_no_numbers_have_no_value() -> None:
    array = pa.array(["x", "", "true", "0x1F", ".5", "1,000"])

    assert np.isnan(numbers_of_texts(array, kinds_of_texts(array))).all()


def test_non_finite_spellings_are_recognised_in_any_case() -> None:
    texts = ["nan", "NaN", "-inf", "+Infinity", "INF", "nano", "info", "1"]
    array = pa.array(texts)

    assert non_finite_texts(array, kinds_of_texts(array)).tolist() == [True] * 5 + [False] * 3


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ([5, 0, 0, 0, 0], Kind.UNKNOWN),
        ([1, 0, 5, 0, 0], Kind.INTEGRAL),
        ([0, 1, 5, 0, 0], Kind.FRACTIONAL),
        ([0, 0, 0, 5, 0], Kind.BOOLEAN),
        ([0, 0, 1, 5, 0], Kind.STRING),
        ([0, 9, 9, 0, 1], Kind.STRING),
        ([0, 0, 0, 0, 0], Kind.INTEGRAL),
    ],
)
def test_one_odd_cell_decides_the_type_of_a_column(counts: list[int], kind: Kind) -> None:
    assert decide(np.array(counts)) is kind
