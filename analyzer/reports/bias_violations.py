"""constraint_violations.json of the bias monitor; its sentence is the recorded one to the character.

Source: bias_explainability.md 5.3; contract.md 8.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from analyzer.reports.analysis import Number, number, spelled

BIAS_DRIFT = "bias_drift_check"


class BiasViolation(msgspec.Struct):
    """A metric that is farther from fair than the baseline's; fields after description are ours, absent in strict mode.

    observed, threshold: the numbers that were compared. interval: 95 %, of the observed one. counts: rows of both
    groups. severity: error, or warning when few rows are behind it.
    """

    facet: str
    facet_value: str
    metric_name: str
    constraint_check_type: str
    description: str
    observed: Number = None
    threshold: Number = None
    interval: list[Number] | None = None
    counts: dict[str, int] | None = None
    severity: str | None = None
    hint: str | None = None

    @property
    def strict(self) -> BiasViolation:
        """The same without our own fields."""
        return BiasViolation(
            self.facet, self.facet_value, self.metric_name, self.constraint_check_type, self.description
        )


def drift(facet: str, facet_value: str, metric_name: str, current: float, baseline: float) -> BiasViolation:
    """The current value breaks the constraint that the baseline's is."""
    text = f"Metric value {spelled(current)} doesn't meet the baseline constraint requirement {spelled(baseline)}"
    return BiasViolation(
        facet, facet_value, metric_name, BIAS_DRIFT, text, observed=number(current), threshold=number(baseline)
    )


def document(violations: Iterable[BiasViolation], *, strict: bool = False) -> dict[str, Any]:
    """The whole file, for `document.write`; strict leaves out our own fields."""
    return {"version": "1.0", "violations": [each.strict if strict else each for each in violations]}
