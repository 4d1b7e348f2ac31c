"""checks.json: what became of users' own checks, rule by rule; and the same as violations and metrics.

All of it is ours. Source: docs/reference/checks.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from analyzer.reports.cloudwatch import Metric
from analyzer.reports.text import clip
from analyzer.reports.violations import MAX_CELLS, USER, Violation

FILE_NAME = "checks.json"


class RuleResult(msgspec.Struct):
    """One rule: what it demands, whether it holds, the numbers behind it, and rows that break it.

    outcome: passed, failed, error (it could not be evaluated) or skipped (too few earlier runs to compare with).
    metrics: by Deequ's name. observed: the number that was compared. failing_rows, event_ids: of rules about rows.
    """

    name: str
    constraint: str
    feature_name: str
    outcome: str
    severity: str
    line: int | None = None
    description: str | None = None
    message: str | None = None
    observed: float | None = None
    metrics: dict[str, float | None] | None = None
    failing_rows: int | None = None
    event_ids: list[str] | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it counts as a violation: a rule that cannot be evaluated must not pass in silence."""
        return self.outcome in ("failed", "error")

    @property
    def violation(self) -> Violation:
        """The same as an entry of constraint_violations.json."""
        said = self.message or "the requirement is not met."
        start = "Check could not be evaluated" if self.outcome == "error" else "Check is not met"
        named = f"{start}: {self.constraint}. {said[:1].upper()}{said[1:]}"
        return Violation(
            self.feature_name,
            USER,
            clip(named, 4 * MAX_CELLS),
            self.observed,
            counts=None if self.failing_rows is None else {"failing": self.failing_rows},
            examples=self.event_ids or None,
            severity=self.severity,
            hint=self.description,
        )


def document(results: Sequence[RuleResult], notices: Sequence[str] = ()) -> dict[str, Any]:
    """The whole file, for `document.write`."""
    outcomes = [result.outcome for result in results]
    counts = {name: outcomes.count(name) for name in ("passed", "failed", "error", "skipped")}
    return {"version": 1, "counts": counts, "rules": list(results), "notices": list(notices)}


def metrics(results: Iterable[RuleResult]) -> list[Metric]:
    """How many rules did not hold, and the number of every rule that has one."""
    found = list(results)
    broken = Metric("user_checks_broken", float(sum(each.is_broken for each in found)), "Count")
    numbers = [Metric(f"user_check_{each.name}", each.observed) for each in found if each.observed is not None]
    return [broken, *numbers]
