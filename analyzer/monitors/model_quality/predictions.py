"""Predictions: the distribution of what was predicted, labels or not, as the statistics of a baseline keep it."""

from __future__ import annotations

from analyzer.counting.labels import ABOVE, BELOW
from analyzer.counting.tally import Tally
from analyzer.folds.classes import ClassCounts
from analyzer.monitors.model_quality.plan import Plan, Results, sound
from analyzer.monitors.model_quality.positive import Sides
from analyzer.reports.quality_statistics import Predictions, Spread, spread_of

POINTS = 512  # of a distribution of numbers


def predictions_of(plan: Plan, results: Results, sides: Sides | None) -> Predictions | None:
    """What the scan saw; None when nothing was predicted. sides: names of the classes of a threshold."""
    classes: ClassCounts | None = sound(results, plan.classes)
    tally: Tally | None = sound(results, plan.spread)
    spread = spread_of(tally.numbers, tally.counts, POINTS) if tally is not None and len(tally.keys) else None
    if classes is None:
        return Predictions(_rows(spread), values=spread) if spread is not None else None
    rows = max(classes.rows, _rows(spread))
    if not rows:
        return None
    named = {BELOW: sides.negative, ABOVE: sides.positive} if sides is not None else {}
    counts = {named.get(name, name): count for name, count in (classes.counts or {}).items()}
    return Predictions(rows, scores=spread, classes=counts or None)


def _rows(spread: Spread | None) -> int:
    return spread.cumulative_counts[-1] if spread is not None else 0
