"""One model-quality job: read, join, scan once, measure, suggest or compare, write."""

from __future__ import annotations

import logging
from dataclasses import replace

from analyzer.batch import Joined
from analyzer.errors import ContractError
from analyzer.fold import Scan
from analyzer.folds.intake import IntakeState
from analyzer.folds.joins import JOINS
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors.checking import open_checks
from analyzer.monitors.closing import nothing_to_learn
from analyzer.monitors.inputs import Input, open_input
from analyzer.monitors.joining import join_notices
from analyzer.monitors.model_quality import binary, multiclass, regression
from analyzer.monitors.model_quality.columns import Columns, Finder
from analyzer.monitors.model_quality.comparison import Comparison, Judgement
from analyzer.monitors.model_quality.measures import Quality
from analyzer.monitors.model_quality.plan import Plan, Results, failures, sound
from analyzer.monitors.model_quality.predictions import predictions_of
from analyzer.monitors.model_quality.reporting import Findings, report
from analyzer.monitors.model_quality.request import BINARY, MULTICLASS, Request
from analyzer.monitors.model_quality.table import Table
from analyzer.monitors.scanning import prepare, scanned
from analyzer.sources.glance import MORE_ROWS, extracting, first_columns, without_inputs

_log = logging.getLogger("DataAnalyzer")


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a baseline or monitoring job and write its documents.

    Raises AnalyzerError: BaselineError and ConfigError before any data is read, an attribute that does not exist at the
    first look at it.
    """
    prepare(job)
    request = Request.of(job)
    comparison = Comparison.of(job, request)
    checking = open_checks(job)
    given = open_input(job, None, apart=True, unlabelled=not job.is_strict)
    given = replace(given, source=without_inputs(given.source))
    for line in [*(comparison.constraints.notices if comparison else ()), *given.notices]:
        _log.warning(line)
    given, columns = _located(job, request, given)
    plan = Plan(request, columns, job.options)
    results = scanned(Scan.of(plan.folds), given, job, progress)
    findings = _findings(job, given, comparison, plan, results)
    findings.checked = checking.alone(open_input(job, None, apart=True), progress) if checking else None
    if findings.checked and not findings.rows:
        findings.checked = findings.checked.without_rows
    return report(job, given, findings)


def _located(job: Job, request: Request, given: Input) -> tuple[Input, Columns]:
    """The columns of the request, and the input that has them; ConfigError when one cannot be found."""
    finder = Finder(request, first_columns(given.source), job.options.flatten_separator)
    if finder.is_wanting:
        finder = replace(finder, columns=first_columns(given.source, MORE_ROWS))
    if finder.extracts:
        wanted = extracting(given.source, finder.extracts)
        columns = first_columns(wanted)
        if finder.columns and not columns:
            raise finder.unpaired
        given, finder = replace(given, source=wanted), replace(finder, columns=columns)
    return given, finder.found


def _findings(job: Job, given: Input, comparison: Comparison | None, plan: Plan, results: Results) -> Findings:
    intake: IntakeState = results[plan.intakes]
    table = Table(plan, results, intake.rows) if plan.request.problem == BINARY else None
    quality = _quality(plan, results, intake.rows, table, strict=job.is_strict)
    if job.is_baseline and not quality.rows:
        raise _nothing_to_learn(job, given, intake, quality)
    predictions = predictions_of(plan, results, table.sides if table is not None else None)
    judgement = comparison.judge(quality, predictions) if comparison else Judgement()
    joined: Joined | None = sound(results, JOINS)
    notices = [
        *join_notices(job, given, joined),
        *given.notices,
        *(comparison.constraints.notices if comparison else ()),
        *quality.notices,
        *judgement.notices,
        *failures(results),
    ]
    kept = list(dict.fromkeys(filter(None, notices)))
    rows = intake.rows if joined is None else sound(results, plan.presence)[plan.columns.label].cells
    return Findings(plan.request, quality, judgement, predictions, intake, rows, joined, kept)


def _quality(plan: Plan, results: Results, rows: int, table: Table | None, *, strict: bool) -> Quality:
    if table is not None:
        return binary.quality_of(table, strict=strict)
    if plan.request.problem == MULTICLASS:
        return multiclass.quality_of(plan, results, rows, strict=strict)
    return regression.quality_of(plan, results, rows, strict=strict)


def _nothing_to_learn(job: Job, given: Input, intake: IntakeState, quality: Quality) -> ContractError:
    """The error of a baseline run in which no row could be evaluated."""
    if not intake.rows or quality.extra.rows is None:
        return nothing_to_learn(job, given, intake.intake)
    rows = quality.extra.rows
    return ContractError(
        f"dataset_source {job.dataset_source} holds no row with both a label and a prediction: of {intake.rows} rows, "
        f"{rows.without_label} have no usable label and {rows.without_prediction or rows.without_score or 0} no usable "
        f"prediction. {' '.join(quality.notices[:2]) or 'Hint: check the three attributes.'}"
    )
