"""constraint_violations.json of model quality, and its sentences.

Programs read these sentences; they are the recorded ones to the character. Source: contract.md 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from analyzer.reports.document import java_double
from analyzer.reports.quality_constraints import Limit
from analyzer.reports.violations import Violation

PREDICTION_DRIFT = "prediction_drift_check"  # ours; needs no labels
# Order of the recorded files; metrics that are not in it follow in the order of the constraints.
RECORDED_ORDER = (
    "auc",
    "precision",
    "true_positive_rate",
    "f1",
    "accuracy",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "recall",
    "f2",
)
NEVER_REPORTED = "f0_5"  # recorded: constrained, violated, absent

_WORD = re.compile(r"_([a-z])")


class QualityViolation(msgspec.Struct):
    """One broken promise of the baseline; the fields after description are ours.

    observed, threshold: the numbers that were compared. counts: rows. severity: error or warning. hint: what to do.
    """

    constraint_check_type: str
    metric_name: str
    description: str
    observed: float | None = None
    threshold: float | None = None
    counts: dict[str, int] | None = None
    severity: str | None = None
    hint: str | None = None

    @property
    def strict(self) -> QualityViolation:
        """The same without our own fields."""
        return QualityViolation(self.constraint_check_type, self.metric_name, self.description)


def document(violations: Iterable[QualityViolation | Violation], *, strict: bool = False) -> dict[str, Any]:
    """The whole file, for `document.write`; strict leaves out our own fields."""
    return {"violations": [violation.strict if strict else violation for violation in violations]}


def beyond(limit: Limit, value: float, deviation: float | str | None, *, strict: bool = False) -> QualityViolation:
    """A metric on the violating side of its limit. deviation: as the statistics have it; it is printed only."""
    name = recorded_name(limit.metric) if strict else limit.metric
    spread = deviation if isinstance(deviation, str) else "NaN" if deviation is None else java_double(deviation)
    text = f"Metric {name} with {java_double(value)} +/- {spread} was {limit.operator} '{java_double(limit.threshold)}'"
    return QualityViolation(limit.operator, name, text, value, limit.threshold, severity=limit.severity)


def prediction_drift(name: str, distance: float, threshold: float, rows: tuple[int, int]) -> QualityViolation:
    """What is predicted moved away from the baseline's. name: scores, values or classes. rows: baseline, current."""
    text = f"Prediction drift distance: {java_double(distance)} exceeds threshold: {java_double(threshold)}"
    counts = dict(zip(("baseline", "current"), rows, strict=True))
    return QualityViolation(PREDICTION_DRIFT, name, text, distance, threshold, counts, "error")


def recorded_name(metric: str) -> str:
    """The name in the closed image's violations: `true_positive_rate` is `truePositiveRate`, `f1` is `f1`."""
    return _WORD.sub(lambda match: match[1].upper(), metric)


def in_recorded_order(limits: Iterable[Limit]) -> list[Limit]:
    """The limits whose violations the closed image reports, in its order."""
    places = {name: at for at, name in enumerate(RECORDED_ORDER)}
    reported = [limit for limit in limits if limit.metric != NEVER_REPORTED]
    return sorted(reported, key=lambda limit: places.get(limit.metric, len(places)))
