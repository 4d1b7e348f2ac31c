"""Label tables from plain records, and a join of plain records in plain Python: the oracle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analyzer.join.keys import Keys
from analyzer.join.labels import ENCODINGS, NO_HOUR, SCHEMA, Choice


@dataclass(frozen=True)
class Truth:
    """A ground truth record."""

    id: str
    data: str = "1"
    hour: int | None = 0
    encoding: str | None = "CSV"

    @property
    def payload(self) -> tuple[str, str | None]:
        return self.data, self.encoding


def table(records: Sequence[Truth]) -> pa.Table:
    """The records as rows, in order."""
    keys = Keys.of(record.id for record in records)
    columns = {
        "high": keys.high,
        "low": keys.low,
        "hour": [NO_HOUR if record.hour is None else record.hour for record in records],
        "encoding": [ENCODINGS.index(record.encoding) for record in records],
        "records": np.ones(len(records), np.int64),
        "conflict": np.zeros(len(records), np.bool_),
        "data": [record.data for record in records],
        "name": [record.id for record in records],
    }
    return pa.Table.from_arrays([pa.array(columns[each.name], each.type) for each in SCHEMA], schema=SCHEMA)


def by_id(records: Iterable[Truth]) -> dict[str, list[Truth]]:
    """Records of every id in the order of their hour, then as given."""
    found: dict[str, list[Truth]] = {}
    for record in sorted(records, key=lambda record: NO_HOUR if record.hour is None else record.hour):
        found.setdefault(record.id.strip(), []).append(record)
    return found


def counting(records: Iterable[Truth], choice: Choice) -> dict[str, list[Truth]]:
    """The records that count, by id."""
    groups = by_id(records)
    return {name: group[-1:] if choice.keep == "latest" else group[: choice.most] for name, group in groups.items()}
