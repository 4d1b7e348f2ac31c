"""Reporting: the documents that a finished bias job leaves behind."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.batch import Joined
from analyzer.folds.intake import IntakeState
from analyzer.job import Job, Outcome
from analyzer.log import counted
from analyzer.monitors.bias.comparison import Judgement
from analyzer.monitors.bias.measures import Bias, Entry
from analyzer.monitors.bias.plan import Plan
from analyzer.monitors.closing import Ending, account, outcome, published_apart, written
from analyzer.monitors.inputs import Input
from analyzer.reports import analysis, bias_violations, cloudwatch, quarantine
from analyzer.reports.storage import join, remove
from analyzer.reports.text import clip
from analyzer.reports.violations import FILE_NAME as VIOLATIONS
from analyzer.sources.script import run_postprocess
from analyzer.views.bias_metrics import CDDL, CDDPL, DESCRIPTIONS, FT, POST, PRE

STAGES = {POST: "Post-Training", PRE: "Pre-training"}  # as CloudWatch's dimension spells them
SHOWN = 20  # violations a person is shown

_CELLS = ("TP", "FP", "FN", "TN")


@dataclass
class Findings:
    """Everything a finished scan says, ready to be written. bias: None without a single row."""

    plan: Plan
    bias: Bias | None
    intake: IntakeState
    judgement: Judgement = field(default_factory=Judgement)
    notices: list[str] = field(default_factory=list)
    joined: Joined | None = None


def report(job: Job, given: Input, findings: Findings) -> Outcome:
    """Write every document of the job, then run the user's postprocessor."""
    intake, found = findings.intake.intake, findings.judgement.violations
    logging.getLogger("BiasAnalyzer").info(
        "Generating analysis of %s:", counted(len(findings.plan.columns.facets), "facet")
    )
    files = [written(job, analysis.FILE_NAME, _document(job, given, findings))]
    if not job.is_baseline:
        files += _violations(job, found)
    kept = quarantine.write(job.output_path, intake.samples)
    files += [kept] if kept else []
    if job.publish_cloudwatch_metrics:
        files.append(published_apart(job, intake.records, list(_metrics(findings))))
    if job.post_analytics_processor_script:
        run_postprocess(job.post_analytics_processor_script)
    ending = Ending(given, intake, findings.intake.rows, found, files, _summary(findings), findings.notices)
    ending.joined = findings.joined
    return outcome(job, ending)


def _document(job: Job, given: Input, findings: Findings) -> analysis.Analysis:
    bias, stages = findings.bias, findings.plan.stages
    document = analysis.Analysis()
    if bias is not None:
        found = {stage: _stage(findings, bias, stage, strict=job.is_strict) for stage in STAGES if stages[stage]}
        document.post_training_bias_metrics, document.pre_training_bias_metrics = found.get(POST), found.get(PRE)
    if not job.is_strict:
        facts = account(job, given, findings.intake.intake, findings.notices, findings.joined)
        document.analyzer = {**facts, **({"bias": _facts(bias, findings.plan)} if bias else {})}
    return document


def _stage(findings: Findings, bias: Bias, stage: str, *, strict: bool) -> analysis.Stage:
    facets: dict[str, list[analysis.Entry]] = {name: [] for name, _ in findings.plan.columns.facets}
    for entry in bias.entries:
        metrics = [_metric(entry, name) for name in findings.plan.stages[stage]]
        extra = None if strict else _extra(findings, entry, stage)
        facets[entry.facet].append(analysis.Entry(entry.value, metrics, extra))
    return analysis.Stage(findings.plan.columns.label_name, facets, bias.label_value)


def _metric(entry: Entry, name: str) -> analysis.Metric:
    measure = entry.measures[name]
    return analysis.Metric(name, DESCRIPTIONS[name], analysis.number(measure.value), measure.error)


def _extra(findings: Findings, entry: Entry, stage: str) -> analysis.EntryExtra:
    others, facet = entry.sides.rows
    cells = {"facet": entry.sides.d, "others": entry.sides.a}
    names = findings.plan.stages[stage]
    ends = {
        name: [analysis.number(each.low), analysis.number(each.high)]
        for name, each in sorted(entry.intervals.items())
        if name in names
    }
    flips = entry.flips if stage == POST else None
    return analysis.EntryExtra(
        entry.scale.value,
        {"facet": facet, "others": others},
        {side: dict(zip(_CELLS, each.tolist(), strict=True)) for side, each in cells.items()},
        ends or None,
        dict(_warnings(findings, entry, stage)) or None,
        {"rows": flips.rows, "incomplete": flips.incomplete, "is_exact": flips.is_exact} if flips else None,
    )


def _warnings(findings: Findings, entry: Entry, stage: str) -> Iterator[tuple[str, str]]:
    """What to know about a metric of the entry before believing it."""
    smallest = findings.plan.options.bias_smallest_group
    for name in findings.plan.stages[stage]:
        measure, texts = entry.measures[name], []
        if measure.value is not None and measure.support is not None and measure.support < smallest:
            texts.append(f"only {measure.support} rows are behind its weaker side")
        if name in (CDDL, CDDPL) and entry.groups_cut and measure.value is not None:
            texts.append(f"computed from {findings.plan.facets.most_groups} groups drawn from more (bias_groups)")
        if name == FT and entry.flips is not None and measure.value is not None:
            if not entry.flips.is_exact:
                texts.append(f"computed from {entry.flips.rows} rows drawn from more (bias_flip_test_rows)")
            if entry.flips.incomplete:
                were = "was" if entry.flips.incomplete == 1 else "were"
                texts.append(
                    f"{counted(entry.flips.incomplete, 'row')} without a number in some feature {were} left out"
                )
        if texts:
            yield name, "; ".join(texts)


def _facts(bias: Bias, plan: Plan) -> dict[str, object]:
    """Our own facts about the columns."""
    return {
        "label_type": bias.label_scale.value,
        "rows": bias.rows,
        "positive_labels": bias.positive_labels,
        "positive_predictions": bias.positive_predictions if plan.stages[POST] else None,
        "missing": bias.missing,
        "groups": bias.groups,
    }


def _violations(job: Job, found: Sequence[bias_violations.BiasViolation]) -> list[str]:
    """The violations' file; strict mode writes none when there is nothing to tell, as recorded."""
    if job.is_strict and not found:
        remove(join(job.output_path, VIOLATIONS))
        return []
    return [written(job, VIOLATIONS, bias_violations.document(found, strict=job.is_strict))]


def _metrics(findings: Findings) -> Iterator[tuple[Sequence[cloudwatch.Metric], Mapping[str, str]]]:
    """The metrics of every entry with their dimensions; undefined ones are left out."""
    bias = findings.bias
    for entry in bias.entries if bias else ():
        for stage, name in STAGES.items():
            shared = {"Label": findings.plan.columns.label_name, "LabelValue": bias.label_value if bias else ""}
            names = {"BiasStage": name, **shared, "Facet": entry.facet, "FacetValue": entry.value}
            values = [(each, entry.measures[each].value) for each in findings.plan.stages[stage]]
            metrics = [
                cloudwatch.Metric(f"bias_metric_{each}", _finite(value)) for each, value in values if value is not None
            ]
            yield metrics, {key: text for key, text in names.items() if text}


def _finite(value: float) -> float:
    """An infinity as the largest number CloudWatch takes."""
    return math.copysign(cloudwatch.LARGEST, value) if math.isinf(value) else value


def _summary(findings: Findings) -> str:
    """What people at a terminal read: the first violations, or how many metrics there are."""
    bias, found = findings.bias, findings.judgement.violations
    entries = bias.entries if bias else []
    measured = sum(measure.value is not None for entry in entries for measure in entry.measures.values())
    measures = f"{counted(measured, 'metric')} of {counted(len(entries), 'group')} measured"
    lines = [f"{measures}, {counted(len(found), 'violation')}"]
    for each in found[:SHOWN]:
        mark = " (warning)" if each.severity == "warning" else ""
        lines.append(
            f"{clip(each.facet, 40)}={clip(each.facet_value, 40)}  {each.metric_name}{mark}: {each.description}"
        )
    if len(found) > SHOWN:
        lines.append(f"and {len(found) - SHOWN} more")
    return "\n".join(lines) + "\n"
