"""Reporting: the documents that a finished data-quality scan leaves behind."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from analyzer.job import Job, Outcome
from analyzer.log import counted
from analyzer.monitors.checking import Checked, documented
from analyzer.monitors.closing import Ending, account, outcome, published, written
from analyzer.monitors.data_quality.comparison import Judgement
from analyzer.monitors.data_quality.profile import Profile
from analyzer.monitors.inputs import Input
from analyzer.reports import cloudwatch, quarantine, summary, violations
from analyzer.reports.constraints import Constraints
from analyzer.reports.statistics import Statistics
from analyzer.reports.suggest import suggest
from analyzer.sources.script import run_postprocess


@dataclass
class Findings:
    """Everything a finished scan says, ready to be written; constraints are the baseline's, if there is one."""

    profile: Profile
    judgement: Judgement
    constraints: Constraints | None = None
    notices: list[str] = field(default_factory=list)
    checked: Checked | None = None


def report(job: Job, given: Input, findings: Findings) -> Outcome:
    """Write every document of the job, then run the user's postprocessor."""
    logging.getLogger("StatsGenerator").info("Generating Stats:")
    statistics, found = findings.profile.statistics(), list(findings.judgement.violations)
    if findings.checked is not None:
        found += findings.checked.violations
    intake = findings.profile.intake.intake
    if not job.is_strict:
        statistics.dataset.analyzer = account(job, given, intake, findings.notices)
    logging.getLogger("ConstraintGenerator").info("Generating Constraints:")
    suggested = suggest(statistics, job.categorical_drift_method or "LInfinity")
    files = [written(job, "statistics.json", statistics), written(job, "constraints.json", suggested.document)]
    if not job.is_baseline or found:
        files.append(written(job, violations.FILE_NAME, violations.document(found, strict=job.is_strict)))
    files += documented(job, findings.checked)
    kept = quarantine.write(job.output_path, intake.samples)
    files += [kept] if kept else []
    if job.publish_cloudwatch_metrics:
        files.append(published(job, intake.records, _metrics(findings, statistics)))
    if job.post_analytics_processor_script:
        run_postprocess(job.post_analytics_processor_script)
    features = len(findings.profile.columns)
    shown = f"{counted(features, 'feature')} profiled\n" if job.is_baseline else summary.summarise(features, found)
    ending = Ending(given, intake, findings.profile.rows, found, files, shown, findings.notices)
    return outcome(job, ending)


def _metrics(findings: Findings, statistics: Statistics) -> list[cloudwatch.Metric]:
    constraints = findings.constraints
    emits = (lambda name: constraints.options(name).emit_metrics) if constraints else (lambda _: True)
    found = cloudwatch.data_quality_metrics(statistics, findings.judgement.drift, emits)
    return [*found, *(findings.checked.metrics if findings.checked else ())]
