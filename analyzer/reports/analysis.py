"""analysis.json of the bias monitor, written and read; the one of a baseline is the constraints of its monitor.

Infinite numbers are texts, undefined ones null beside an error. Keys called `analyzer` are ours.
Source: bias_explainability.md 5.1; golden bias_adult_baseline. (Attributions: see `explanations`.)
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from analyzer.errors import BaselineError
from analyzer.reports.baseline import ANALYSIS, decoding, read_baseline
from analyzer.reports.storage import Location
from analyzer.reports.text import clip

FILE_NAME = "analysis.json"
LARGEST_BYTES = 64 << 20
INFINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}

Number = float | str | None


class Metric(msgspec.Struct):
    """A metric of one entry. value: number, "Infinity", "-Infinity", or null with the error that says why."""

    name: str
    description: str
    value: Number
    error: str | None = None


class EntryExtra(msgspec.Struct):
    """Our own facts about an entry.

    type: categorical or continuous, how the facet's column was read. rows: of the sensitive group (facet) and of all
    others. cells: of both, rows by label and prediction (TP, FP, FN, TN). intervals: low and high end of the 95 %
    interval by metric. warnings: what to know about a metric, by its name. flip_test: rows behind FT.
    """

    type: str
    rows: dict[str, int]
    cells: dict[str, dict[str, int]]
    intervals: dict[str, list[Number]] | None = None
    warnings: dict[str, str] | None = None
    flip_test: dict[str, int | bool] | None = None


class Entry(msgspec.Struct):
    """One sensitive group of a facet: its values or its interval, and its metrics by name."""

    value_or_threshold: str
    metrics: list[Metric]
    analyzer: EntryExtra | None = None


class Stage(msgspec.Struct):
    """All facets before or after training."""

    label: str
    facets: dict[str, list[Entry]]
    label_value_or_threshold: str


class Analysis(msgspec.Struct):
    """The whole document of a bias monitor."""

    version: str = "1.0"
    post_training_bias_metrics: Stage | None = None
    pre_training_bias_metrics: Stage | None = None
    analyzer: dict[str, Any] | None = None

    @property
    def stages(self) -> list[Stage]:
        """The stages that are there, in the order of the document."""
        both = (self.post_training_bias_metrics, self.pre_training_bias_metrics)
        return [stage for stage in both if stage is not None]


class _Metric(msgspec.Struct):
    """A metric as people may have edited it."""

    name: str
    value: float | str | None = None
    error: str | None = None


class KnownEntry(msgspec.Struct):
    """An entry of a baseline."""

    value_or_threshold: str = ""
    metrics: list[_Metric] = []
    analyzer: EntryExtra | None = None

    @property
    def numbers(self) -> dict[str, float]:
        """Every number that is defined, by metric."""
        return {each.name: float(each.value) for each in self.metrics if each.value is not None}


class KnownStage(msgspec.Struct):
    """A stage of a baseline."""

    label: str = ""
    facets: dict[str, list[KnownEntry]] = {}
    label_value_or_threshold: str = ""


class Known(msgspec.Struct):
    """A baseline: another program's, or a person's, who needs only what is to be compared."""

    post_training_bias_metrics: KnownStage | None = None
    pre_training_bias_metrics: KnownStage | None = None

    @property
    def stages(self) -> list[KnownStage]:
        """The stages that are there."""
        both = (self.post_training_bias_metrics, self.pre_training_bias_metrics)
        return [stage for stage in both if stage is not None]


def number(value: float | None) -> Number:
    """A number as the document has it."""
    return INFINITE.get(value, value) if value is not None else None


def spelled(value: float) -> str:
    """A number inside a sentence, as the closed image prints it."""
    return INFINITE.get(value) or repr(float(value))


def read_analysis(path: Location) -> Known:
    """The bias metrics of a baseline's analysis.json.

    Raises BaselineError naming the file, the JSON path and the fix; SourceUnreadable when storage refuses to read it.
    """
    data = read_baseline(path, ANALYSIS, LARGEST_BYTES)
    with decoding(path, ANALYSIS):
        known = msgspec.json.decode(data, type=Known)
    if not known.stages:
        raise BaselineError(
            f"{path} holds no bias metrics. Hint: baseline_constraints must name the analysis.json of a bias baseline."
        )
    for stage in known.stages:
        for facet, entries in stage.facets.items():
            for metric in (metric for entry in entries for metric in entry.metrics):
                _check(metric, f"{path}: metric {clip(metric.name, 60)!r} of facet {clip(facet, 100)!r}")
    return known


def _check(metric: _Metric, where: str) -> None:
    if isinstance(metric.value, str) and metric.value not in INFINITE.values():
        raise BaselineError(f'{where} is {clip(metric.value, 60)!r}. Hint: a number, null or "Infinity" is expected.')
