"""Rulesets in DQDL: cut into rules at the right places, with their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.checks.dqdl import Text, rules_of

RULESET = """# of the orders
Rules = [
    RowCount between 10 and 20,   # not too few
    ColumnValues "a,b" in ["x, y", "z]"],
    CustomSql "select count(*) from primary where c = '#1'" = 0,
    (IsComplete "a") and
        (Uniqueness "b" > 0.9 where "c = \\"d\\"")
]
Analyzers = [ RowCount ]
"""


def test_rules_end_at_commas_outside_of_brackets_and_quotes() -> None:
    assert [(rule.line, rule.text) for rule in rules_of(RULESET)] == [
        (3, "RowCount between 10 and 20"),
        (4, 'ColumnValues "a,b" in ["x, y", "z]"]'),
        (5, "CustomSql \"select count(*) from primary where c = '#1'\" = 0"),
        (6, '(IsComplete "a") and (Uniqueness "b" > 0.9 where "c = \\"d\\"")'),
    ]


def test_types_and_filters_of_a_rule_are_found() -> None:
    last = rules_of(RULESET)[-1]

    assert (last.types, last.filters, last.problem) == (("IsComplete", "Uniqueness"), ('c = "d"',), "")
    assert [rule.wholly for rule in rules_of(RULESET)] == [False, False, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it holds no rules"),
        ("Rules = []", "it holds no rules"),
        ('IsComplete "a"', "ends within"),
        ("Rules = [ RowCount > 1", "line 1: the ruleset ends within"),
        ("Rules = [ RowCount > 1 ] ]", "closes nothing"),
        ("Rules = ( RowCount > 1 )", "expected Rules = "),
        ('Rules = [\n IsComplete "a ]', "line 2: a quotation mark is not closed"),
    ],
)
def test_what_is_no_ruleset_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        rules_of(text)


NAMES = st.text(
    st.characters(blacklist_characters='"\\\n\r', blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1
)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_any_quoted_name_leaves_the_rules_apart(names: list[str]) -> None:
    names = [" ".join(name.split()) or "x" for name in names]
    found = rules_of("Rules = [\n" + ",\n".join(f'IsComplete "{name}"' for name in names) + "\n]")

    assert found == [Text(f'IsComplete "{name}"', at) for at, name in enumerate(names, 2)]
