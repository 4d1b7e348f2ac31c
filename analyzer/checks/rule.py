"""Rule: one promise about the data, in the words of Deequ or of DQDL, and what goes with it.

Rules are complete when they exist: every argument has a value of its type. Nothing here needs Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analyzer.checks.assertion import EXACTLY_ONE, Assertion
from analyzer.checks.dqdl import Text
from analyzer.checks.method import BETWEEN, METHODS, Method
from analyzer.checks.strategy import Strategy

Severity = Literal["error", "warning"]
DATASET = "*"  # Deequ's name for the data set as a whole


@dataclass(frozen=True, slots=True)
class Measured:
    """A check of Deequ's: the method and its arguments by key, and the rows it looks at (SQL, all when None)."""

    method: Method
    given: Mapping[str, Any]
    where: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it names as such; those inside SQL are not looked for."""
        named = (self.given.get("column"), self.given.get("other"), *(self.given.get("columns") or ()))
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def sql(self) -> tuple[str, ...]:
        """Its pieces of SQL."""
        return tuple(text for text in (self.given.get("condition"), self.given.get("sql"), self.where) if text)

    @property
    def text(self) -> str:
        """The check in one line."""
        shown = [
            f"{key}={value!r}" if key not in ("column", "columns", "other") else _listed(value)
            for key, value in self.given.items()
            if key != "assert" and value not in (None, ()) and value != self.method.keys[key][1]
        ]
        name = "isContainedIn" if self.method.name == BETWEEN else self.method.name
        return f"{name}({', '.join(shown)})" + (f" where {self.where}" if self.where else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a checks file.

    name: unique in the file. line: where it stands, from 1. measured: what Deequ computes; None for a rule in DQDL.
    asserts: what the number must be; strategy: or which change of it over time is no anomaly. dqdl: the rule's text.
    """

    name: str
    line: int | None
    measured: Measured | None = None
    asserts: Assertion = field(default=EXACTLY_ONE)
    strategy: Strategy | None = None
    dqdl: str | None = None
    severity: Severity = "error"
    description: str | None = None

    @property
    def constraint(self) -> str:
        """What it demands, in one line."""
        if self.measured is None:
            return self.dqdl or ""
        if self.strategy is not None:
            return f"{self.measured.text} fits earlier runs by {self.strategy.text}"
        return f"{self.measured.text} {self.asserts.text}"

    @property
    def feature(self) -> str:
        """The columns it is about, as documents name them."""
        if self.measured is None:
            return Text(self.dqdl or "", 0).column or DATASET
        return ",".join(self.measured.columns) or DATASET

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"rule {self.name!r}" + (f" (line {self.line})" if self.line else "")


def method_of(name: str, given: Mapping[str, Any]) -> Method | None:
    """The check of that name; isContainedIn is one of values or one of bounds."""
    if name == "isContainedIn" and "values" not in given and ({"lower", "upper"} & given.keys()):
        return METHODS[BETWEEN]
    return METHODS.get(name) if name != BETWEEN else None


def _listed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)
