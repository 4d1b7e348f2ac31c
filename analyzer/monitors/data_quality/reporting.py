"""Reporting: what a finished data-quality scan leaves behind, and the sentence that closes the job."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analyzer.job import Job, Outcome
from analyzer.monitors.data_quality.comparison import Judgement
from analyzer.monitors.data_quality.inputs import Input
from analyzer.monitors.data_quality.profile import Profile
from analyzer.reports import cloudwatch, document, message, quarantine, summary, violations
from analyzer.reports.constraints import Constraints
from analyzer.reports.storage import join, publish
from analyzer.reports.suggest import suggest
from analyzer.sources.script import run_postprocess

VIOLATIONS_EXIT = 10  # only when fail_on_violations asks for it
UNUSABLE_EXIT = 2  # too much was rejected, or there was nothing, and the options say that this is a failure
STRICT_EXIT = 255

_log = logging.getLogger("FileUtil")


@dataclass
class Findings:
    """Everything a finished scan says, ready to be written; constraints are the baseline's, if there is one."""

    profile: Profile
    judgement: Judgement
    constraints: Constraints | None = None
    notices: list[str] = field(default_factory=list)


def report(job: Job, given: Input, findings: Findings) -> Outcome:
    """Write every document of the job, then run the user's postprocessor."""
    logging.getLogger("StatsGenerator").info("Generating Stats:")
    statistics = findings.profile.statistics()
    if not job.is_strict:
        statistics.dataset.analyzer = _account(job, given, findings)
    logging.getLogger("ConstraintGenerator").info("Generating Constraints:")
    suggested = suggest(statistics, job.categorical_drift_method or "LInfinity")
    files = [_written(job, "statistics.json", statistics), _written(job, "constraints.json", suggested.document)]
    if not job.is_baseline:
        found = violations.document(findings.judgement.violations, strict=job.is_strict)
        files.append(_written(job, violations.FILE_NAME, found))
    kept = quarantine.write(job.output_path, findings.profile.intake.intake.samples)
    files += [kept] if kept else []
    if job.publish_cloudwatch_metrics:
        files.append(_publish_metrics(job, findings, statistics))
    if job.post_analytics_processor_script:
        run_postprocess(job.post_analytics_processor_script)
    return _outcome(job, given, findings, files)


def reasons(rejected: dict[str, int], most: int = 5) -> str:
    """The commonest reasons for rejections in one line."""
    ordered = sorted(rejected.items(), key=lambda pair: (-pair[1], pair[0]))
    more = f"; {len(ordered) - most} more reasons" if len(ordered) > most else ""
    return "; ".join(f"{count} x {reason}" for reason, count in ordered[:most]) + more


def _written(job: Job, name: str, contents: Any) -> str:
    path = join(job.output_path, name)
    document.write(path, contents)
    _log.info("Write to file %s at path %s.", name, job.output_path)
    return path


def _account(job: Job, given: Input, findings: Findings) -> dict[str, Any]:
    """Our own facts about the data set: where every record went."""
    intake = findings.profile.intake.intake
    window = {"start": job.start_time, "end": job.end_time} if job.start_time else {}
    return {
        "records": intake.records,
        "outside_window": intake.outside,
        "without_time": intake.untimed,
        "dropped_by_script": intake.dropped,
        "rejected": intake.rejected,
        "files": given.files,
        "skipped_files": [{"path": path, "reason": reason} for path, reason in given.skips[:100]],
        "window": {name: time.isoformat().replace("+00:00", "Z") for name, time in window.items() if time},
        "notices": findings.notices,
    }


def _publish_metrics(job: Job, findings: Findings, statistics: Any) -> str:
    constraints = findings.constraints
    emits = (lambda name: constraints.options(name).emit_metrics) if constraints else (lambda _: True)
    metrics = cloudwatch.data_quality_metrics(statistics, findings.judgement.drift, emits)
    if not job.is_strict:
        metrics.append(cloudwatch.heartbeat(findings.profile.intake.intake.records))
    names = cloudwatch.dimensions(job.sagemaker_endpoint_name, job.sagemaker_monitoring_schedule_name)
    lines = cloudwatch.render_metrics(metrics, job.metric_time or datetime.now(UTC), names)
    path = join(job.cloudwatch_metrics_directory, cloudwatch.FILE_NAME)
    publish(path, lambda file: file.write(lines.decode()), "application/jsonl")
    return path


def _outcome(job: Job, given: Input, findings: Findings, files: list[str]) -> Outcome:
    found, intake = findings.judgement.violations, findings.profile.intake.intake
    rows = findings.profile.rows
    notes = [] if rows else [f"No records to analyse: {given.searched}."]
    rejected, exit_code = sum(intake.rejected.values()), 0
    seen = max(intake.records, rejected, 1)
    if rejected / seen > job.options.rejected_share_warning:
        notes.append(f"{rejected} of {seen} records were rejected ({reasons(intake.rejected)}).")
    text = message.completed(len(found), " ".join(notes) if not job.is_strict else "")
    if job.options.fail_on_violations and any(each.severity != "warning" for each in found):
        exit_code = VIOLATIONS_EXIT
    failure = _failure(job, rows, rejected / seen)
    if failure:
        text, exit_code = f"Error: {failure} {' '.join(notes)}", STRICT_EXIT if job.is_strict else UNUSABLE_EXIT
    features = len(findings.profile.columns)
    shown = f"{features} features profiled\n" if job.is_baseline else summary.summarise(features, found)
    shown += _remarks(rows, rejected, findings)
    return Outcome(intake.records, len(found), text, files, shown, exit_code)


def _failure(job: Job, rows: int, rejected_share: float) -> str:
    """Why the job fails although it ran to its end; "" when it does not."""
    limit = job.options.rejected_share_failure
    if limit is not None and rejected_share > limit:
        return f"{100 * rejected_share:.2f} % of the records were rejected, more than rejected_share_failure allows."
    return "fail_on_empty is set and there was nothing to analyse." if job.options.fail_on_empty and not rows else ""


def _remarks(rows: int, rejected: int, findings: Findings) -> str:
    lines = [f"{rows} rows analysed, {rejected} records rejected."]
    if rejected:
        lines.append(f"Rejected: {reasons(findings.profile.intake.intake.rejected)} (see quarantine.jsonl).")
    lines += [f"Note: {notice}" for notice in findings.notices[:10]]
    return "\n".join(lines) + "\n"
