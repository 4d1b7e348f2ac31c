"""One bias job: read, join, scan once, measure, compare, write."""

from __future__ import annotations

import logging

from analyzer.errors import BaselineError
from analyzer.fold import Failure, Scan
from analyzer.folds.joins import JOINS
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors.bias.comparison import Comparison, Judgement
from analyzer.monitors.bias.measures import Measuring, rows_of
from analyzer.monitors.bias.opening import Opened, open_data
from analyzer.monitors.bias.plan import Plan
from analyzer.monitors.bias.remarks import remarks
from analyzer.monitors.bias.reporting import Findings, report
from analyzer.monitors.bias.request import Request
from analyzer.monitors.closing import nothing_to_learn
from analyzer.monitors.joining import join_notices
from analyzer.monitors.scanning import prepare, scanned
from analyzer.predictors.http import close_connections
from analyzer.reports.analysis import Known, read_analysis

_log = logging.getLogger("BiasAnalyzer")


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a baseline or monitoring job and write its documents.

    Raises AnalyzerError: BaselineError and ConfigError before any data is read, a column that does not exist and a
    model that does not answer at the first look.
    """
    prepare(job)
    request = Request.of(job)
    known = _known(job)
    try:
        opened = open_data(job, request)
        return _carried_out(job, request, known, opened, progress)
    finally:
        close_connections()


def _carried_out(job: Job, request: Request, known: Known | None, opened: Opened, progress: Progress) -> Outcome:
    given = opened.given
    plan = Plan(request, opened.columns, job.options, None if job.is_strict else known)
    results = scanned(Scan.of(plan.folds), given, job, progress)
    state = rows_of(plan, results)
    if job.is_baseline and not state.rows:
        raise nothing_to_learn(job, given, state.intake)
    bias = Measuring(plan, results, strict=job.is_strict).bias if state.rows else None
    judgement = Comparison(known, job.options, job.is_strict).judge(bias) if known and bias else Judgement()
    notices = [
        *join_notices(job, given, results[JOINS]),
        *given.notices,
        *request.config.notices,
        *remarks(plan, bias),
        *judgement.notices,
        *(f"A count failed: {each.reason}" for each in results.values() if isinstance(each, Failure)),
    ]
    kept = list(dict.fromkeys(notices))
    for line in kept:
        _log.warning(line)
    return report(job, given, Findings(plan, bias, state, judgement, kept, results[JOINS]))


def _known(job: Job) -> Known | None:
    """The baseline; None for a baseline run."""
    if job.is_baseline:
        return None
    if job.baseline_constraints is None:
        raise BaselineError(
            "baseline_statistics: a bias monitor has none. Hint: give baseline_constraints the analysis.json of its "
            "baseline."
        )
    return read_analysis(job.baseline_constraints)
