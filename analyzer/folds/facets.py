"""Facets: rows by sensitive group, label and prediction, from which every metric of bias but the flip test follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import starmap

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Batch
from analyzer.counting.grouped import Grouped
from analyzer.counting.labels import Labels, Likeliest
from analyzer.counting.membership import Membership
from analyzer.counting.tabulation import CELLS, Tabulation, cells_of, places

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A facet: its column and who is in the sensitive group, asked in one or several ways; in none: every value."""

    column: str
    entries: tuple[Membership, ...] = ()


@dataclass(slots=True)
class EntryState:
    """Counts by entry (its place in `entries`, or the value), and of each entry by group."""

    entries: Grouped = field(default_factory=Grouped)
    groups: dict[str, Grouped] = field(default_factory=dict)


@dataclass(slots=True)
class FacetsState:
    """rows: all. cells: of all of them, four for each way to read labels. groups: the same by group."""

    cells: Counts
    facets: list[EntryState]
    rows: int = 0
    groups: Grouped = field(default_factory=Grouped)


@dataclass(frozen=True)
class Facets:
    """Rows by entry of a facet, by group, and by whether label and prediction are positive: TP, FP, FN, TN.

    Parameters: label, predicted (or the likeliest of several scores), group: columns, the last two or None. positive:
                (of labels, of predictions), one for each way to read them; several ways, and several entries of a
                facet, are counted side by side because the type of a column is known only after the scan.
                most_groups, most_values: kept of each.
    Input:  every row. Missing labels, predictions and facets are not positive and in no entry; rows without a group
            are in no group, but in the totals.
    State:  8 bytes x 4 x ways for every pair of entry and group: at most facets x entries x most_groups pairs.
    Result: the state; groups and values beyond the limits are left out whole (Grouped.is_all), their rows stay in the
            totals. Error: exact for all that is kept.
    Source: bias_explainability.md 3.5.
    """

    label: str
    predicted: str | Likeliest | None
    positive: tuple[tuple[Membership, Membership], ...]
    facets: tuple[Sensitive, ...]
    group: str | None = None
    most_groups: int = 10_000
    most_values: int = 100

    @property
    def state(self) -> type[FacetsState]:
        return FacetsState

    def zero(self) -> FacetsState:
        return FacetsState(np.zeros(CELLS * len(self.positive), np.int64), [EntryState() for _ in self.facets])

    def update(self, state: FacetsState, batch: Batch) -> FacetsState:
        ways = [cells_of(y.rows(batch, self.label), p.rows(batch, self.predicted)) for y, p in self.positive]
        labels = Labels.in_batch(batch, self.group) if self.group else None
        tally = Tabulation(ways, labels, self.most_groups)
        rows = np.arange(batch.rows)
        facets = [self._entries(batch, facet, tally) for facet in self.facets]
        return self.merge(state, FacetsState(tally.cells(rows), facets, batch.rows, tally.by_group(rows)))

    def merge(self, left: FacetsState, right: FacetsState) -> FacetsState:
        left.rows += right.rows
        left.cells = left.cells + right.cells
        left.groups = left.groups.merged(right.groups, self.most_groups)
        left.facets = list(starmap(self._merged, zip(left.facets, right.facets, strict=True)))
        return left

    def result(self, state: FacetsState) -> FacetsState:
        return state

    def _entries(self, batch: Batch, facet: Sensitive, tally: Tabulation) -> EntryState:
        if facet.entries:
            names = pa.array([str(at) for at in range(len(facet.entries))])
            rows = [np.flatnonzero(entry.rows(batch, facet.column)) for entry in facet.entries]
        else:
            labels = Labels.in_batch(batch, facet.column)
            if labels is None:
                return EntryState()
            names, rows = labels.names, places(labels)
        found = Grouped.of(names, tally.table(rows), self.most_values)
        rows_of = dict(zip(names.to_pylist(), rows, strict=True))
        return EntryState(found, {name: tally.by_group(rows_of[name]) for name in found.names})

    def _merged(self, left: EntryState, right: EntryState) -> EntryState:
        entries, none = left.entries.merged(right.entries, self.most_values), Grouped()
        sides = ((name, left.groups.get(name, none), right.groups.get(name, none)) for name in entries.names)
        return EntryState(entries, {name: mine.merged(other, self.most_groups) for name, mine, other in sides})
