"""One explainability job: find attributions or make them, compare, write."""

from __future__ import annotations

import logging

from analyzer.fold import Scan
from analyzer.folds.intake import Intakes, IntakeState
from analyzer.folds.sample import Sample
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors.closing import nothing_to_learn
from analyzer.monitors.explainability import captured
from analyzer.monitors.explainability.columns import columns_of
from analyzer.monitors.explainability.comparison import Judgement, explanations, judge, labels_of
from analyzer.monitors.explainability.explaining import Explained, explained, material_of, row_limit
from analyzer.monitors.explainability.opening import first_columns, format_of, open_side, rows_of, with_vectors
from analyzer.monitors.explainability.plan import Plan, plan_of
from analyzer.monitors.explainability.reporting import Findings, report
from analyzer.monitors.inputs import Input
from analyzer.monitors.scanning import prepare, scanned
from analyzer.predictors.choice import choose
from analyzer.predictors.http import close_connections
from analyzer.predictors.predictor import Predictor
from analyzer.reports.explanations import How

_log = logging.getLogger("Explainability")


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a baseline or monitoring job and write its documents.

    Raises AnalyzerError: ConfigError and BaselineError before any data is read, and before a model is asked.
    """
    prepare(job)
    plan = plan_of(job)
    form = format_of(job, plan.config.dataset_type)
    found = captured.find(plan, form)
    try:
        if found is not None:
            summed, results, fold = captured.summed(found, plan, progress)
            return _closed(plan, found.given, summed, results[fold])
        predictor = choose(plan.predictor, job.sagemaker_endpoint_name)
        given = open_side(job, form, "Input")
        if plan.path:
            given = with_vectors(given)
        return _closed(plan, given, *_asked(plan, given, predictor, progress))
    finally:
        close_connections()


def _asked(plan: Plan, given: Input, predictor: Predictor, progress: Progress) -> tuple[Explained, IntakeState]:
    """Attributions of a sample of the data, from a model."""
    available = first_columns(rows_of(given))
    intakes = Intakes(plan.job.options.quarantine_samples)
    if not available:
        state: IntakeState = scanned(Scan.of([intakes]), given, plan.job, progress)[intakes]
        return _nothing(plan), state
    known = plan.how.features or []
    if plan.known and not known:
        known = list(next(iter(plan.known.outputs.values())).global_shap_values)
    columns = columns_of(available, plan.config, plan.path, known)
    sample = Sample(columns.sources, row_limit(plan, predictor), plan.shap.seed or 0)
    results = scanned(Scan.of([intakes, sample]), given, plan.job, progress)
    state = results[intakes]
    material = material_of(plan, columns.names, results[sample], state.rows)
    if not len(material.rows):
        found = _nothing(plan)
        found.rejected = dict(material.rejected)
        return found, state
    return explained(plan, predictor, material, progress), state


def _nothing(plan: Plan) -> Explained:
    """What is known without a single row."""
    return Explained((), [], [], How(aggregation=plan.shap.agg_method, rows=0, population=0))


def _closed(plan: Plan, given: Input, explained: Explained, state: IntakeState) -> Outcome:
    if plan.job.is_baseline and not (explained.how.rows or 0):
        raise nothing_to_learn(plan.job, given, state.intake)
    labels = labels_of(plan, len(explained.sums)) if explained.sums else []
    outputs = explanations(explained, plan.shap.agg_method, labels)
    judgement = judge(outputs, plan.known, plan) if plan.known and outputs else Judgement()
    for line in [*explained.notices, *judgement.notices]:
        _log.warning(line)
    return report(plan, given, Findings(explained, outputs, judgement, state.intake, explained.how.rows or 0))
