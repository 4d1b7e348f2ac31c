"""Comparison: the metrics of a window against the promises of its baseline, and what is predicted against then.

Source: contract.md 7.3; the check of predictions is ours (docs/reference/model_quality.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from analyzer.job import Job
from analyzer.monitors.model_quality.measures import Quality
from analyzer.monitors.model_quality.remarks import listed
from analyzer.monitors.model_quality.request import Request
from analyzer.options import Options
from analyzer.reports import quality_violations as sentences
from analyzer.reports.quality_constraints import Limit, QualityConstraints, read_limits, suggest_limits
from analyzer.reports.quality_statistics import Predictions, Spread, read_predictions, read_values
from analyzer.reports.quality_violations import QualityViolation
from analyzer.views.distance import category_distance, ks_distance, robust
from analyzer.views.sketch import Distribution


@dataclass(frozen=True)
class Judgement:
    """Violations in order, every distance of the predictions that was measured, and remarks."""

    violations: list[QualityViolation] = field(default_factory=list)
    drift: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """A baseline. predictions: None when its statistics are not given or do not tell."""

    constraints: QualityConstraints
    predictions: Predictions | None
    options: Options
    strict: bool = False

    @classmethod
    def of(cls, job: Job, request: Request) -> Comparison | None:
        """The baseline of a job, None without one; BaselineError when a file is not what it should be."""
        statistics = job.baseline_statistics
        if job.baseline_constraints:
            constraints = read_limits(job.baseline_constraints, request.problem)
        elif statistics:
            constraints = suggest_limits(request.problem, read_values(statistics, request.problem))
        else:
            return None
        predictions = read_predictions(statistics, request.problem) if statistics and not job.is_strict else None
        return cls(constraints, predictions, job.options, job.is_strict)

    def judge(self, quality: Quality, predictions: Predictions | None) -> Judgement:
        """Everything that is wrong with a window."""
        found = Judgement()
        limits = self.constraints.limits
        for limit in sentences.in_recorded_order(limits) if self.strict else limits:
            self._judge(limit, quality, found)
        if self.predictions is not None and predictions is not None and not self.strict:
            self._judge_predictions(self.predictions, predictions, found)
        return found

    def _judge(self, limit: Limit, quality: Quality, found: Judgement) -> None:
        measure = quality.measures.get(limit.metric)
        if measure is None:
            found.notices.append(f"{limit.metric}: not judged, this run does not measure it.")
        elif measure.value is None:
            why = (quality.extra.undefined or {}).get(limit.metric, "it is undefined")
            found.notices.append(f"{limit.metric}: not judged, {why}.")
        elif quality.rows < (limit.minimum_samples or 0):
            found.notices.append(f"{limit.metric}: not judged, {quality.rows} rows are too few.")
        elif limit.is_broken(measure.value):
            violation = sentences.beyond(limit, measure.value, measure.standard_deviation, strict=self.strict)
            violation.counts = {"evaluated": quality.rows}
            found.violations.append(violation)

    def _judge_predictions(self, before: Predictions, now: Predictions, found: Judgement) -> None:
        threshold = self.options.prediction_drift_threshold
        if now.rows < (self.options.minimum_samples or 1):
            return
        strangers = [name for name in now.classes or {} if name not in (before.classes or {})]
        if before.classes and strangers:
            found.notices.append(f"Predicted classes unknown to the baseline: {listed(strangers)}.")
        for name, distance in _distances(before, now):
            found.drift[name] = distance
            if threshold is not None and distance > threshold:
                rows = (before.rows, now.rows)
                found.violations.append(sentences.prediction_drift(name, distance, threshold, rows))


def _distances(before: Predictions, now: Predictions) -> Iterator[tuple[str, float]]:
    """Name and robust distance of whatever both have."""
    for name in ("scores", "values"):
        left, right = getattr(before, name), getattr(now, name)
        if left is not None and right is not None:
            sides = _distribution(left), _distribution(right)
            raw = ks_distance(*sides)
            if raw is not None:
                yield f"predicted_{name}", robust(raw, sides[0].count, sides[1].count)
    if before.classes and now.classes:
        raw = category_distance(before.classes, now.classes)
        if raw is not None:
            yield "predicted_classes", robust(raw, sum(before.classes.values()), sum(now.classes.values()))


def _distribution(spread: Spread) -> Distribution:
    return Distribution(np.array(spread.values, np.float64), np.array(spread.cumulative_counts, np.int64))
