"""Comparison: global attributions of a run, and what changed against the baseline's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.errors import ConfigError
from analyzer.log import one_line
from analyzer.monitors.explainability.explaining import Explained
from analyzer.monitors.explainability.plan import Plan
from analyzer.reports import attribution_violations as violations
from analyzer.reports.attribution_violations import AttributionViolation
from analyzer.reports.explanations import Explanation, FeatureExtra, Known, OutputExtra
from analyzer.views.attribution import Attribution
from analyzer.views.ranking import Movement, Share, movements, ndcg, shares_of

THRESHOLD = 0.9  # recorded, and fixed in the closed image


@dataclass
class Judgement:
    """What the comparison found."""

    violations: list[AttributionViolation] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def labels_of(plan: Plan, outputs: int) -> list[str]:
    """What the outputs are called: label_headers, else label0, label1, ...; ConfigError when there are others."""
    headers = plan.predictor.label_headers if plan.predictor else None
    if headers is None:
        return [f"label{at}" for at in range(outputs)]
    if len(headers) != outputs:
        raise ConfigError(
            f"analysis_config at $.predictor.label_headers: {len(headers)} names for {outputs} outputs of the model. "
            "Hint: name every output, in the order of the model's answer."
        )
    return [str(header) for header in headers]


def explanations(explained: Explained, aggregation: str, labels: Sequence[str]) -> dict[str, Explanation]:
    """The document's explanations, one for every output."""
    found = {}
    for at, (label, sums, expected) in enumerate(zip(labels, explained.sums, explained.expected, strict=True)):
        values, errors = _values(explained, aggregation, at)
        known = [(name, value) for name, value in zip(explained.names, values, strict=True) if value is not None]
        extras = dict(zip(explained.names, map(_extra, errors, *_columns(sums)), strict=True))
        shares = {name: extra.share for name, extra in extras.items() if extra.share is not None}
        for rank, name in enumerate(sorted(shares, key=lambda name: -shares[name]), 1):
            extras[name].rank = rank
        found[label] = Explanation(dict(known), expected, OutputExtra(features=extras))
    return found


def judge(current: dict[str, Explanation], known: Known, plan: Plan) -> Judgement:
    """Compare every output with the baseline's; the current explanations are completed with what is found."""
    found = Judgement()
    options = plan.job.options
    for label, explanation in _paired(current, known, found):
        mine, extra = current[label], current[label].analyzer or OutputExtra()
        before = {name: value or 0.0 for name, value in explanation.global_shap_values.items()}
        now = {name: value or 0.0 for name, value in mine.global_shap_values.items()}
        if not now:
            continue
        found.notices += _unlike(label, before, now)
        extra.ndcg = ndcg(before, now)
        if extra.ndcg is not None and extra.ndcg < options.attribution_drift_threshold:
            found.violations.append(violations.drift(label, extra.ndcg, options.attribution_drift_threshold))
        moved = movements(_shares(explanation, before), _shares(mine, now))
        _note(extra, moved, _shares(explanation, before))
        limit = options.attribution_share_threshold
        if limit is not None and not plan.job.is_strict:
            found.violations += _share_violations(label, moved, extra, limit)
    found.notices += _other_unit(known, plan)
    return found


def _share_violations(
    label: str, moved: dict[str, Movement], extra: OutputExtra, limit: float
) -> list[AttributionViolation]:
    found = []
    for name, movement in moved.items():
        if movement.exceeds(limit):
            feature = extra.features[name]
            shares = (feature.baseline_share or 0.0, feature.share or 0.0)
            found.append(violations.share(label, name, shares, limit))
    return sorted(found, key=lambda each: -abs(each.observed or 0.0))


def _note(extra: OutputExtra, moved: dict[str, Movement], before: dict[str, Share]) -> None:
    for name, movement in moved.items():
        feature = extra.features.setdefault(name, FeatureExtra())
        feature.baseline_share = before[name].share if name in before else None
        feature.change, feature.change_error = movement.change, movement.error
        feature.baseline_rank = movement.baseline_rank


def _shares(explanation: Explanation, values: dict[str, float]) -> dict[str, Share]:
    """Shares of mean absolute attributions as the document has them, else of its global values."""
    extras = explanation.analyzer.features if explanation.analyzer else {}
    known = {name: Share(each.share, each.share_error) for name, each in extras.items() if each.share is not None}
    return known or shares_of(values)


def _paired(current: dict[str, Explanation], known: Known, found: Judgement) -> list[tuple[str, Explanation]]:
    """Outputs of both sides, by label; a single output on each side is the same one whatever it is called."""
    if len(current) == len(known.outputs) == 1:
        return [(next(iter(current)), next(iter(known.outputs.values())))]
    for label in known.outputs.keys() ^ current.keys():
        side = "baseline" if label in known.outputs else "data"
        found.notices.append(f"Output {one_line(label, 100)} is in the {side} only and was not compared.")
    found.notices.sort()
    return [(label, known.outputs[label]) for label in current if label in known.outputs]


def _unlike(label: str, before: dict[str, float], now: dict[str, float]) -> list[str]:
    found = []
    for names, where in ((before.keys() - now.keys(), "the baseline"), (now.keys() - before.keys(), "the data")):
        if names:
            shown = one_line(", ".join(map(repr, sorted(names)[:5])), 300)
            more = " and more" * (len(names) > 5)
            found.append(f"{label}: features in {where} only count as 0 on the other side: {shown}{more}.")
    return found


def _other_unit(known: Known, plan: Plan) -> list[str]:
    """What a reader must know when both sides were not made alike."""
    found = []
    if known.how and known.how.aggregation not in (None, plan.shap.agg_method):
        found.append(
            f"The baseline was aggregated by {known.how.aggregation}, this run by {plan.shap.agg_method}. "
            "Hint: use the same agg_method."
        )
    return found


def _values(explained: Explained, aggregation: str, output: int) -> tuple[list[float | None], list[float | None]]:
    """Global values of the features, and their standard errors as far as they are known."""
    sums = explained.sums[output]
    if aggregation == "mean_sq":
        return sums.mean_sq, sums.mean_sq_error
    if aggregation == "median":
        nothing: list[float | None] = [None] * len(explained.names)
        return (explained.medians[output] if explained.medians else nothing), nothing
    return sums.mean_abs, sums.mean_abs_error


def _columns(sums: Attribution) -> tuple[list[float | None], list[float | None], list[int]]:
    return sums.share, sums.share_error, sums.counts


def _extra(error: float | None, share: float | None, share_error: float | None, rows: int) -> FeatureExtra:
    return FeatureExtra(error, share, share_error, rows=rows)
