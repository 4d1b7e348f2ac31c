"""Code that Deequ prints for suggestions, read by its grammar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.checks.scala import call_of


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('.isComplete("c")', ("isComplete", ["c"])),
        (
            '.hasCompleteness("c", _ >= 0.68, Some("It should be above 0.68!"))',
            ("hasCompleteness", ["c", ">= 0.68", ["It should be above 0.68!"]]),
        ),
        (
            '.hasDataType("c", ConstrainableDataTypes.Integral)',
            ("hasDataType", ["c", "ConstrainableDataTypes.Integral"]),
        ),
        ('.hasMin("c", _ == -1.0E-7)', ("hasMin", ["c", "== -1.0E-7"])),
        ('.isContainedIn("c", Array())', ("isContainedIn", ["c", []])),
    ],
)
def test_the_forms_of_deequ_are_read(code: str, expected: object) -> None:
    assert call_of(code) == expected


@given(st.text(max_size=10), st.lists(st.text(max_size=10), max_size=4), st.floats(0, 1))
def test_values_never_end_a_text(column: str, values: list[str], share: float) -> None:
    """PyDeequ replaces ` _ `, `Array(` and `Some(` wherever they occur, in values too."""
    values = [*values, " _ ", "Array(", 'Some("'] if len(values) > 2 else values
    code = f".isContainedIn({json.dumps(column)}, Array({', '.join(map(json.dumps, values))}), _ >= {share!r})"

    assert call_of(code) == ("isContainedIn", [column, values, f">= {share!r}"])


@pytest.mark.parametrize(
    "code", ["", "isComplete", '.isComplete("c"', '.isComplete("c").where("d")', "rm -rf /", ".a(%)"]
)
def test_anything_else_is_refused(code: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        call_of(code)
