"""Labels: ground truth records as a table sorted by the keys of their ids, and which of several of one id count.

The tables of parts of the ground truth merge like states of a fold: in any grouping, as long as the order of the
records is kept. So both engines build them in parts, and get the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Truth
from analyzer.join.keys import Keys, Rows, order_of, starts_of

ENCODINGS = ("CSV", "JSON", "BASE64", None)
NO_HOUR = np.iinfo(np.int32).min
NAME_LENGTH = 64  # characters of an id that are kept to show it
SCHEMA = pa.schema(
    [
        ("high", pa.uint64()),
        ("low", pa.uint64()),
        ("hour", pa.int32()),
        ("encoding", pa.int8()),
        ("records", pa.int64()),
        ("conflict", pa.bool_()),
        ("data", pa.large_string()),
        ("name", pa.string()),
    ]
)
"""high, low: the id's key. hour: in which the label was collected, counted from 1970, or NO_HOUR. encoding: index of
ENCODINGS. records: ground truth records of the id, on its first row (0 on others). conflict: whether they differ.
data: the payload. name: the id, perhaps shortened."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which labels of one id count.

    latest: the one collected last (by hour folder, then path, then line). all: each joins, up to `most` of an id, the
    first ones in that order.
    """

    keep: Literal["latest", "all"] = "latest"
    most: int = 100


def chosen(parts: Sequence[pa.Table], choice: Choice) -> pa.Table:
    """One sorted table of the labels that count, from tables in the order of their records."""
    labels = pa.concat_tables([SCHEMA.empty_table(), *parts]).combine_chunks()
    if not len(labels):
        return labels
    high, low, hours = (column(labels, name) for name in ("high", "low", "hour"))
    before = None if bool((hours[1:] >= hours[:-1]).all()) else np.argsort(hours, kind="stable")
    order = order_of(high, low) if before is None else before[order_of(high[before], low[before])]
    starts = starts_of(high[order], low[order])
    firsts = np.flatnonzero(starts).astype(np.int64)
    if len(firsts) == len(order):
        return labels.take(order)
    records = np.add.reduceat(column(labels, "records")[order], firsts)
    conflict = np.logical_or.reduceat(column(labels, "conflict")[order] | _differs(labels, order, starts), firsts)
    kept = _kept(firsts, len(order), choice)
    group = np.cumsum(starts)[kept] - 1
    first = np.ones(len(kept), np.bool_)
    first[1:] = group[1:] != group[:-1]
    counted = {"records": np.where(first, records[group], 0), "conflict": conflict[group]}
    found = labels.take(order[kept])
    for name, values in counted.items():
        found = found.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), pa.array(values))
    return found


def column(labels: pa.Table, name: str) -> npt.NDArray[Any]:
    """A column of numbers or flags."""
    found = labels.column(name)
    return np.asarray(found.chunk(0) if found.num_chunks == 1 else found.combine_chunks())


def keys_of(labels: pa.Table) -> Keys:
    """Keys of the rows."""
    return Keys(column(labels, "high"), column(labels, "low"))


def truth_of(labels: pa.Table, wanted: npt.NDArray[np.bool_], samples: int) -> Truth:
    """What a table of chosen labels says about the ground truth; wanted: rows whose id a captured record has."""
    starts = np.flatnonzero(starts_of(*_halves(labels))).astype(np.int64)
    met = np.logical_or.reduceat(wanted, starts) if len(starts) else wanted
    conflict = column(labels, "conflict")[starts].astype(np.bool_)
    hours = column(labels, "hour")
    hours = hours[hours > NO_HOUR]
    total = int(column(labels, "records").sum())
    return Truth(
        ids=len(starts),
        matched=int(met.sum()),
        repeated=total - len(starts),
        left_out=total - len(labels),
        conflicting=int(conflict.sum()),
        unmatched=_names(labels, starts[~met][:samples]),
        conflicts=_names(labels, starts[conflict][:samples]),
        first_hour=int(hours.min()) if len(hours) else None,
        last_hour=int(hours.max()) if len(hours) else None,
    )


def _halves(labels: pa.Table) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    keys = keys_of(labels)
    return keys.high, keys.low


def _names(labels: pa.Table, rows: Rows) -> list[str]:
    found: list[str] = labels.column("name").take(rows).to_pylist()
    return found


def _kept(firsts: Rows, count: int, choice: Choice) -> Rows:
    """Rows that count, of rows in groups that begin at `firsts`."""
    ends = np.append(firsts[1:], count)
    if choice.keep == "latest":
        return ends - 1
    sizes = ends - firsts
    places = np.arange(count) - np.repeat(firsts, sizes)
    return np.flatnonzero(places < choice.most).astype(np.int64)


def _differs(labels: pa.Table, order: Rows, starts: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which rows hold another payload than the row of the same id before them."""
    differs = np.zeros(len(order), np.bool_)
    later = np.flatnonzero(~starts)
    one, other = order[later - 1], order[later]
    data = labels.column("data").combine_chunks()
    codes = column(labels, "encoding")
    texts = np.asarray(pc.not_equal(data.take(one), data.take(other)))
    differs[later] = texts | (codes[one] != codes[other])
    return differs
