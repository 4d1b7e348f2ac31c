"""Explaining: sampled rows, baseline rows and a model become sums of attributions, on either engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.engines.choice import choose, host_count
from analyzer.errors import ConfigError, ContractError
from analyzer.fold import Fold, Scan
from analyzer.folds.attributions import Attributions
from analyzer.folds.intake import Intakes
from analyzer.folds.values import Values
from analyzer.log import Progress
from analyzer.monitors.explainability.background import background_of_cells, cells_of, given_background, made_background
from analyzer.monitors.explainability.explainers import Explainer, KernelExplainer, TreeExplainer, log_odds
from analyzer.monitors.explainability.plan import (
    KERNEL_ROWS,
    MOST_FEATURES,
    STRICT_ROWS,
    TREE_ROWS,
    Plan,
    tree_unit,
)
from analyzer.monitors.explainability.sources import ExplainedRows, column
from analyzer.monitors.explainability.trial import announce, tried
from analyzer.predictors.predictor import ForestPredictor, Predictor
from analyzer.predictors.rows import Features
from analyzer.reports.explanations import How
from analyzer.views.attribution import Attribution, attribution
from analyzer.views.kernel_shap import default_samples

Row = list[str | None]

MANY_BASELINE_ROWS = 100
_log = logging.getLogger("Explainability")


@dataclass
class Explained:
    """What was attributed. sums: per output. values: attributions row by row (rows, outputs x features), if kept."""

    names: tuple[str, ...]
    sums: list[Attribution]
    expected: list[float | None]
    how: How
    values: Floats | None = None
    medians: list[list[float | None]] | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Material:
    """What is explained: encoded rows and baseline rows, and how many rows there were to sample from."""

    features: Features
    rows: Floats
    baseline: Floats
    population: int
    origin: str = ""
    rejected: Mapping[str, int] = field(default_factory=dict)


def row_limit(plan: Plan, predictor: Predictor) -> int:
    """Rows that are explained at most."""
    if plan.shap.rows:
        return plan.shap.rows
    if plan.job.is_strict:
        return STRICT_ROWS
    is_tree = isinstance(predictor, ForestPredictor) and plan.looks_into(predictor.forest)
    return TREE_ROWS if is_tree else KERNEL_ROWS


def material_of(plan: Plan, names: tuple[str, ...], sample: list[Row], population: int) -> Material:
    """Rows and baseline rows as numbers; rows with text in columns of numbers are left out and counted."""
    given = given_background(plan.job, plan.config, plan.shap, names)
    background, origin = given.rows, given.origin
    how = plan.how
    if not background and how.baseline and how.features == list(names):
        background, origin = background_of_cells(how.baseline), "the baseline's analysis.json"
    features = Features.of(names, sample, background)
    sound = features.sound(sample)
    rows = features.encoded([row for row, fits in zip(sample, sound, strict=True) if fits])
    lost = len(sample) - len(rows)
    if background:
        baseline = features.encoded(background)
    else:
        categorical = (plan.predictor.categorical if plan.predictor else None) or []
        baseline = made_background(rows, features, plan.shap, categorical)
    return Material(features, rows, baseline, population, origin, {TEXT_AMONG_NUMBERS: lost} if lost else {})


def explained(plan: Plan, predictor: Predictor, material: Material, progress: Progress) -> Explained:
    """Attributions of the material's rows. Errors of the predictor pass through."""
    places = _explained_places(plan, material.features.names)
    if isinstance(predictor, ForestPredictor) and plan.looks_into(predictor.forest):
        explainer: Explainer = TreeExplainer(predictor.forest, material.features, material.baseline, places)
        how = How("tree", tree_unit(predictor.forest))
    else:
        explainer, how = _kernel(plan, predictor, material, places)
    names = tuple(material.features.names[at] for at in places)
    found = _scanned(plan, ExplainedRows(material.rows, explainer), (names, len(explainer.expected)), progress)
    found.expected = [float(each) for each in explainer.expected]
    found.how = _told(how, plan, material, predictor)
    found.notices += _remarks(material)
    for reason, count in material.rejected.items():
        found.rejected[reason] = found.rejected.get(reason, 0) + count
    return found


def _kernel(
    plan: Plan, predictor: Predictor, material: Material, places: npt.NDArray[np.intp]
) -> tuple[KernelExplainer, How]:
    shap, job = plan.shap, plan.job
    if len(places) > MOST_FEATURES:
        raise ContractError(
            f"the data has {len(places)} features, Kernel SHAP takes {MOST_FEATURES}. "
            "Hint: name the ones that matter in methods.shap.features_to_explain."
        )
    samples = shap.num_samples or max(default_samples(len(places)), 1)
    asked = (material.baseline, material.rows)
    trial = tried(predictor, material.features, asked, apart=job.analyzer_processes > 1)
    answers = trial.answers.mean(axis=0)
    expected = log_odds(answers, predictor) if shap.use_logit else answers
    explainer = KernelExplainer(
        trial.predictor,
        material.features,
        material.baseline,
        expected,
        places,
        samples,
        shap.seed or 0,
        every=job.is_strict,
        use_logit=shap.use_logit,
    )
    count = explainer.model_rows(material.rows)
    announce(count, trial.seconds, job.analyzer_processes)
    if shap.max_calls is not None and count > shap.max_calls:
        raise ConfigError(
            f"analysis_config at $.methods.shap.max_calls: explaining {len(material.rows)} rows asks the model about "
            f"{count:,} rows, more than {shap.max_calls:,}. "
            "Hint: lower rows or num_samples, or give fewer baseline rows."
        )
    return explainer, How("kernel", plan.kernel_unit, num_samples=samples, seed=shap.seed or 0, model_rows=count)


def _told(how: How, plan: Plan, material: Material, predictor: Predictor) -> How:
    how.aggregation = plan.shap.agg_method
    how.rows, how.population = len(material.rows), material.population
    how.predictor, how.baseline_origin = predictor.described, material.origin
    how.features = list(material.features.names)
    how.baseline = cells_of(material.baseline, material.features)
    return how


def _explained_places(plan: Plan, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Places of the features that are attributed; ConfigError for one that is not there."""
    wanted = plan.shap.features_to_explain
    if not wanted:
        return np.arange(len(names))
    found = []
    for each in wanted:
        name = names[each] if isinstance(each, int) and each < len(names) else each
        if name not in names:
            raise ConfigError(
                f"analysis_config at $.methods.shap.features_to_explain: {each!r} is no feature. "
                f"Hint: the features are {', '.join(names[:20])}."
            )
        found.append(names.index(str(name)))
    return np.array(sorted(set(found)))


def _scanned(plan: Plan, source: ExplainedRows, shape: tuple[tuple[str, ...], int], progress: Progress) -> Explained:
    """The sums over all rows, by the engine that suits the job. shape: names of the features, and outputs."""
    names, outputs = shape
    sums = [Attributions(tuple(column(output, at) for at in range(len(names)))) for output in range(outputs)]
    keep = plan.shap.save_local_shap_values or plan.shap.agg_method == "median"
    kept = [Values(tuple(name for fold in sums for name in fold.columns), len(source.rows))] if keep else []
    intakes = Intakes(0)
    scan = Scan.of([intakes, *sums, *kept])
    results = _run(plan, scan, source, progress)
    values = results[kept[0]] if kept else None
    found = Explained(names, [attribution(results[fold]) for fold in sums], [], How(), values)
    if values is not None and len(values):
        medians = np.median(values.reshape(len(values), outputs, len(names)), axis=0)
        found.medians = [[float(each) for each in row] for row in medians]
    found.rejected = dict(results[intakes].intake.rejected)
    return found


def _run(plan: Plan, scan: Scan, source: ExplainedRows, progress: Progress) -> Mapping[Fold, Any]:
    """As `scanning.scanned`, but every task is long although its rows are few bytes."""
    job = plan.job
    choice = choose(job.analyzer_engine, 0, host_count())
    processes = max(1, min(job.analyzer_processes, len(source.splits())))
    _log.info(
        "Engine %s: %d processes explain %d rows (%s).", choice.engine, processes, len(source.rows), choice.reason
    )
    progress.start("Explain", len(source.rows), "rows")
    state = choice.run(scan, source, processes, progress.advance)
    progress.finish()
    return scan.result(state)


def _remarks(material: Material) -> list[str]:
    found = []
    if len(material.baseline) > MANY_BASELINE_ROWS:
        found.append(
            f"The model is asked {len(material.baseline)} times for each coalition, once for each baseline row."
        )
    if len(material.rows) < material.population:
        found.append(
            f"{len(material.rows)} of {material.population} rows were explained; see the errors in analysis.json."
        )
    return found


TEXT_AMONG_NUMBERS = "row has text where the model takes numbers"
