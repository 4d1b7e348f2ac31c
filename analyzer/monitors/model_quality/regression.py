"""Regression: the quality of predicted values.

Source: contract.md 7.1; what is ours is explained in docs/reference/model_quality.md.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analyzer.counting.sample import Sample
from analyzer.folds.residuals import ResidualState
from analyzer.monitors.model_quality.measures import Ledger, Quality, rows_of
from analyzer.monitors.model_quality.plan import Plan, Results, sound
from analyzer.reports import quality_statistics as document
from analyzer.views import regression as views
from analyzer.views import resampling

NAMES = ("mae", "mse", "rmse", "r2")
CONSTANT = "all actual values are equal"
TOO_LARGE = "the numbers are too large to be squared"

Values = dict[str, float | None]


def quality_of(plan: Plan, results: Results, rows: int, *, strict: bool) -> Quality:
    """Everything that was measured. rows: all, also those left out."""
    seen: ResidualState = sound(results, plan.residuals)
    ledger = Ledger(seen.count, strict)
    found, sampled = views.regression(seen), [_of(seen.sample, counts) for counts in _samples(seen)]
    for name, value in found.items():
        ledger.add(name, value, [sample[name] for sample in sampled], _why(found))
        measure = ledger.named(name)
        if isinstance(measure.standard_deviation, float):
            measure.standard_deviation *= _shrinkage(seen)
    extra = _extra(seen, ledger, found)
    extra.rows = rows_of(rows, plan.columns, sound(results, plan.presence), numeric=True)
    extra.rows.evaluated = seen.count
    mae, mse, rmse, r2 = map(ledger.named, NAMES)
    block = document.Regression(mae, mse, rmse, r2)
    return Quality(block, extra, ledger.measures, NAMES, NAMES, seen.count, _remarks(plan, results))


def _samples(seen: ResidualState) -> list[npt.NDArray[np.int64]]:
    return list(resampling.samples(seen.sample.counts)) if seen.count else []


def _of(sample: Sample, counts: npt.NDArray[np.int64]) -> Values:
    return views.of_pairs(sample.left, sample.right, counts)


def _shrinkage(seen: ResidualState) -> float:
    """A sample of m of n rows varies more than all of them, by the square root of n / m."""
    return math.sqrt(int(seen.sample.counts.sum()) / seen.count) if seen.count else 1.0


def _why(found: Values) -> str:
    return CONSTANT if found["mse"] is not None else TOO_LARGE


def _extra(seen: ResidualState, ledger: Ledger, found: Values) -> document.Extra:
    zeros = "all actual values are 0"
    return document.Extra(
        mean_absolute_percentage_error=ledger.own(
            "mean_absolute_percentage_error", views.mean_relative_error(seen), zeros
        ),
        zero_labels=seen.zeros,
        median_absolute_error=ledger.own("median_absolute_error", views.median_absolute_error(seen), TOO_LARGE),
        mean_error=ledger.own("mean_error", views.mean_error(seen), TOO_LARGE),
        residual_quantiles=views.residual_quantiles(seen) or None,
        confidence_intervals=_intervals(seen, found),
        undefined=ledger.undefined or None,
    )


def _intervals(seen: ResidualState, found: Values) -> dict[str, list[float]] | None:
    """95 % confidence by a bootstrap of the sampled rows, its width corrected for their number."""
    if not seen.count:
        return None
    drawn = [_of(seen.sample, counts) for counts in resampling.replicates(seen.sample.counts)]
    middle, shrinkage = _of(seen.sample, seen.sample.counts), _shrinkage(seen)
    intervals = {}
    for name in NAMES:
        ends, value, center = resampling.interval([each[name] for each in drawn]), found[name], middle[name]
        if ends is not None and value is not None and center is not None:
            intervals[name] = [value + (end - center) * shrinkage for end in ends]
    return intervals or None


def _remarks(plan: Plan, results: Results) -> list[str]:
    present = sound(results, plan.presence)
    named = {"labels": plan.columns.label, "predictions": plan.columns.prediction or ""}
    return [
        f"{present[column].texts} {what} are texts, not numbers; their rows were left out."
        for what, column in named.items()
        if present[column].texts
    ]
