"""Data frames measured by the analyzer without files, and by the closed image's open library."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from analyzer.analysis_config import parse_analysis_config
from analyzer.batch import Batch, Intake
from analyzer.fold import Scan, fold_batches, merge_tree
from analyzer.job import Job
from analyzer.monitors.bias.columns import Finder
from analyzer.monitors.bias.measures import Bias, Measuring
from analyzer.monitors.bias.plan import Plan
from analyzer.monitors.bias.request import Request
from analyzer.options import Options
from analyzer.reports.analysis import Known
from analyzer.views.bias_metrics import POST, PRE

Frame = Mapping[str, Sequence[Any]]


def batch_of(frame: Frame, *, text: bool = False) -> Batch:
    """The frame as typed columns, or as the texts of a CSV file."""
    columns = {
        name: pa.array([None if cell is None else str(cell) for cell in cells] if text else list(cells))
        for name, cells in frame.items()
    }
    rows = len(next(iter(frame.values())))
    return Batch(columns, rows, intake=Intake(records=rows))


def plan_of(
    config: Mapping[str, Any], columns: Sequence[str], options: Options | None = None, known: Known | None = None
) -> Plan:
    """The plan for a table of these columns."""
    request = Request.of_config(parse_analysis_config(dict(config)), Job())
    return Plan(request, Finder(request, columns).found, options or Options(), known)


def measured(plan: Plan, batches: Sequence[Batch], *, strict: bool = False) -> Bias:
    """What the plan measures of the batches, each in a split of its own."""
    scan = Scan.of(plan.folds)
    state = merge_tree(scan, [fold_batches(scan, [batch]) for batch in batches])
    return Measuring(plan, scan.result(state), strict=strict).bias


@cache
def library() -> ModuleType:
    """Reports of smclarify; skips the test where it is not installed."""
    found: ModuleType = pytest.importorskip("smclarify.bias.report", reason="the oracle smclarify is not installed")
    logging.getLogger("smclarify").setLevel(logging.CRITICAL)  # it logs every error that it reports
    return found


def by_library(config: Mapping[str, Any], frame: Frame, stage: str) -> list[dict[str, Any]] | str:
    """The library's entries of the only facet; the text of its error when it refuses."""
    import pandas as pd  # noqa: PLC0415 - the oracle takes nothing else

    report, table = library(), pd.DataFrame(dict(frame))
    (facet,), label, values = config["facet"], config["label"], config["label_values_or_threshold"]
    predicted = config["predicted_label"]
    answer = report.LabelColumn(predicted, table[predicted], list(values)) if stage == POST else None
    kind = {PRE: report.StageType.PRE_TRAINING, POST: report.StageType.POST_TRAINING}[stage]
    given = facet.get("value_or_threshold")
    table = table if stage == POST else table.drop(columns=predicted)
    group = table[config["group_variable"]] if "group_variable" in config else None
    column = report.FacetColumn(facet["name_or_index"], None if given is None else list(given))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas and scikit-learn about how the library uses them
        try:
            found: list[dict[str, Any]] = report.bias_report(
                table, column, report.LabelColumn(label, table[label], list(values)), kind, answer, group_variable=group
            )
        except ValueError as error:
            return str(error)
    return found
