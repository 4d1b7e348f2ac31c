"""Finding: what became of one rule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from analyzer.checks.rule import Rule

Verdict = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a rule.

    verdict: error is a rule that could not be evaluated, skipped one that has nothing to judge by yet. metric: name and
    value of every number behind it. observed: the number that was compared. message: why it did not pass. failing:
    rows that fail, None when the rule is not about single rows. examples: event ids of some of them.
    """

    rule: Rule
    verdict: Verdict
    message: str | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    observed: float | None = None
    failing: int | None = None
    examples: tuple[str, ...] = ()

    def with_rows(self, failing: int, examples: tuple[str, ...]) -> Finding:
        """The same with its failing rows."""
        return replace(self, failing=failing, examples=examples)


def broken(rule: Rule, message: str) -> Finding:
    """A rule that could not be evaluated."""
    return Finding(rule, "error", message)
