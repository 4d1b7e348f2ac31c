"""Multiclass: the quality of a classifier of many classes.

Source: contract.md 7.1; what is ours is explained in docs/reference/model_quality.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.folds.confusion import Matrix
from analyzer.folds.ranks import RankState
from analyzer.log import counted
from analyzer.monitors.model_quality.measures import Ledger, Quality, rows_of
from analyzer.monitors.model_quality.plan import Plan, Results, sound
from analyzer.monitors.model_quality.remarks import strangers
from analyzer.reports import quality_statistics as document
from analyzer.views import rates, resampling

Counts = npt.NDArray[np.int64]

NAMES = ("accuracy", "weighted_recall", "weighted_precision", "weighted_f0_5", "weighted_f1", "weighted_f2")
SUFFIX = "_best_constant_classifier"
RANKS = (1, 2, 3, 5, 10)  # of top-k accuracy, as far as there are so many classes


def quality_of(plan: Plan, results: Results, rows: int, *, strict: bool) -> Quality:
    """Everything that was measured. rows: all, also those left out."""
    matrix: Matrix = sound(results, plan.confusion)
    ledger = Ledger(matrix.rows, strict)
    if matrix.names is None:
        _measure_accuracy(matrix, ledger, plan.options.classes_limit)
    else:
        _measure(matrix.counts, ledger)
    extra = _extra(matrix, ledger)
    extra.rows = rows_of(rows, plan.columns, sound(results, plan.presence), numeric=False)
    extra.rows.evaluated = matrix.rows
    ranks: RankState | None = sound(results, plan.ranks)
    notices = [*strangers(matrix)] if matrix.names is not None else [ledger.undefined["weighted_recall"]]
    if ranks is not None:
        _add_ranks(extra, ledger, ranks)
        if ranks.unknown:
            notices.append(
                f"{counted(ranks.unknown, 'row')} {'is' if ranks.unknown == 1 else 'are'} of a class that has no score."
            )
    if extra.rows.text_scores:
        notices.append(f"{extra.rows.text_scores} scores are texts, not numbers; their rows have no score.")
    published = (*NAMES, *(f"{name}{SUFFIX}" for name in NAMES))
    return Quality(_block(matrix, ledger), extra, ledger.measures, NAMES, published, ledger.rows, notices)


def _measure(counts: Counts, ledger: Ledger) -> None:
    samples = [sample.reshape(counts.shape) for sample in resampling.samples(counts.reshape(-1))]
    constants = [rates.weighted(rates.constant(sample)) for sample in samples]
    sampled = [rates.weighted(sample) for sample in samples]
    for name, value in rates.weighted(counts).items():
        ledger.add(name, value, [sample[name] for sample in sampled])
    for name, value in rates.weighted(rates.constant(counts)).items():
        ledger.add(f"{name}{SUFFIX}", value, [sample[name] for sample in constants])


def _measure_accuracy(matrix: Matrix, ledger: Ledger, limit: int) -> None:
    """What is known although there are too many classes for their pairs to be counted."""
    counts = np.array([matrix.correct, matrix.rows - matrix.correct])
    sampled = [int(sample[0]) / int(sample.sum()) for sample in resampling.samples(counts)]
    ledger.add("accuracy", rates.ratio(matrix.correct, matrix.rows), sampled)
    why = f"there are more than {limit} classes (classes_limit)"
    for name in (*NAMES[1:], *(f"{name}{SUFFIX}" for name in NAMES)):
        ledger.add(name, None, [], why)


def _block(matrix: Matrix, ledger: Ledger) -> document.Multiclass:
    shown = None
    if matrix.names is not None:
        table = (dict(zip(matrix.names, row, strict=True)) for row in matrix.counts.tolist())
        shown = dict(zip(matrix.names, table, strict=True))
    fields = document.Multiclass.__struct_fields__
    found: dict[str, Any] = {name: measure for name, measure in ledger.measures.items() if name in fields}
    return document.Multiclass(confusion_matrix=shown, **found)


def _extra(matrix: Matrix, ledger: Ledger) -> document.Extra:
    if matrix.names is None:
        return document.Extra(undefined=ledger.undefined)
    constant = "all labels or all predictions are of one class"
    macro = rates.macro(matrix.counts)
    by_class = {
        name: document.ClassMetrics(each.precision, each.recall, each.f_score(1.0), each.support, each.predicted)
        for name, each in zip(matrix.names, rates.by_class(matrix.counts), strict=True)
    }
    accuracy = resampling.wilson(matrix.correct, matrix.rows)
    drawn = [rates.weighted(counts) for counts in _replicates(matrix.counts)]
    found = {name: resampling.interval([each[name] for each in drawn]) for name in NAMES[1:]} | {"accuracy": accuracy}
    return document.Extra(
        macro_recall=ledger.own("macro_recall", macro["macro_recall"]),
        macro_precision=ledger.own("macro_precision", macro["macro_precision"]),
        macro_f1=ledger.own("macro_f1", macro["macro_f1"]),
        balanced_accuracy=ledger.own("balanced_accuracy", rates.balanced_accuracy(matrix.counts)),
        matthews_correlation=ledger.own("matthews_correlation", rates.matthews(matrix.counts), constant),
        classes=by_class,
        confidence_intervals={name: list(ends) for name, ends in found.items() if ends is not None} or None,
        undefined=ledger.undefined or None,
    )


def _replicates(counts: Counts) -> Iterator[Counts]:
    """Bootstrap tables; only pairs that occur are drawn."""
    cells = np.flatnonzero(counts)
    for drawn in resampling.replicates(counts.reshape(-1)[cells]):
        table = np.zeros(counts.size, np.int64)
        table[cells] = drawn
        yield table.reshape(counts.shape)


def _add_ranks(extra: document.Extra, ledger: Ledger, ranks: RankState) -> None:
    scored, rows = int(ranks.places.sum()), int(ranks.places.sum()) + ranks.unknown
    if rows:
        within = np.cumsum(ranks.places).tolist()
        extra.top_k_accuracy = {str(k): within[k - 1] / rows for k in RANKS if k <= len(within)}
    why = f"{ranks.outside} scores are no probabilities" if ranks.outside else "no row has both a label and scores"
    loss = ranks.cost / scored if scored and not ranks.outside else None
    extra.log_loss = ledger.own("log_loss", loss, why)
    extra.undefined = ledger.undefined or None
