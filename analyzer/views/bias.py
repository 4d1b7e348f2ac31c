"""Metrics of bias: functions of how many rows of two groups have which label and which prediction.

Facet d is the sensitive group, facet a everybody else. Cells are arrays whose last axis is TP, FP, FN, TN (label and
prediction positive, prediction only, label only, neither), so one call serves one table or a thousand resampled ones.
Undefined is NaN here, and an error where metrics are evaluated. Source: bias_explainability.md sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # of counts or of doubles


@dataclass(frozen=True, slots=True)
class Sides:
    """Cells of both facets; the last axis is TP, FP, FN, TN."""

    a: Array
    d: Array

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of a and of d; of one table."""
        return int(self.a.sum()), int(self.d.sum())


def ratio(x: Array, y: Array) -> Array:
    """Ratio of numbers that are not negative; 0 / 0 is 0, anything else over 0 is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((x == 0) & (y == 0), 0.0, np.true_divide(x, y))


def difference(x: Array, y: Array) -> Array:
    """Difference of two numbers; two infinities differ by 0."""
    with np.errstate(invalid="ignore"):
        return np.where(x == y, 0.0, np.subtract(x, y))


def labelled(cells: Array) -> Array:
    """Rows whose label is positive."""
    return cells[..., 0] + cells[..., 2]


def predicted(cells: Array) -> Array:
    """Rows whose prediction is positive."""
    return cells[..., 0] + cells[..., 1]


def count(cells: Array) -> Array:
    """All rows."""
    return np.asarray(cells.sum(axis=-1))


def class_imbalance(s: Sides) -> Array:
    """CI: how many more rows facet a has, as a share of all."""
    return np.asarray(np.true_divide(count(s.a) - count(s.d), count(s.a) + count(s.d)))


def difference_in_labels(s: Sides) -> Array:
    """DPL: share of positive labels of a minus that of d."""
    return np.true_divide(labelled(s.a), count(s.a)) - np.true_divide(labelled(s.d), count(s.d))


def kullback_leibler(s: Sides) -> Array:
    """KL of the labels of a from those of d, natural logarithm."""
    p, q = _common(s)
    return _sum(p * np.log(p / q))


def jensen_shannon(s: Sides) -> Array:
    """JS of the labels of both facets; their mean stands in the middle."""
    p, q = _common(s)
    middle = 0.5 * (p + q)
    return 0.5 * (_sum(p * np.log(p / middle)) + _sum(q * np.log(q / middle)))


def l2_norm(s: Sides) -> Array:
    """LP: Euclidean distance of the shares of labels."""
    p, q = _common(s)
    return np.sqrt(_sum((p - q) ** 2))


def total_variation(s: Sides) -> Array:
    """TVD: half the sum of the differences of the shares of labels."""
    p, q = _common(s)
    return 0.5 * _sum(np.abs(p - q))


def kolmogorov_smirnov(s: Sides) -> Array:
    """KS: the largest difference of a share of labels, without cumulation."""
    p, q = _common(s)
    distance = np.abs(p - q)
    return np.where(np.isnan(distance).all(axis=-1), np.nan, np.fmax(distance[..., 0], distance[..., 1]))


def difference_in_predictions(s: Sides) -> Array:
    """DPPL: share of positive predictions of a minus that of d."""
    return np.true_divide(predicted(s.a), count(s.a)) - np.true_divide(predicted(s.d), count(s.d))


def disparate_impact(s: Sides) -> Array:
    """DI: share of positive predictions of d over that of a; 0 when neither has any."""
    return ratio(np.true_divide(predicted(s.d), count(s.d)), np.true_divide(predicted(s.a), count(s.a)))


def conditional_acceptance(s: Sides) -> Array:
    """DCA: positive labels over positive predictions, a minus d."""
    return difference(*(ratio(labelled(x), predicted(x)) for x in (s.a, s.d)))


def conditional_rejection(s: Sides) -> Array:
    """DCR: negative labels over negative predictions, d minus a."""
    return difference(*(ratio(x[..., 1] + x[..., 3], x[..., 2] + x[..., 3]) for x in (s.d, s.a)))


def recall_difference(s: Sides) -> Array:
    """RD: recall, a minus d."""
    return difference(*(ratio(x[..., 0], x[..., 0] + x[..., 2]) for x in (s.a, s.d)))


def specificity_difference(s: Sides) -> Array:
    """SD: specificity, d minus a."""
    return difference(*(ratio(x[..., 3], x[..., 3] + x[..., 1]) for x in (s.d, s.a)))


def acceptance_rates(s: Sides) -> Array:
    """DAR: precision, a minus d."""
    return difference(*(ratio(x[..., 0], predicted(x)) for x in (s.a, s.d)))


def rejection_rates(s: Sides) -> Array:
    """DRR: precision of negative predictions, d minus a."""
    return difference(*(ratio(x[..., 3], x[..., 3] + x[..., 2]) for x in (s.d, s.a)))


def accuracy_difference(s: Sides) -> Array:
    """AD: accuracy, a minus d."""
    return difference(*(np.true_divide(x[..., 0] + x[..., 3], count(x)) for x in (s.a, s.d)))


def treatment_equality(s: Sides) -> Array:
    """TE: false negatives over false positives, d minus a."""
    return difference(*(ratio(x[..., 2], x[..., 1]) for x in (s.d, s.a)))


def generalized_entropy(s: Sides) -> Array:
    """GE of the benefits prediction - label + 1 with alpha 2; NaN when all of them are 0."""
    cells = s.a + s.d
    right = cells[..., 0] + cells[..., 3]
    benefit, squares = 2 * cells[..., 1] + right, 4 * cells[..., 1] + right
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.true_divide(squares * count(cells), np.square(benefit, dtype=np.float64))
    return np.where(benefit == 0, np.nan, 0.5 * (spread - 1))


def _common(s: Sides) -> tuple[Array, Array]:
    """Shares of negative and positive labels of both facets; NaN for a label that one of them lacks."""
    p, q = (np.stack([count(x) - labelled(x), labelled(x)], axis=-1) / count(x)[..., None] for x in (s.a, s.d))
    both = (p > 0) & (q > 0)
    return np.where(both, p, np.nan), np.where(both, q, np.nan)


def _sum(terms: Array) -> Array:
    """Sum of the terms that are there; NaN when none is."""
    return np.where(np.isnan(terms).all(axis=-1), np.nan, np.nansum(terms, axis=-1))


def conditional_disparity(rejected: Array, accepted: Array, rejected_d: Array, accepted_d: Array) -> Array:
    """CDDL, CDDPL: the mean over groups, weighted by rows, of d's share of the rejected less that of the accepted.

    The last axis is the groups: rows rejected and accepted, of all and of facet d; NaN without rows. Groups are summed
    in the order given. Source: bias_explainability.md 3.3.
    """
    rows = rejected + accepted
    disparity = _share(rejected_d, rejected) - _share(accepted_d, accepted)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.true_divide((rows * disparity).sum(axis=-1), rows.sum(axis=-1)))


def _share(part: Array, whole: Array) -> Array:
    shares: Array = np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole != 0)
    return shares
