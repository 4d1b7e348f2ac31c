"""Node: a value of a hand-edited JSON file together with where it stands, read into what is expected or refused.

Refusals are BaselineError with file, JSON path, what was found and what is expected.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from analyzer.errors import BaselineError, nearest
from analyzer.reports.text import clip

T = TypeVar("T")

MAX_NOTICES = 100  # of a file full of unknown keys the first tell enough

_SWITCH = {"enabled": True, "true": True, "disabled": False, "false": False}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, its JSON path and its file."""

    value: Any
    file: str
    path: str = "$"

    def __bool__(self) -> bool:
        """Whether there is a value; null counts as absent."""
        return self.value is not None

    def child(self, key: str) -> Node:
        """The value of an exactly spelled key, null when absent."""
        return Node(self.value.get(key), self.file, f"{self.path}{_step(key)}")

    def members(self) -> Iterator[tuple[str, Node]]:
        """Snake-case name and value of every key of an object that is not null; camelCase is understood."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        for key in self.value:
            node = self.child(key)
            if node:
                yield _CAPITAL.sub(r"_\1", key).lower(), node

    def items(self) -> Iterator[Node]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        for index, value in enumerate(self.value):
            yield Node(value, self.file, f"{self.path}[{index}]")

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.wrong("a text in quotation marks")
        return self.value

    def share(self) -> float:
        """A number from 0 to 1."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)) or not 0 <= self.value <= 1:
            raise self.wrong("a number from 0 to 1 without quotation marks")
        return float(self.value)

    def number(self) -> float:
        """A number."""
        is_number = isinstance(self.value, (int, float)) and not isinstance(self.value, bool)
        if not is_number or not math.isfinite(self.value):
            raise self.wrong("a number without quotation marks")
        return float(self.value)

    def count(self) -> int:
        """A whole number, 0 or more."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)) or not _is_count(self.value):
            raise self.wrong("a whole number, 0 or more")
        return int(self.value)

    def switch(self) -> bool:
        """Enabled or Disabled, true or false, in any case."""
        if isinstance(self.value, bool):
            return self.value
        return self.choice(_SWITCH, ("Enabled", "Disabled"))

    def choice(self, values: Mapping[str, T], shown: tuple[str, ...]) -> T:
        """One of some texts, whatever their case, blanks, dashes and underscores; `values` has them bare."""
        bare = re.sub(r"[\s_-]", "", self.value).lower() if isinstance(self.value, str) else None
        if bare is None or bare not in values:
            raise self.wrong(" or ".join(shown))
        return values[bare]

    def wrong(self, expected: str) -> BaselineError:
        """The error that this value is not what is expected here."""
        found = _describe(self.value)
        return BaselineError(f"{self.file}, {self.path}: found {found}. Hint: expected is {expected}.")

    def note_unknown(self, name: str, known: tuple[str, ...], notices: list[str]) -> None:
        """Note that this key means nothing to the analyzer, with the nearest that does."""
        if len(notices) < MAX_NOTICES:
            notices.append(f"{self.path}: unknown key, kept but not used.{nearest(name[:100], known)}")


def _step(key: str) -> str:
    return f".{key}" if _PLAIN_KEY.fullmatch(key) and len(key) <= 100 else f"[{json.dumps(clip(key, 100))}]"


def _is_count(number: float) -> bool:
    return number >= 0 and number == int(number)


def _describe(value: Any) -> str:
    if value is None:
        return "nothing (absent or null)"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return clip(json.dumps(value, ensure_ascii=False), 100)
