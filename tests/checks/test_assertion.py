"""Assertions: read as written, judged like Python, and the same in SQL."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.checks.assertion import LONGEST, parse

SIGNS = st.sampled_from([">=", "<=", "==", "!=", ">", "<", "="])
NUMBERS = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False))


def written(parts: list[tuple[str, float]], words: list[str]) -> str:
    comparisons = [f"{sign} {number!r}" for sign, number in parts]
    return " ".join([comparisons[0], *(f"{word} {each}" for word, each in zip(words, comparisons[1:], strict=False))])


@st.composite
def assertions(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(SIGNS, NUMBERS), min_size=1, max_size=4))
    return written(parts, draw(st.lists(st.sampled_from(["and", "or", "AND"]), min_size=3, max_size=3)))


@given(assertions(), NUMBERS)
def test_python_itself_agrees(text: str, value: float) -> None:
    spelled = " ".join(f"x {word}" if word[0] in "<>=!" else word.lower() for word in text.split())
    spelled = spelled.replace("x = ", "x == ")

    assert parse(text).holds(value) == eval(spelled, {"x": value})  # noqa: S307 - made above


@given(assertions(), st.integers(-(10**6), 10**6))
def test_sql_agrees(text: str, value: int) -> None:
    sql = re.sub(r"(?<=[0-9.])D", "", parse(text).sql(str(value)))

    assert bool(sqlite3.connect(":memory:").execute(f"SELECT {sql}").fetchone()[0]) == parse(text).holds(value)


def test_nan_meets_nothing_but_inequality() -> None:
    nan = float("nan")

    assert not any(parse(text).holds(nan) for text in ("> 0", "<= 0", "== 0", "between 0 and 1"))
    assert parse("!= 0").holds(nan)


@pytest.mark.parametrize(
    "text", ["", "5", ">", "> x", ">= 1 and", "__import__('os')", "> 1; DROP TABLE x", "between 1", ">> 1", "=> 1"]
)
def test_what_is_no_assertion_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"Hint: write '>= 0\.95'"):
        parse(text)


def test_an_endless_assertion_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match=f"at most {LONGEST}"):
        parse("> 1 and " * LONGEST)
