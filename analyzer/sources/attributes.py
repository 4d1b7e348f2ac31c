"""Attributes: which column of the data a person means by a name, an index or a path.

Source: contract.md 7.4. Understood are, in this order: the name of a column; `_c0` and `0`, the position of a column or
an unnamed cell; JSONPath (`$.a.b`, `$['a'][0]`) and JMESPath (`a.b`, `predictions[*].score`), as far as they name what
flattening makes a column of (docs/reference/formats.md); the name of a list or an object, for all columns made of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from analyzer.sources.payload import ENVELOPES

EACH = "*"  # every element of a list; one row each
FIRST = (EACH, "0")  # of the list of rows: a request of one row has the first only

_POSITION = re.compile(r"_c([0-9]{1,6})|([0-9]{1,6})", re.ASCII)
_STEP = re.compile(
    r"""\.?\[\s*(?:(?P<index>[0-9]{1,6})|(?P<each>\*?)|'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\]"""
    r"""|\.?"(?P<quoted>[^"]*)"|\.?(?P<each_key>\*)|\.?(?P<key>[^.\[\]"'*@(){}|&!<>=\s`]+)"""
)

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """An attribute looked for in the JSON payloads of a side (analyzer.sources.extraction).

    Its column has the attribute's own text for a name.
    """

    side: str
    attribute: str


@dataclass(frozen=True)
class Names:
    """The columns there are, in order; side: what the columns of captured records begin with (see column_of), or ""."""

    columns: Sequence[str]
    side: str = ""
    separator: str = "."

    @cached_property
    def own(self) -> dict[str, str]:
        """Names of the side's columns without the side, and the whole names."""
        start = f"{self.side}." if self.side else ""
        return {name.removeprefix(start): name for name in self.columns if name.startswith(start)}

    def found(self, attribute: str) -> str | None:
        """The column that an attribute names; None when there is none."""
        return next((self.own[name] for name in self._spellings(attribute) if name in self.own), None)

    def group(self, attribute: str) -> dict[str, str]:
        """The columns made of a list or an object, by their key or position in it; empty when there is none."""
        for name in self._spellings(attribute):
            start = f"{name}{self.separator}"
            inner = {key.removeprefix(start): whole for key, whole in self.own.items() if key.startswith(start)}
            if inner and not any(self.separator in key for key in inner):
                return inner
        return {}

    def _spellings(self, attribute: str) -> list[str]:
        """Names a column of that attribute may have, the likeliest first."""
        found, readings = [attribute], _readings(attribute)
        alone = readings[0][0] if readings and len(readings[0]) == 1 else attribute
        position = _POSITION.fullmatch(alone)
        if position:
            at = int(position[1] or position[2])
            found += [str(at), f"_c{at}"]
            if not self.side and at < len(self.columns):  # of a header; a payload's keys have no order
                found.append(self.columns[at])
        found += [self.separator.join(steps) for steps in readings]
        return found


def steps_of(path: str) -> Steps | None:
    """Keys and positions of a JSONPath or JMESPath; None when it says more than where something is.

    >>> steps_of("$.a['b c'][0]"), steps_of("predictions[*].score"), steps_of("a[?b > `1`]")
    (('a', 'b c', '0'), ('predictions', '*', 'score'), None)
    """
    text = path.removeprefix("$")
    steps, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> str:
    if match["each"] is not None or match["each_key"] is not None:
        return EACH
    return next(match[name] for name in ("index", "single", "double", "quoted", "key") if match[name] is not None)


def _readings(attribute: str) -> list[Steps]:
    """Flattened names that a path may have: what stands for the rows themselves is no part of them."""
    steps = steps_of(attribute)
    if not steps:
        return []
    found = [steps]
    if len(steps) > 1 and steps[0] in ENVELOPES and steps[1] in FIRST:
        found.append(steps[2:] or ("0",))
    if steps[0] in FIRST:
        found.append(steps[1:] or ("0",))
    if steps[-1] == EACH:  # a[*]: the list a itself, when it is columns
        found.append(steps[:-1])
    if steps[0] in ENVELOPES and len(steps) == 1:  # a list of scalars, one row each
        found.append(("0",))
    return [reading for reading in found if EACH not in reading]
