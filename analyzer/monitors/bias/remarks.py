"""Remarks: what a reader of a bias report should know beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.monitors.bias.measures import Bias
from analyzer.monitors.bias.plan import Plan
from analyzer.monitors.bias.scale import Scale, possible
from analyzer.views.bias_metrics import POST


def remarks(plan: Plan, bias: Bias | None) -> list[str]:
    """One sentence for everything that may surprise."""
    return [] if bias is None else list(_remarks(plan, bias))


def _remarks(plan: Plan, bias: Bias) -> Iterator[str]:
    if plan.columns.predicted is None and plan.request.metrics[POST]:
        yield "There are no predictions, so metrics after training were not computed."
    if not bias.positive_labels:
        yield f"No label is positive ({bias.label_value or 'nothing'}); see label_values_or_threshold."
    if plan.stages[POST] and not bias.positive_predictions:
        threshold = f" above {plan.request.threshold:g}" if plan.columns.is_score else ""
        yield f"No prediction is positive{threshold}; differences of predictions are 0 and say nothing."
    for what, rows in bias.missing.items():
        place = {"label": "negative", "prediction": "negative", "group": "in no group"}.get(what, "outside the facet")
        yield f"{rows} of {bias.rows} rows have no usable {what}; they count as {place}."
    for facet in bias.values_cut:
        kept = plan.options.bias_facet_values
        yield f"Facet {facet} has more than {kept} values; {kept} drawn from them are reported (bias_facet_values)."
    if any(entry.groups_cut for entry in bias.entries):
        kept = plan.facets.most_groups
        yield f"The group variable has more than {kept} values; CDDL and CDDPL are computed from {kept} of them."
    yield from _scales(plan, bias)


def _scales(plan: Plan, bias: Bias) -> Iterator[str]:
    """How columns were read, where that was not plain."""
    if len(possible(plan.request.label_values)) > 1 and bias.label_scale is Scale.CONTINUOUS:
        yield f"The label was read as continuous: positive is {bias.label_value or 'nothing'}."
    for facet, (name, _) in zip(plan.request.facets, plan.columns.facets, strict=True):
        entries = [entry for entry in bias.entries if entry.facet == name]
        if len(possible(facet.values)) > 1 and entries and entries[0].scale is Scale.CONTINUOUS:
            yield f"Facet {name} was read as continuous: the sensitive group is {entries[0].value or 'empty'}."
        empty = [entry.value for entry in entries if not all(entry.sides.rows)]
        if empty:
            yield f"Facet {name}: one side of {', '.join(empty[:5])} has no rows, so its metrics are undefined."
