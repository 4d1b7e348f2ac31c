"""Shift: columns that moved by some places against the baseline, which makes many checks fail at once."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.folds.quantiles import Sketch
from analyzer.monitors.data_quality.profile import Column
from analyzer.reports.statistics import Feature
from analyzer.schema import Kind
from analyzer.views.distance import ks_distance
from analyzer.views.sketch import distribution

ALIKE = 0.25  # distance up to which two columns may be the same one
MOST = 8  # places looked at in either direction


def explain_shift(columns: Sequence[Column], baseline: Sequence[Feature]) -> str:
    """What happened when the columns fit the baseline better some places further on; "" when they do not.

    Typical cause: the baseline has the prediction last, captures have it first.
    """
    count = len(baseline)
    if len(columns) != count or count < 3:
        return ""
    alike = {places: _alike(columns, baseline, places) for places in _places(count)}
    best = max(alike, key=lambda places: alike[places])
    if best == 0 or alike[0] > 0.6 * count or alike[best] < max(0.8 * count, alike[0] + 2):
        return ""
    end = "last" if best < 0 else "first"
    return (
        f"{alike[best]} of {count} columns fit the baseline when moved by {abs(best)}, only {alike[0]} as they stand: "
        f"the baseline seems to have the output columns {end}. Hint: write the baseline's columns in the order of the "
        "captured data, or set output_columns_position."
    )


def _places(count: int) -> list[int]:
    most = min(MOST, count - 1)
    return [0, *(sign * places for places in range(1, most + 1) for sign in (-1, 1))]


def _alike(columns: Sequence[Column], baseline: Sequence[Feature], places: int) -> int:
    """How many columns resemble the baseline's column `places` further on, around the end."""
    count = len(baseline)
    return sum(_resemble(column, baseline[(at + places) % count]) for at, column in enumerate(columns))


def _resemble(column: Column, before: Feature) -> bool:
    kind = "String" if column.kind is Kind.BOOLEAN else column.kind.label
    if kind != before.inferred_type:
        return False
    if column.distribution is not None and before.levels is not None:
        distance = ks_distance(distribution(Sketch(levels=before.levels)), column.distribution)
        return distance is not None and distance <= ALIKE
    if before.categories and column.categories:
        return bool(set(before.categories) & set(column.categories))
    return True
