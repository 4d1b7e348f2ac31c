"""Counts of facets against counting one row after the other, and their bounds."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.batch import Batch
from analyzer.counting.grouped import Grouped
from analyzer.counting.labels import Likeliest
from analyzer.counting.membership import Membership
from analyzer.fold import fold_batches
from analyzer.folds.facets import Facets, FacetsState, Sensitive

YES = Membership.among([1])
FOLD = Facets(
    "y",
    "p",
    ((YES, YES), (Membership(above=0.5), Membership(above=0.7))),
    (Sensitive("f", (Membership.among(["a"]), Membership(above=2))), Sensitive("f")),
    group="g",
)


def batch_of(rows: list[dict[str, Any]], names: str = "ypfg") -> Batch:
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    return Batch(columns, len(rows))


def folded(fold: Facets, *batches: Batch) -> FacetsState:
    return fold.result(fold_batches(fold, batches))


def cell(row: dict[str, Any], label: float, prediction: float | None = None) -> int:
    """TP, FP, FN, TN: by value 1, or by a threshold of each."""

    def positive(text: str | None, bound: float) -> bool:
        return text is not None and (float(text) > bound if prediction is not None else float(text) == 1)

    y, p = positive(row["y"], label), positive(row["p"], prediction or 0)
    return 3 - 2 * p - y


def count(rows: list[dict[str, Any]]) -> list[int]:
    """Four counts for labels by value, four for labels by threshold."""
    ways = [Counter(cell(row, 0.5, None) for row in rows), Counter(cell(row, 0.5, 0.7) for row in rows)]
    return [way[at] for way in ways for at in range(4)]


def table(grouped: Grouped) -> dict[str, list[int]]:
    return dict(zip(grouped.names, grouped.table.tolist(), strict=True))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "y": st.sampled_from(["0", "1", "1.0", "0.6", None]),
            "p": st.sampled_from(["0", "1", "0.6", "0.9", None]),
            "f": st.sampled_from(["a", "b", "1", "3", "2.5", None]),
            "g": st.sampled_from(["x", "y", "7", "7.0", None]),
        }
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_every_row_is_counted_where_it_belongs(rows: list[dict[str, Any]], cut: int) -> None:
    found = folded(FOLD, batch_of(rows[:cut]), batch_of(rows[cut:]))

    assert found.rows == len(rows)
    assert found.cells.tolist() == count(rows)
    group_of = {"7.0": "7"}
    groups = {group_of.get(row["g"], row["g"]) for row in rows} - {None}
    chosen = {
        "0": [row for row in rows if row["f"] == "a"],
        "1": [row for row in rows if row["f"] in ("3", "2.5")],
    }
    values = {value: [row for row in rows if row["f"] == value] for value in ("a", "b", "1", "3", "2.5")}
    for state, entries in zip(found.facets, (chosen, values), strict=True):
        assert table(state.entries) == {name: count(each) for name, each in entries.items() if each}
        for name, each in entries.items():
            parts = {group: [row for row in each if group_of.get(row["g"], row["g"]) == group] for group in groups}
            mine = table(state.groups[name]) if name in state.groups else {}
            assert mine == {group: count(part) for group, part in parts.items() if part}


def test_values_come_in_order_of_first_appearance() -> None:
    rows = [{"y": "1", "p": "1", "g": "x", "f": value} for value in ("z", "b", "z", "a", "b")]

    assert folded(FOLD, batch_of(rows[:2]), batch_of(rows[2:])).facets[1].entries.names == ["z", "b", "a"]


def test_the_likeliest_of_several_scores_is_a_prediction() -> None:
    fold = Facets("y", Likeliest(("0", "1"), ("s0", "s1")), ((YES, YES),), ())
    columns = {"y": ["1", "1", "0", "0"], "s0": [0.9, 0.2, 0.1, None], "s1": [0.1, 0.8, 0.9, 0.5]}
    batch = Batch({name: pa.array(cells) for name, cells in columns.items()}, 4)

    assert folded(fold, batch).cells.tolist() == [1, 1, 1, 1]


def test_columns_that_are_absent_select_nobody() -> None:
    batch = Batch({"y": pa.array(["1", "0"])}, 2)

    found = folded(FOLD, batch)

    assert found.cells.tolist() == [0, 0, 1, 1] * 2
    assert [state.entries.names for state in found.facets] == [[], []]


@pytest.mark.parametrize("parts", [1, 7])
def test_of_too_many_groups_the_kept_ones_are_complete(parts: int) -> None:
    """200,000 groups, 50 kept: those with the smallest hashes, whatever the order, and all of their rows."""
    groups = np.random.default_rng(0).integers(0, 200_000, 300_000)
    fold = Facets("y", "p", ((YES, YES),), (Sensitive("f", (YES,)), Sensitive("g")), "g", 50, 20)
    ones = pa.array(["1"] * len(groups))
    texts = pa.array(map(str, groups.tolist()))
    batch = Batch({"y": ones, "p": ones, "f": ones, "g": texts}, len(groups))
    edges = np.linspace(0, len(groups), parts + 1).astype(int)
    pieces = [
        Batch({name: column.slice(a, b - a) for name, column in batch.columns.items()}, b - a)
        for a, b in pairwise(edges.tolist())
    ]

    found = folded(fold, *pieces)

    everything = Counter(map(str, groups.tolist()))
    smallest = sorted(everything, key=lambda text: xxhash.xxh64_intdigest(text.encode()))[:50]
    assert not found.groups.is_all
    assert table(found.groups) == {name: [everything[name], 0, 0, 0] for name in found.groups.names}
    assert set(found.groups.names) == set(smallest)
    assert set(found.facets[0].groups["0"].names) == set(smallest)
    assert set(found.facets[1].entries.names) == set(smallest[:20])
    assert found.cells.tolist() == [len(groups), 0, 0, 0]
