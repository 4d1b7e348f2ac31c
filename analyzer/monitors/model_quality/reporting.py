"""Reporting: the documents that a finished model-quality scan leaves behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analyzer.batch import Joined
from analyzer.folds.intake import IntakeState
from analyzer.job import Job, Outcome
from analyzer.log import counted
from analyzer.monitors.checking import Checked, documented
from analyzer.monitors.closing import Ending, account, outcome, published, written
from analyzer.monitors.inputs import Input
from analyzer.monitors.model_quality.comparison import Judgement
from analyzer.monitors.model_quality.measures import Quality
from analyzer.monitors.model_quality.request import Request
from analyzer.reports import quality_violations as violations
from analyzer.reports import quarantine, summary
from analyzer.reports.cloudwatch import Metric
from analyzer.reports.quality_constraints import suggest_limits
from analyzer.reports.quality_statistics import Dataset, Predictions, QualityStatistics, block_of
from analyzer.reports.quality_violations import QualityViolation
from analyzer.reports.violations import FILE_NAME, Violation
from analyzer.sources.script import run_postprocess


@dataclass
class Findings:
    """Everything a finished scan says, ready to be written.

    rows: of the data set; of captures that met ground truth, those with a label. joined: what became of these captures.
    """

    request: Request
    quality: Quality
    judgement: Judgement
    predictions: Predictions | None
    intake: IntakeState
    rows: int
    joined: Joined | None = None
    notices: list[str] = field(default_factory=list)
    checked: Checked | None = None


def report(job: Job, given: Input, findings: Findings) -> Outcome:
    """Write every document of the job, then run the user's postprocessor."""
    quality, checked = findings.quality, findings.checked or Checked()
    found: list[QualityViolation | Violation] = [*findings.judgement.violations, *checked.violations]
    logging.getLogger("StatsGenerator").info("Generating Stats:")
    statistics = _statistics(job, given, findings)
    logging.getLogger("ConstraintGenerator").info("Generating Constraints:")
    values = {name: quality.measures[name].value for name in quality.suggested}
    suggested = suggest_limits(findings.request.problem, values)
    files = [written(job, "statistics.json", statistics), written(job, "constraints.json", suggested.document)]
    if not job.is_baseline or checked.violations:
        files.append(written(job, FILE_NAME, violations.document(found, strict=job.is_strict)))
    files += documented(job, findings.checked)
    kept = quarantine.write(job.output_path, findings.intake.intake.samples)
    files += [kept] if kept else []
    if job.publish_cloudwatch_metrics:
        metrics = [*_metrics(findings, strict=job.is_strict), *checked.metrics]
        files.append(published(job, findings.intake.intake.records, metrics))
    if job.post_analytics_processor_script:
        run_postprocess(job.post_analytics_processor_script)
    shown = _shown(findings)
    ending = Ending(
        given, findings.intake.intake, findings.rows, found, files, shown, findings.notices, findings.joined
    )
    return outcome(job, ending)


def _statistics(job: Job, given: Input, findings: Findings) -> QualityStatistics:
    now = datetime.now(UTC)
    dataset = Dataset(findings.rows, f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z")
    block: Any = findings.quality.block
    if not job.is_strict:
        dataset.analyzer = account(job, given, findings.intake.intake, findings.notices, findings.joined)
        extra = findings.quality.extra
        extra.predictions, extra.prediction_drift = findings.predictions, findings.judgement.drift or None
        block.analyzer = extra
    return QualityStatistics(dataset=dataset, **{block_of(findings.request.problem): block})


def _metrics(findings: Findings, *, strict: bool) -> Iterator[Metric]:
    measures = findings.quality.measures
    for name in findings.quality.published:
        value = measures[name].value
        if value is not None:
            yield Metric(name, value)
    if not strict:
        for name, distance in findings.judgement.drift.items():
            yield Metric(f"analyzer_{name}_drift", distance)


def _shown(findings: Findings) -> str:
    """The metrics and what is wrong with them, for people at a terminal."""
    quality = findings.quality
    lines = [f"{findings.request.problem} of {counted(quality.rows, 'row')}"]
    for name in quality.suggested:
        value = quality.measures[name].value
        lines.append(f"  {name:<24}{'undefined' if value is None else f'{value:.6g}'}")
    lines += [f"Violated: {each.description}" for each in findings.judgement.violations[: summary.TOP]]
    return "\n".join(lines) + "\n"
