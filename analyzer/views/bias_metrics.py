"""The 21 metrics of bias by name: what they are called, of which stage they are, and the numbers or errors they give.

Source: bias_explainability.md 3; names, descriptions and errors are those of the closed image's library, spelling
included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.views import bias
from analyzer.views.bias import Array, Sides, count, labelled, predicted

PRE, POST = "pre_training", "post_training"
NO_FACET, NO_OTHERS = "Facet set is empty", "Negated Facet set is empty"
NOTHING_COMMON = "No instance of common facet found, dataset may be too small"
ALL_MISSED = (
    "All predicted labels are false negatives. There should be at least one prediction that is not false negative."
)
NO_ROWS = "dataset must be non-empty"
NO_GROUP = "Group variable is empty or not provided"
NO_POSITIVES, NO_NEGATIVES = "No positive labels in set", "No negative labels in set"

Support = Callable[[Sides], int]


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's number, infinite ones included; None with the error when it is undefined.

    support: rows behind its weakest ratio; None where nobody counts them.
    """

    value: float | None
    error: str | None = None
    support: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the cells of both facets.

    support: rows behind its weakest ratio. errors: what is said without facet d, without a, and when it is undefined
    although both have rows.
    """

    name: str
    description: str
    stage: str
    value: Callable[[Sides], Array]
    support: Support
    errors: tuple[str, str, str]

    def measure(self, sides: Sides) -> Measure:
        """The metric of one table of each facet."""
        rows_a, rows_d = sides.rows
        support = self.support(sides)
        if self.name != "GE" and not (rows_a and rows_d):
            return Measure(None, self.errors[0] if rows_a else self.errors[1], support)
        if not rows_a + rows_d:
            return Measure(None, NO_ROWS, support)
        value = float(self.value(sides))
        return Measure(None, self.errors[2], support) if np.isnan(value) else Measure(value, None, support)


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Rows of every group, rejected (label or prediction negative) and accepted, of everybody and of facet d."""

    rejected: npt.NDArray[np.int64]
    accepted: npt.NDArray[np.int64]
    rejected_d: npt.NDArray[np.int64]
    accepted_d: npt.NDArray[np.int64]

    @property
    def disparity(self) -> float:
        """CDDL or CDDPL; NaN without rows in any group."""
        return float(bias.conditional_disparity(self.rejected, self.accepted, self.rejected_d, self.accepted_d))


def measure_disparity(groups: GroupCounts | None, positives: int, negatives: int) -> Measure:
    """CDDL or CDDPL. groups: None without a group variable. positives, negatives: rows of the whole data set."""
    if groups is None:
        return Measure(None, NO_GROUP)
    if not (positives and negatives):
        return Measure(None, NO_NEGATIVES if positives else NO_POSITIVES)
    rows_d = int((groups.rejected_d + groups.accepted_d).sum())
    rows = int((groups.rejected + groups.accepted).sum())
    if not rows:
        return Measure(None, NO_GROUP, 0)
    return Measure(groups.disparity, None, min(rows_d, rows - rows_d))


def _smaller(of: Callable[[Array], Array]) -> Support:
    return lambda sides: int(min(of(sides.a), of(sides.d)))


def _negative(cells: Array) -> Array:
    """Rows whose prediction is negative."""
    return cells[..., 2] + cells[..., 3]


def _unlabelled(cells: Array) -> Array:
    """Rows whose label is negative."""
    return cells[..., 1] + cells[..., 3]


def _everybody(sides: Sides) -> int:
    return sum(sides.rows)


def _prefixed(prefix: str) -> tuple[str, str, str]:
    return (f"{prefix}: {NO_FACET}", f"{prefix}: {NO_OTHERS}", "")


_ROWS, _POSITIVE, _NEGATIVE = _smaller(count), _smaller(predicted), _smaller(_negative)
_IMBALANCE = (
    "CI: facet set is empty. Check that x[facet] has non-zero length.",
    "CI: negated facet set is empty. Check that x[~facet] has non-zero length.",
    "",
)
_PLAIN = (NO_FACET, NO_OTHERS, "")
_PROPORTION = (f"{NO_FACET}.", "Negative facet set is empty.", "")
_COMMON = (NOTHING_COMMON, NOTHING_COMMON, NOTHING_COMMON)
_OUTCOME, _RATE, _ACCURACY = _prefixed("DCO"), _prefixed("DLR"), _prefixed("DLA")

METRICS: tuple[Metric, ...] = (
    Metric("CI", "Class Imbalance (CI)", PRE, bias.class_imbalance, _ROWS, _IMBALANCE),
    Metric(
        "DPL",
        "Difference in Positive Proportions in Labels (DPL)",
        PRE,
        bias.difference_in_labels,
        _ROWS,
        _PROPORTION,
    ),
    Metric("JS", "Jensen-Shannon Divergence (JS)", PRE, bias.jensen_shannon, _ROWS, _COMMON),
    Metric("KL", "Kullback-Liebler Divergence (KL)", PRE, bias.kullback_leibler, _ROWS, _COMMON),
    Metric("KS", "Kolmogorov-Smirnov Distance (KS)", PRE, bias.kolmogorov_smirnov, _ROWS, _COMMON),
    Metric("LP", "L-p Norm (LP)", PRE, bias.l2_norm, _ROWS, _COMMON),
    Metric("TVD", "Total Variation Distance (TVD)", PRE, bias.total_variation, _ROWS, _COMMON),
    Metric("AD", "Accuracy Difference (AD)", POST, bias.accuracy_difference, _ROWS, _PLAIN),
    Metric("DAR", "Difference in Acceptance Rates (DAR)", POST, bias.acceptance_rates, _POSITIVE, _RATE),
    Metric(
        "DCA",
        "Difference in Conditional Acceptance (DCA)",
        POST,
        bias.conditional_acceptance,
        _POSITIVE,
        _OUTCOME,
    ),
    Metric("DCR", "Difference in Conditional Rejection (DCR)", POST, bias.conditional_rejection, _NEGATIVE, _OUTCOME),
    Metric(
        "DI", "Disparate Impact (DI)", POST, bias.disparate_impact, _ROWS, (NO_FACET, "Negated facet set is empty", "")
    ),
    Metric(
        "DPPL",
        "Difference in Positive Proportions in Predicted Labels (DPPL)",
        POST,
        bias.difference_in_predictions,
        _ROWS,
        _PROPORTION,
    ),
    Metric("DRR", "Difference in Rejection Rates (DRR)", POST, bias.rejection_rates, _NEGATIVE, _RATE),
    Metric(
        "GE", "Generalized Entropy (GE)", POST, bias.generalized_entropy, _everybody, (NO_ROWS, NO_ROWS, ALL_MISSED)
    ),
    Metric("RD", "Recall Difference (RD)", POST, bias.recall_difference, _smaller(labelled), _ACCURACY),
    Metric("SD", "Specificity Difference (SD)", POST, bias.specificity_difference, _smaller(_unlabelled), _ACCURACY),
    Metric("TE", "Treatment Equality (TE)", POST, bias.treatment_equality, _smaller(lambda x: x[..., 1]), _PLAIN),
)
BY_NAME = {metric.name: metric for metric in METRICS}

CDDL, CDDPL, FT = "CDDL", "CDDPL", "FT"
DESCRIPTIONS = {metric.name: metric.description for metric in METRICS} | {
    CDDL: "Conditional Demographic Disparity in Labels (CDDL)",
    CDDPL: "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
    FT: "Flip Test (FT)",
}
NAMES = {
    PRE: tuple(sorted([CDDL, *(each.name for each in METRICS if each.stage == PRE)])),
    POST: tuple(sorted([CDDPL, FT, *(each.name for each in METRICS if each.stage == POST)])),
}
