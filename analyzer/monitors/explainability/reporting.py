"""Reporting: the documents that an explainability job leaves behind."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from analyzer.batch import Intake
from analyzer.job import Job, Outcome
from analyzer.log import counted
from analyzer.monitors.closing import Ending, account, outcome, written
from analyzer.monitors.explainability.comparison import Judgement
from analyzer.monitors.explainability.explaining import Explained
from analyzer.monitors.explainability.plan import Plan
from analyzer.monitors.inputs import Input
from analyzer.reports import attribution_violations, cloudwatch, explanations, quarantine
from analyzer.reports.analysis import FILE_NAME as ANALYSIS
from analyzer.reports.explanations import Explanation
from analyzer.reports.storage import join, publish, remove
from analyzer.reports.text import clip
from analyzer.reports.violations import FILE_NAME as VIOLATIONS
from analyzer.sources.script import run_postprocess

LOCAL_VALUES = "explanations_shap/out.csv"
_VALUE_TYPES = ("GlobalShapValues", "ExpectedValue")


@dataclass
class Findings:
    """Everything a finished job says, ready to be written."""

    explained: Explained
    outputs: dict[str, Explanation]
    judgement: Judgement
    intake: Intake
    rows: int


def report(plan: Plan, given: Input, findings: Findings) -> Outcome:
    """Write every document of the job, then run the user's postprocessor."""
    job, found = plan.job, findings.judgement.violations
    for reason, count in findings.explained.rejected.items():
        findings.intake.rejected[reason] = findings.intake.rejected.get(reason, 0) + count
    notices = list(dict.fromkeys([*given.notices, *plan.config.notices, *findings.explained.notices]))
    notices += findings.judgement.notices
    logging.getLogger("Explainability").info(
        "Generating analysis of %s:", counted(len(findings.explained.names), "feature")
    )
    document: dict[str, Any] = {"version": "1.0"}
    document["explanations"] = explanations.block(findings.outputs, strict=job.is_strict)
    if not job.is_strict:
        how = msgspec.to_builtins(findings.explained.how)
        document["analyzer"] = {**account(job, given, findings.intake, notices), "explanations": how}
    files = [written(job, ANALYSIS, document)]
    files += _violations(plan, findings)
    if plan.shap.save_local_shap_values and findings.explained.values is not None:
        files.append(_local_values(plan, findings))
    kept = quarantine.write(job.output_path, findings.intake.samples)
    files += [kept] if kept else []
    if job.publish_cloudwatch_metrics:
        files.append(_metrics(plan, findings))
    if job.post_analytics_processor_script:
        run_postprocess(job.post_analytics_processor_script)
    shown = _summary(findings)
    return outcome(job, Ending(given, findings.intake, findings.rows, found, files, shown, notices))


def _violations(plan: Plan, findings: Findings) -> list[str]:
    """The violations' file; strict mode writes none when there is nothing to tell, as recorded."""
    job, found = plan.job, findings.judgement.violations
    if job.is_baseline:
        return []
    if job.is_strict and not found:
        remove(join(job.output_path, VIOLATIONS))
        return []
    return [written(job, VIOLATIONS, attribution_violations.document(found, strict=job.is_strict))]


def _local_values(plan: Plan, findings: Findings) -> str:
    """One row for every explained row, one column for every feature of every output."""
    path = join(plan.job.output_path, LOCAL_VALUES)
    names = [f"{name}_{label}" for label in findings.outputs for name in findings.explained.names]

    def fill(file: TextIO) -> None:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(map(_harmless, names))
        if findings.explained.values is not None:
            lines.writerows(findings.explained.values.tolist())

    publish(path, fill, "text/csv")
    return path


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def _metrics(plan: Plan, findings: Findings) -> str:
    """The metrics of every output, each with its own dimensions."""
    groups: list[tuple[Sequence[cloudwatch.Metric], dict[str, str]]] = []
    for label, explanation in findings.outputs.items():
        shared = {"ExplainabilityMethod": "KernelShap", "Label": label}
        values = [
            cloudwatch.Metric(f"feature_{name}", value)
            for name, value in explanation.global_shap_values.items()
            if value is not None
        ]
        groups.append((values, {**shared, "ValueType": _VALUE_TYPES[0]}))
        if explanation.expected_value is not None:
            metric = cloudwatch.Metric("ExpectedValue", explanation.expected_value)
            groups.append(([metric], {**shared, "ValueType": _VALUE_TYPES[1]}))
        extra = explanation.analyzer
        if extra and extra.ndcg is not None and not plan.job.is_strict:
            groups.append(([cloudwatch.Metric("analyzer_attribution_ndcg", extra.ndcg)], {"Label": label}))
    return _written_metrics(plan.job, findings.intake.records, groups)


def _written_metrics(
    job: Job, records: int, groups: Sequence[tuple[Sequence[cloudwatch.Metric], dict[str, str]]]
) -> str:
    """Path of the metrics; every group has dimensions beside endpoint and schedule."""
    names = cloudwatch.dimensions(job.sagemaker_endpoint_name, job.sagemaker_monitoring_schedule_name)
    time = job.metric_time or datetime.now(UTC)
    lines = [cloudwatch.render_metrics(metrics, time, {**names, **more}) for metrics, more in groups]
    if not job.is_strict:
        lines.append(cloudwatch.render_metrics([cloudwatch.heartbeat(records)], time, names))
    path = join(job.cloudwatch_metrics_directory, cloudwatch.FILE_NAME)
    publish(path, lambda file: file.write(b"".join(lines).decode()), "application/jsonl")
    return path


def _summary(findings: Findings) -> str:
    """What people at a terminal read: every output's first features, and what was violated."""
    lines = []
    for label, explanation in findings.outputs.items():
        ranked = sorted(explanation.global_shap_values.items(), key=lambda pair: -abs(pair[1] or 0.0))[:5]
        top = ", ".join(f"{clip(name, 40)} {value or 0.0:.4g}" for name, value in ranked)
        score = explanation.analyzer.ndcg if explanation.analyzer else None
        lines.append(f"{clip(label, 40)}: {top}{f'; nDCG {score:.4f}' if score is not None else ''}")
    lines += [f"violation: {clip(each.description, 200)}" for each in findings.judgement.violations[:20]]
    return "\n".join(lines) + "\n"
