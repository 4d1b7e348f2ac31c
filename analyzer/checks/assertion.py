"""Assertion: what a check demands of a number, as people write it: `>= 0.95`, `> 0 and <= 120`, `== 3 or == 5`.

It is decided here, on the metric Deequ measured, so that Java never has to call Python back.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"(>=|<=|==|!=|=|>|<)\s*({_NUMBER})")
_BETWEEN = re.compile(rf"between\s+({_NUMBER})\s+and\s+({_NUMBER})", re.IGNORECASE)
_AND, _OR = re.compile(r"\band\b", re.IGNORECASE), re.compile(r"\bor\b", re.IGNORECASE)
_EXAMPLES = "'>= 0.95', '> 0 and <= 120', '== 3 or == 5', 'between 1 and 2' (both ends included)"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison with a number; sign: its spelling."""

    sign: str
    number: float

    def holds(self, value: float) -> bool:
        return _OPERATORS[self.sign](value, self.number)


@dataclass(frozen=True, slots=True)
class Assertion:
    """Comparisons joined by `and` within, and by `or` between, the alternatives; text: as it was written."""

    text: str
    alternatives: tuple[tuple[Comparison, ...], ...]

    def holds(self, value: float) -> bool:
        """Whether the number is as demanded; NaN never is, unless by `!=`."""
        return any(all(each.holds(value) for each in joined) for joined in self.alternatives)

    def sql(self, expression: str) -> str:
        """The same of an SQL expression.

        >>> parse("> 0 and <= 1.5 or == 9").sql("length(`c`)")
        '((length(`c`) > 0 AND length(`c`) <= 1.5D) OR (length(`c`) = 9))'
        """
        signs = {"==": "="}
        joined = (
            " AND ".join(f"{expression} {signs.get(each.sign, each.sign)} {_spelled(each.number)}" for each in group)
            for group in self.alternatives
        )
        return f"({' OR '.join(f'({each})' for each in joined)})"


def parse(text: str) -> Assertion:
    """The assertion that a text spells; ValueError says what is wrong with it.

    >>> parse(">= 0.9").holds(0.95), parse("between 1 and 2").holds(2), parse("< 1 or > 3").holds(2)
    (True, True, False)
    """
    written = " ".join(text.split())
    if len(written) > LONGEST:
        raise ValueError(f"an assertion has at most {LONGEST} characters")
    plain = _BETWEEN.sub(r">= \1 and <= \2", written)
    groups = (_AND.split(each) for each in _OR.split(plain))
    return Assertion(written, tuple(tuple(map(_comparison, group)) for group in groups))


def _comparison(text: str) -> Comparison:
    found = _COMPARISON.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()[:80]!r} is no comparison with a number. Hint: write {_EXAMPLES}.")
    sign, number = found.groups()
    return Comparison("==" if sign == "=" else sign, float(number))


def _spelled(number: float) -> str:
    """The number as SQL reads it back."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else f"{number!r}D"


EXACTLY_ONE = parse("== 1")  # what Deequ demands when nothing else is said
