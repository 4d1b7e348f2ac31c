"""Measures: the metrics of one data set, with their deviations and with the reasons of those that are undefined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analyzer.folds.presence import Present
from analyzer.monitors.model_quality.columns import Columns
from analyzer.reports.quality_statistics import TOO_FEW, Extra, Measure, Metrics, Rows
from analyzer.views.resampling import FEWEST_ROWS, deviation

NO_ROWS = "no row has both a label and a prediction"


@dataclass
class Ledger:
    """Collects measures. rows: that the metrics are of. strict: undefined is 0, as recorded."""

    rows: int
    strict: bool = False
    measures: dict[str, Measure] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float | None, samples: Iterable[float | None], reason: str = "") -> None:
        """Note a metric and its values in the samples; reason: why it is undefined, if it is."""
        spread: float | str | None = TOO_FEW if self.rows < FEWEST_ROWS else deviation(list(samples))
        if value is None:
            self.undefined[name] = reason if self.rows else NO_ROWS
        if self.strict:
            value, spread = value or 0.0, spread or 0.0
        self.measures[name] = Measure(value, spread)

    def own(self, name: str, value: float | None, reason: str = "") -> float | None:
        """Note a metric of ours, which has no deviation, and hand it on."""
        if value is None:
            self.undefined[name] = reason if self.rows else NO_ROWS
        self.measures[name] = Measure(value, None)
        return value

    def named(self, name: str) -> Measure:
        return self.measures[name]


@dataclass
class Quality:
    """What was measured.

    block: of the statistics document. extra: our part of it. measures: by name, ours included. suggested: names of
    those that a baseline promises. published: names of those that CloudWatch gets. rows: that went into the metrics.
    """

    block: Metrics
    extra: Extra
    measures: Mapping[str, Measure]
    suggested: tuple[str, ...]
    published: tuple[str, ...]
    rows: int
    notices: list[str] = field(default_factory=list)


def rows_of(rows: int, columns: Columns, present: Mapping[str, Present], *, numeric: bool) -> Rows:
    """Where the rows went, as far as single columns tell. numeric: labels and predictions are numbers, not classes."""

    def usable(column: str) -> int:
        found = present[column]
        return found.numbers if numeric else found.classes

    found = Rows(
        evaluated=0,
        without_label=rows - usable(columns.label),
        without_prediction=rows - usable(columns.prediction) if columns.prediction else 0,
    )
    scored = [columns.score] if columns.score else [column for _, column in columns.scores]
    if scored:
        found.without_score = rows - min(present[column].numbers for column in scored)
        found.text_scores = sum(present[column].texts for column in scored)
    return found
