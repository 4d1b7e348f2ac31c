"""Measures: every metric of every sensitive group, from the results of the scan.

Source: bias_explainability.md 1 to 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from analyzer.counting.grouped import Grouped
from analyzer.counting.labels import Likeliest, in_order
from analyzer.counting.tabulation import CELLS
from analyzer.fold import Failure
from analyzer.folds.facets import EntryState, FacetsState
from analyzer.folds.intake import IntakeState
from analyzer.monitors.bias.flips import Flips, flips_of
from analyzer.monitors.bias.plan import Plan
from analyzer.monitors.bias.scale import Results, Scale, Trait, described, threshold_of, trait
from analyzer.views.bias import Sides
from analyzer.views.bias_metrics import (
    BY_NAME,
    CDDL,
    CDDPL,
    FT,
    POST,
    PRE,
    GroupCounts,
    Measure,
    measure_disparity,
)
from analyzer.views.bootstrap import Interval, disparity_interval, intervals

NONE_POSITIVE = (
    "No Label values are present in the predicted Label Column,"
    "Positive Predicted Index Series contains all False values"
)
DRAWN_NUMBERS = 1 << 24  # for intervals of disparities, over all entries; about a second
MISSING = "nan"  # what the closed image calls the value of missing cells


@dataclass(frozen=True)
class Entry:
    """One sensitive group of a facet and its metrics by name, those of both stages.

    value: what reports call the group. groups: rows by group of labels and of predictions, None without a group
    variable. groups_cut: whether there were too many. numbers: drawn at most for the interval of a disparity.
    """

    facet: str
    value: str
    scale: Scale
    sides: Sides
    measures: dict[str, Measure]
    disparities: dict[str, GroupCounts] = field(default_factory=dict)
    flips: Flips | None = None
    groups_cut: bool = False
    numbers: int = DRAWN_NUMBERS

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """95 % intervals of the metrics that are defined."""
        wanted = [metric for name, metric in BY_NAME.items() if name in self.measures]
        found = dict(intervals(self.sides, wanted))
        for name, groups in self.disparities.items():
            interval = disparity_interval(groups, self.numbers)
            if interval is not None:
                found[name] = interval
        if self.flips is not None and self.flips.interval is not None:
            found[FT] = self.flips.interval
        return {name: each for name, each in found.items() if self.measures[name].value is not None}


@dataclass(frozen=True)
class Bias:
    """Everything a finished scan says.

    label_value: what reports call the positive labels. rows: analysed. missing: cells by what they would have told.
    """

    label_value: str
    label_scale: Scale
    rows: int
    positive_labels: int
    positive_predictions: int
    entries: list[Entry]
    missing: dict[str, int]
    values_cut: list[str]
    groups: int | None


class Measuring:
    """Reads the results of a plan. strict: columns are read, and errors made, as the closed image's library does."""

    def __init__(self, plan: Plan, results: Results, *, strict: bool) -> None:
        self.plan, self.strict = plan, strict
        self._results = results
        self._state: FacetsState = _sound(results[plan.facets], plan)
        self._label = self._trait(plan.columns.label)
        self.label_scale = self._scale(self._label, plan.label_scales, plan.request.label_values)
        start = CELLS * plan.label_scales.index(self.label_scale)
        self._way = slice(start, start + CELLS)

    @property
    def bias(self) -> Bias:
        """All of it."""
        plan, total = self.plan, self._state.cells[self._way]
        entries = [entry for at in range(len(plan.columns.facets)) for entry in self._facet(at)]
        states = zip(plan.columns.facets, plan.facet_scales, self._state.facets, strict=True)
        return Bias(
            self._label_value,
            self.label_scale,
            self._state.rows,
            int(total[0] + total[2]),
            int(total[0] + total[1]),
            entries,
            self._missing,
            [name for (name, _), scales, state in states if not scales and not state.entries.is_all],
            len(self._state.groups.names) if plan.facets.group else None,
        )

    def _facet(self, at: int) -> Iterator[Entry]:
        plan, state = self.plan, self._state.facets[at]
        name, column = plan.columns.facets[at]
        values, scales = plan.request.facets[at].values, plan.facet_scales[at]
        if not scales:
            for value in state.entries.names:
                yield self._entry(at, name, (value, value), Scale.CATEGORICAL)
            if self.strict and self._trait(column).present < self._state.rows:
                yield self._entry(at, name, ("", MISSING), Scale.CATEGORICAL)
            return
        found = self._trait(column)
        scale = self._scale(found, scales, values)
        threshold = threshold_of(values[0]) or 0.0
        value = found.interval(threshold) if scale is Scale.CONTINUOUS else described(values)
        yield self._entry(at, name, (str(scales.index(scale)), value), scale)

    def _entry(self, at: int, facet: str, key: tuple[str, str], scale: Scale) -> Entry:
        """key: the entry's name in the counts, and in reports."""
        state = self._state.facets[at]
        total, d = self._state.cells[self._way], _row(state.entries, key[0], self._way)
        sides = Sides(total - d, d)
        disparities = dict(self._disparities(state, key[0]))
        wanted = self.plan.stages
        measures = {name: BY_NAME[name].measure(sides) for name in (*wanted[PRE], *wanted[POST]) if name in BY_NAME}
        for name, stage, positive in ((CDDL, PRE, (0, 2)), (CDDPL, POST, (0, 1))):
            if name in wanted[stage]:
                positives = int(total[list(positive)].sum())
                measures[name] = measure_disparity(disparities.get(name), positives, int(total.sum()) - positives)
        flips = self._flips(at, key[0]) if FT in wanted[POST] else None
        if flips is not None:
            measures[FT] = flips.measure
        if self.strict and not total[:2].sum():
            measures |= {name: Measure(None, NONE_POSITIVE) for name in wanted[POST]}
        defined = {name: groups for name, groups in disparities.items() if name in measures}
        cut = not self._state.groups.is_all
        return Entry(facet, key[1], scale, sides, measures, defined, flips, cut, DRAWN_NUMBERS // self._entries)

    @cached_property
    def _entries(self) -> int:
        """How many entries there are, about."""
        return max(1, sum(len(state.entries.names) for state in self._state.facets))

    def _disparities(self, state: EntryState, name: str) -> Iterator[tuple[str, GroupCounts]]:
        """Rows by group, rejected and accepted, of labels and of predictions."""
        if self.plan.facets.group is None:
            return
        everybody = self._state.groups
        rows = dict(zip(everybody.names, everybody.table, strict=True))
        mine = state.groups.get(name, Grouped())
        own = dict(zip(mine.names, mine.table, strict=True))
        names, none = in_order(everybody.names), np.zeros(CELLS * len(self.plan.label_scales), np.int64)
        total, d = (
            np.array([table.get(group, none)[self._way] for group in names]).reshape(-1, CELLS) for table in (rows, own)
        )
        for metric, (rejected, accepted) in {CDDL: ((1, 3), (0, 2)), CDDPL: ((2, 3), (0, 1))}.items():
            parts = [side[:, list(which)].sum(axis=1) for side in (total, d) for which in (rejected, accepted)]
            yield metric, GroupCounts(*parts)

    def _flips(self, at: int, name: str) -> Flips:
        fold = self.plan.vectors[at]
        bits = len(self.plan.label_scales)
        entry = bits + int(name) if self.plan.facet_scales[at] else name
        way = self.plan.label_scales.index(self.label_scale)
        return flips_of(fold, self._results[fold], way, entry, strict=self.strict)

    def _scale(self, found: Trait, scales: tuple[Scale, ...], values: tuple[object, ...]) -> Scale:
        if len(scales) == 1:
            return scales[0]
        return found.scale(values[0], strict=self.strict)  # type: ignore[arg-type]

    @property
    def _label_value(self) -> str:
        values = self.plan.request.label_values
        if self.label_scale is Scale.CATEGORICAL:
            return described(values)
        predicted = self.plan.columns.predicted
        maxima = [self._label.maximum]
        if isinstance(predicted, str) and not self.plan.columns.is_score:
            maxima.append(self._trait(predicted).maximum)
        known = [each for each in maxima if each is not None]
        label = Trait(self._label.present, self._label.kinds, self._label.distinct, max(known, default=None))
        return label.interval(threshold_of(values[0]) or 0.0)

    @property
    def _missing(self) -> dict[str, int]:
        """Rows without a usable cell, by what it is for."""
        columns, rows = self.plan.columns, self._state.rows
        named = {"label": columns.label, **{f"facet {name}": column for name, column in columns.facets}}
        predicted = columns.predicted
        if predicted is not None:
            named["prediction"] = predicted.columns[0] if isinstance(predicted, Likeliest) else predicted
        if columns.group is not None:
            named["group"] = columns.group
        counts = {what: rows - self._usable(column) for what, column in named.items()}
        return {what: count for what, count in counts.items() if count}

    def _usable(self, column: str) -> int:
        kinds = self._trait(column).kinds
        return kinds.present - kinds.empty - kinds.nan

    def _trait(self, column: str) -> Trait:
        return trait(self._results, self.plan.traits, column)


def rows_of(plan: Plan, results: Results) -> IntakeState:
    """The account of the records behind the rows."""
    found: IntakeState = results[plan.intakes]
    return found


def _row(entries: Grouped, name: str, way: slice) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Four counts of an entry; zeros when no row is in it."""
    if name not in entries.names:
        return np.zeros(CELLS, np.int64)
    return np.asarray(entries.table[entries.names.index(name)][way])


def _sound(state: object, plan: Plan) -> FacetsState:
    """The counts; of a column that could not be read, none."""
    return plan.facets.zero() if isinstance(state, Failure) else state  # type: ignore[return-value]
