"""constraint_violations.json of the explainability monitor; the first sentence is recorded to the character.

Source: bias_explainability.md 6.6; contract.md 8.5; golden ndcg_worked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from analyzer.reports.document import java_double

NDCG = "feature_attribution_drift_check"
SHARE = "feature_attribution_share_check"  # ours


class AttributionViolation(msgspec.Struct):
    """One output whose attributions moved; fields after description are ours, absent in strict mode.

    observed, threshold: the numbers compared. feature: of a change of share. severity: error or warning.
    """

    label: str
    metric_name: str
    constraint_check_type: str
    description: str
    feature: str | None = None
    observed: float | None = None
    threshold: float | None = None
    severity: str | None = None
    hint: str | None = None

    @property
    def strict(self) -> AttributionViolation:
        """The same without our own fields."""
        return AttributionViolation(self.label, self.metric_name, self.constraint_check_type, self.description)


def drift(label: str, ndcg: float, threshold: float) -> AttributionViolation:
    """The order of the features moved away from the baseline's; "exceeds" stands for "is below", as recorded."""
    text = f"Feature attribution drift {java_double(ndcg)} exceeds threshold {java_double(threshold)}"
    hint = "the drift is an nDCG: 1 is the baseline's order, less is farther from it"
    return AttributionViolation(
        label, "shap", NDCG, text, observed=ndcg, threshold=threshold, severity="error", hint=hint
    )


def share(label: str, feature: str, shares: tuple[float, float], threshold: float) -> AttributionViolation:
    """A feature's share of all attributions moved further than allowed. shares: then and now."""
    before, now = shares
    text = (
        f"Share of feature {feature} in all attributions moved from {java_double(before)} to {java_double(now)}, "
        f"more than threshold {java_double(threshold)}"
    )
    return AttributionViolation(
        label, "shap_share", SHARE, text, feature, observed=now - before, threshold=threshold, severity="warning"
    )


def document(violations: Iterable[AttributionViolation], *, strict: bool = False) -> dict[str, Any]:
    """The whole file, for `document.write`; strict leaves out our own fields."""
    shown = [each.strict if strict else each for each in violations]
    return {"version": "1.0", "violations": shown}
