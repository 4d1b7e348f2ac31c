"""Rates: what a table of actual and predicted classes says about a classifier, for two classes and for many.

Source: contract.md 7.1; the order of operations is the recorded one, so that equal tables give equal digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Rate = float | None

BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Rows of a binary classifier: positives found and missed, negatives taken for positives and not."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int

    @classmethod
    def of(cls, counts: Counts) -> Outcomes:
        """From the table row by row, the negative class first: TN, FP, FN, TP."""
        negative, wrong, missed, positive = counts.reshape(-1).tolist()
        return cls(positive, missed, wrong, negative)

    @property
    def positives(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        return self.true_negatives + self.false_positives

    @property
    def rows(self) -> int:
        return self.positives + self.negatives

    @property
    def constant(self) -> Outcomes:
        """The same rows, all predicted as the more frequent actual class (the negative one of two equals)."""
        if self.positives > self.negatives:
            return Outcomes(self.positives, 0, self.negatives, 0)
        return Outcomes(0, self.positives, 0, self.negatives)


def ratio(part: float, whole: float, empty: Rate = None) -> Rate:
    """Part of a whole; `empty` when there is no whole."""
    return part / whole if whole else empty


def f_score(precision: Rate, recall: Rate, beta: float) -> Rate:
    """Weighted harmonic mean of precision and recall; recall weighs beta times as much.

    Where one of them is undefined and the other is not, it is 0; None where both are undefined.
    """
    if precision is None and recall is None:
        return None
    if not precision or not recall:
        return 0.0
    square = beta * beta
    return (1 + square) * precision * recall / (square * precision + recall)


def binary(seen: Outcomes, empty: Rate = None) -> dict[str, Rate]:
    """The recorded binary metrics that need no scores; `empty` stands for a rate of no rows."""
    recall = ratio(seen.true_positives, seen.positives, empty)
    precision = ratio(seen.true_positives, seen.true_positives + seen.false_positives, empty)
    wrong = ratio(seen.false_positives, seen.negatives, empty)
    return {
        "recall": recall,
        "precision": precision,
        "accuracy": ratio(seen.true_positives + seen.true_negatives, seen.rows, empty),
        "true_positive_rate": recall,
        "true_negative_rate": None if wrong is None else 1 - wrong,
        "false_positive_rate": wrong,
        "false_negative_rate": None if recall is None else 1 - recall,
        **{name: f_score(precision, recall, beta) for name, beta in BETAS.items()},
    }


def best_constant(seen: Outcomes) -> dict[str, Rate]:
    """Recall, precision, accuracy and F of always predicting the majority class; 0 where undefined, as recorded."""
    found = binary(seen.constant, empty=0.0)
    return {name: found[name] for name in ("recall", "precision", "accuracy", *BETAS)}


@dataclass(frozen=True, slots=True)
class ClassRates:
    """One class against all others; support: its actual rows, predicted: rows predicted as it."""

    support: int
    predicted: int
    recall: Rate
    precision: Rate

    def f_score(self, beta: float) -> Rate:
        """See `f_score`."""
        return f_score(self.precision, self.recall, beta)


def by_class(counts: Counts) -> list[ClassRates]:
    """Rates of every class of a square table."""
    hits, support, predicted = (side.tolist() for side in (counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)))
    return [
        ClassRates(rows, given, ratio(hit, rows), ratio(hit, given))
        for hit, rows, given in zip(hits, support, predicted, strict=True)
    ]


def weighted(counts: Counts) -> dict[str, Rate]:
    """The recorded multiclass metrics: accuracy, and means over the classes weighted by their actual rows.

    A rate of no rows counts as 0; everything is None without rows.
    """
    total, rates = int(counts.sum()), by_class(counts)

    def mean(values: Sequence[Rate]) -> Rate:
        if not total:
            return None
        return float(sum((value or 0.0) * rate.support / total for value, rate in zip(values, rates, strict=True)))

    return {
        "accuracy": ratio(int(counts.diagonal().sum()), total),
        "weighted_recall": mean([rate.recall for rate in rates]),
        "weighted_precision": mean([rate.precision for rate in rates]),
        **{f"weighted_{name}": mean([rate.f_score(beta) for rate in rates]) for name, beta in BETAS.items()},
    }


def constant(counts: Counts) -> Counts:
    """The table when every row is predicted as the most frequent actual class, the first of several."""
    support = counts.sum(axis=1)
    found = np.zeros_like(counts)
    if len(support):
        found[:, int(support.argmax())] = support
    return found


def macro(counts: Counts) -> dict[str, Rate]:
    """Plain means over the classes that have actual rows or predictions; a rate of no rows counts as 0."""
    rates = [rate for rate in by_class(counts) if rate.support or rate.predicted]

    def mean(values: Sequence[Rate]) -> Rate:
        return ratio(sum(value or 0.0 for value in values), len(values))

    return {
        "macro_recall": mean([rate.recall for rate in rates]),
        "macro_precision": mean([rate.precision for rate in rates]),
        "macro_f1": mean([rate.f_score(1.0) for rate in rates]),
    }


def balanced_accuracy(counts: Counts) -> Rate:
    """Mean recall of the classes that have actual rows."""
    recalls = [rate.recall for rate in by_class(counts) if rate.recall is not None]
    return ratio(sum(recalls), len(recalls))


def matthews(counts: Counts) -> Rate:
    """Matthews' correlation of actual and predicted class; None when either is constant.

    Source: Gorodkin 2004 (for two classes Matthews 1975).
    """
    total, hits = int(counts.sum()), int(counts.diagonal().sum())
    actual, predicted = counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()
    shared = hits * total - sum(a * p for a, p in zip(actual, predicted, strict=True))
    spreads = [total * total - sum(rows * rows for rows in side) for side in (actual, predicted)]
    return ratio(shared, math.sqrt(spreads[0] * spreads[1]))
