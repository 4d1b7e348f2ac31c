"""Remarks: what a reader should know about the labels and scores of a binary problem."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.counting.labels import ABOVE, BELOW
from analyzer.folds.classes import ClassCounts
from analyzer.folds.confusion import Matrix
from analyzer.monitors.model_quality.plan import sound
from analyzer.monitors.model_quality.positive import PAIRS
from analyzer.monitors.model_quality.table import Table

SHOWN = 10  # classes named in a remark


def remarks(table: Table) -> Iterator[str]:
    """The remarks, one sentence each, the fix behind `Hint:`."""
    yield from strangers(table.matrix)
    if table.sides.notice:
        yield table.sides.notice
    rows, sides = table.account, table.sides
    if table.matrix.names is None:
        yield "Labels and predictions hold more than 1,000 classes. Hint: is it a regression (problem_type)?"
    elif rows.unknown_labels or rows.unknown_predictions:
        yield (
            f"{rows.unknown_labels} labels and {rows.unknown_predictions} predictions are neither {sides.negative!r} "
            f"nor {sides.positive!r}, their rows were left out: {listed(table.strangers)}."
        )
    if table.plan.columns.score is not None:
        yield from _of_scores(table)


def strangers(matrix: Matrix) -> Iterator[str]:
    """A remark when labels and predictions have no class in common."""
    names = matrix.names or ()
    actual = [name for name, rows in zip(names, matrix.counts.sum(axis=1), strict=True) if rows]
    predicted = [name for name, rows in zip(names, matrix.counts.sum(axis=0), strict=True) if rows]
    is_usual = any({*actual, *predicted} <= {*pair} for pair in PAIRS)
    if actual and not is_usual and not {*actual, ABOVE, BELOW} & {*predicted}:
        yield (
            f"No label is among the predicted classes: labels are {listed(actual)}, predictions {listed(predicted)}. "
            "Hint: write both the same way."
        )


def listed(names: list[str]) -> str:
    """The first names, quoted."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name[:80]) for name in names[:SHOWN]) + more


def _of_scores(table: Table) -> Iterator[str]:
    rows = table.account
    if rows.text_scores:
        yield f"{rows.text_scores} scores are texts, not numbers; their rows have no score."
    if rows.scores_outside:
        yield (
            f"{rows.scores_outside} scores are no probabilities: below 0 or above 1. Hint: does probability_attribute "
            "name the right column?"
        )
    if table.scores is not None and table.scores.others is None and table.plan.request.positive is None:
        yield "The rows with a score have too many different labels. Hint: set positive_label."
    if table.plan.columns.prediction is None and table.plan.request.has_default_threshold:
        yield from _of_threshold(table)


def _of_threshold(table: Table) -> Iterator[str]:
    predicted: ClassCounts = sound(table.results, table.plan.classes)
    if predicted.rows and not (predicted.counts or {}).get(ABOVE):
        highest = sound(table.results, table.plan.presence)[table.plan.columns.score].high
        yield (
            f"Not one of {predicted.rows} scores is above the default threshold {table.plan.request.threshold}; the "
            f"highest is {highest}. Hint: set probability_threshold_attribute."
        )
