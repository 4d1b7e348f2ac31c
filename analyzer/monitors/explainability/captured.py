"""Captured: attributions that an endpoint with online explanations wrote into its own answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.fold import Failure, Fold, Scan
from analyzer.folds.attributions import Attributions
from analyzer.folds.intake import Intakes
from analyzer.folds.quantiles import Quantiles
from analyzer.log import Progress, one_line
from analyzer.monitors.explainability.explaining import Explained
from analyzer.monitors.explainability.opening import first_batch, open_side, rows_of
from analyzer.monitors.explainability.plan import Plan
from analyzer.monitors.explainability.sources import CapturedAttributions, Places, column, headers_of
from analyzer.monitors.inputs import Input
from analyzer.monitors.scanning import scanned
from analyzer.reports.explanations import How
from analyzer.views.attribution import attribution
from analyzer.views.sketch import distribution, quantiles

MOST_OUTPUTS = 1000
ONLINE = "explanations"


@dataclass(frozen=True)
class Found:
    """Captured answers with attributions in them. intakes: the fold that counts records."""

    given: Input
    source: CapturedAttributions
    outputs: int


def find(plan: Plan, form: DatasetFormat) -> Found | None:
    """The attributions in the data's answers, if the configuration names them, or names no model and they are there.

    Raises ConfigError when the configuration names what is not there.
    """
    predictor = plan.predictor
    wanted = predictor.attributions if predictor else None
    if wanted is None and predictor is not None and _names_a_model(plan):
        return None
    given = open_side(plan.job, form, "Output")
    batch = first_batch(rows_of(given))
    if batch is None:
        return None
    side = next((name.partition(".")[0] for name in batch.columns if _is_captured(form)), "")
    headers = _features(plan) or headers_of(batch, side)
    columns = list(batch.columns)
    places = Places.online(side, columns, headers)
    if wanted is not None and wanted != ONLINE:
        places = Places.prefixed(f"{side}.{wanted}" if side else wanted, columns, headers)
    if places is None and wanted is not None:
        shown = one_line(", ".join(map(repr, columns[:10])), 500)
        raise ConfigError(
            f"analysis_config at $.predictor.attributions: {wanted!r} is in no captured answer, which hold {shown}. "
            f'Hint: write "{ONLINE}" for online explanations of SageMaker, or the key above the attributions.'
        )
    if places is None:
        return None
    labels = [label for name in columns if (label := _label(places, name)) is not None]
    return Found(given, CapturedAttributions(rows_of(given), places), min(1 + max(labels, default=0), MOST_OUTPUTS))


def summed(found: Found, plan: Plan, progress: Progress) -> tuple[Explained, Mapping[Fold, Any], Intakes]:
    """Sums over everything captured; medians come from a sketch."""
    names = found.source.places.features
    sums = [Attributions(tuple(column(output, at) for at in range(len(names)))) for output in range(found.outputs)]
    intakes = Intakes(plan.job.options.quarantine_samples)
    sketch = Quantiles()
    given = Input(found.source, found.given.files, found.given.size, found.given.searched, found.given.skips)
    scan = Scan.of([intakes, *sums, *([sketch] if plan.shap.agg_method == "median" else [])])
    results = scanned(scan, given, plan.job, progress)
    how = How("captured", "prediction", plan.shap.agg_method, predictor="attributions in captured answers")
    how.features = list(names)
    how.rows = how.population = max((results[fold].rows for fold in sums), default=0)
    explained = Explained(names, [attribution(results[fold]) for fold in sums], [None] * found.outputs, how)
    if sketch in results and not isinstance(results[sketch], Failure):
        explained.medians = [_medians(results[sketch], output, len(names)) for output in range(found.outputs)]
    explained.notices += _incomplete(explained)
    return explained, results, intakes


def _incomplete(explained: Explained) -> list[str]:
    """Features that some rows lack."""
    found = []
    for label, sums in enumerate(explained.sums):
        short = [name for name, count in zip(explained.names, sums.counts, strict=True) if count < sums.rows]
        if short:
            worst = min(sums.counts)
            shown = one_line(", ".join(map(repr, short[:5])), 300)
            found.append(
                f"Captured attributions of output {label} are incomplete: {shown}{' and more' * (len(short) > 5)} "
                f"(in as few as {worst} of {sums.rows} rows). Their values are means over the rows that have them."
            )
    return found


def _medians(sketches: Mapping[str, Any], output: int, count: int) -> list[float | None]:
    found = []
    for at in range(count):
        sketch = sketches.get(column(output, at))
        found.append(None if sketch is None else quantiles(distribution(sketch), (0.5,))[0])
    return found


def _names_a_model(plan: Plan) -> bool:
    predictor = plan.predictor
    names = ("artifact", "script", "url", "endpoint_name")
    return predictor is not None and any(getattr(predictor, name) for name in names)


def _features(plan: Plan) -> list[str]:
    """Names of the features as the configuration or the baseline has them."""
    apart = [plan.config.label, plan.config.predicted_label, *(plan.config.excluded_columns or [])]
    headers = [name for name in plan.config.headers or [] if name not in apart]
    if headers or plan.known is None:
        return headers
    return plan.how.features or list(next(iter(plan.known.outputs.values())).global_shap_values)


def _is_captured(form: DatasetFormat) -> bool:
    return form.kind in ("capture", "merge")


def _label(places: Places, name: str) -> int | None:
    match = re.fullmatch(places.pattern, name)
    return int(match.groupdict().get("label") or 0) if match else None
