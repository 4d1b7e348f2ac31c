"""Binary: the quality of a classifier of two classes.

Source: contract.md 7.1; what is ours is explained in docs/reference/model_quality.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from analyzer.monitors.model_quality.measures import Ledger, Quality
from analyzer.monitors.model_quality.remarks import remarks
from analyzer.monitors.model_quality.table import Table
from analyzer.reports import quality_statistics as document
from analyzer.views import curves, rates, resampling
from analyzer.views.calibration import Calibration
from analyzer.views.curves import Ranking

RATES = ("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate")
BEST = ("recall", "precision", "accuracy", "f0_5", "f1", "f2")
SUFFIX = "_best_constant_classifier"
SAMPLED_CELLS = 4096  # of the scores, when the deviation of the area is taken: coarse enough to be quick

_FIELDS = frozenset(document.Binary.__struct_fields__)


def quality_of(table: Table, *, strict: bool) -> Quality:
    """Everything that was measured; strict: undefined rates are 0, as recorded."""
    ledger = Ledger(table.outcomes.rows, strict)
    _measure_rates(table, ledger)
    if table.ranking is not None:
        area = _area_strictly if strict else curves.auc
        ledger.add("auc", area(table.ranking), map(area, _sampled(table.ranking)), _why(table, "auc"))
    extra = _extra(table, ledger)
    names = (*BEST[:3], *RATES, *(("auc",) if table.ranking is not None else ()), *BEST[3:])
    published = (*names, *(f"{name}{SUFFIX}" for name in BEST))
    block = _block(table, ledger)
    return Quality(block, extra, ledger.measures, names, published, ledger.rows, list(remarks(table)))


def _measure_rates(table: Table, ledger: Ledger) -> None:
    empty = 0.0 if ledger.strict else None
    samples = [rates.Outcomes.of(counts) for counts in resampling.samples(table.counts.reshape(-1))]
    sampled = [rates.binary(sample, empty) for sample in samples]
    for name, value in rates.binary(table.outcomes, empty).items():
        ledger.add(name, value, [sample[name] for sample in sampled], _why(table, name))
    constant = [rates.best_constant(sample) for sample in samples]
    for name, value in rates.best_constant(table.outcomes).items():
        ledger.add(f"{name}{SUFFIX}", value if ledger.rows else None, [sample[name] for sample in constant])


def _area_strictly(ranking: Ranking) -> float:
    """The recorded area is never undefined: a rate of no rows counts as 0."""
    return curves.area(curves.roc(ranking, strict=True))


def _sampled(ranking: Ranking) -> Iterator[Ranking]:
    """Five samples of the rows behind a ranking, in coarser cells."""
    cells = len(ranking.scores)
    starts = np.arange(0, cells, -(-cells // SAMPLED_CELLS) or 1)
    sides = [np.add.reduceat(side, starts) if cells else side for side in (ranking.positives, ranking.negatives)]
    for counts in resampling.samples(np.concatenate(sides)):
        yield Ranking(ranking.scores[starts], counts[: len(starts)], counts[len(starts) :])


def _why(table: Table, name: str) -> str:
    """Why a metric is undefined, if it is."""
    positive, negative = table.sides.positive, table.sides.negative
    if name == "precision":
        return f"no row was predicted as {positive!r}"
    if name in ("false_positive_rate", "true_negative_rate"):
        return f"no row is actually {negative!r}"
    if name == "auc" and table.ranking is not None:
        lacking = negative if table.ranking.total else positive
        return f"no row with a score is actually {lacking!r}"
    return f"no row is actually {positive!r}"


def _block(table: Table, ledger: Ledger) -> document.Binary:
    names = (table.sides.negative, table.sides.positive)
    matrix = dict(zip(names, (dict(zip(names, row, strict=True)) for row in table.counts.tolist()), strict=True))
    found: dict[str, Any] = {name: measure for name, measure in ledger.measures.items() if name in _FIELDS}
    roc = precision_recall = None
    if table.ranking is not None:
        limit = table.plan.options.curve_points
        first = curves.roc(table.ranking, strict=ledger.strict).thinned(limit)
        second = curves.precision_recall(table.ranking).thinned(limit)
        roc = document.RocCurve(first.x.tolist(), first.y.tolist())
        precision_recall = document.PrecisionRecallCurve(second.y.tolist(), second.x.tolist())
    return document.Binary(
        **found,
        confusion_matrix=matrix,
        receiver_operating_characteristic_curve=roc,
        precision_recall_curve=precision_recall,
    )


def _extra(table: Table, ledger: Ledger) -> document.Extra:
    constant = "all labels or all predictions are of one class"
    extra = document.Extra(
        rows=table.account,
        positive_label=table.sides.positive,
        negative_label=table.sides.negative,
        balanced_accuracy=ledger.own("balanced_accuracy", rates.balanced_accuracy(table.counts)),
        matthews_correlation=ledger.own("matthews_correlation", rates.matthews(table.counts), constant),
    )
    if table.calibration is not None and table.ranking is not None:
        extra.threshold = None if table.plan.columns.prediction else table.plan.request.threshold
        _add_probabilities(extra, ledger, table.calibration)
        average = curves.average_precision(table.ranking)
        extra.average_precision = ledger.own("average_precision", average, _why(table, "recall"))
        extra.auc_error_bound = curves.auc_error(table.ranking)
    extra.confidence_intervals = _intervals(table)
    extra.undefined = ledger.undefined or None
    return extra


def _add_probabilities(extra: document.Extra, ledger: Ledger, seen: Calibration) -> None:
    why = (
        f"{seen.outside} scores are no probabilities: below 0 or above 1"
        if seen.outside
        else "no row has both a label and a score"
    )
    extra.log_loss = ledger.own("log_loss", seen.log_loss, why)
    extra.brier_score = ledger.own("brier_score", seen.brier_score, why)
    extra.expected_calibration_error = ledger.own("expected_calibration_error", seen.expected_error, why)
    if seen.is_sound:
        extra.calibration = [
            document.Bin(each.lower, each.upper, each.count, each.mean_score, each.positive_share) for each in seen.bins
        ]


def _intervals(table: Table) -> dict[str, list[float]] | None:
    """95 % confidence: Wilson's for shares, DeLong's for the area, a bootstrap for the F scores."""
    seen = table.outcomes
    parts = {
        "recall": (seen.true_positives, seen.positives),
        "precision": (seen.true_positives, seen.true_positives + seen.false_positives),
        "accuracy": (seen.true_positives + seen.true_negatives, seen.rows),
        "true_negative_rate": (seen.true_negatives, seen.negatives),
        "false_positive_rate": (seen.false_positives, seen.negatives),
        "false_negative_rate": (seen.false_negatives, seen.positives),
    }
    found = {name: resampling.wilson(*pair) for name, pair in parts.items()}
    drawn = [rates.binary(rates.Outcomes.of(counts)) for counts in resampling.replicates(table.counts.reshape(-1))]
    found |= {name: resampling.interval([each[name] for each in drawn]) for name in rates.BETAS}
    spread = None if table.ranking is None else curves.auc_deviation(table.ranking)
    if spread is not None and table.ranking is not None:
        middle, half = curves.auc(table.ranking) or 0.0, resampling.QUANTILE * spread
        found["auc"] = (max(0.0, middle - half), min(1.0, middle + half))
    return {name: list(ends) for name, ends in found.items() if ends is not None} or None
