"""Classes: how often each class is predicted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from analyzer.batch import Batch
from analyzer.counting.labels import Likeliest, Predicted, in_order


@dataclass(slots=True)
class ClassCounts:
    """Rows of every class, None when there are too many classes; rows: with any class."""

    rows: int = 0
    counts: dict[str, int] | None = field(default_factory=dict)


@dataclass(frozen=True)
class Classes:
    """Rows of every predicted class, with or without an actual one.

    Parameters: predicted, where the class is; limit, classes up to which they are counted.
    Input:  rows with a predicted class (analyzer.counting.labels); others are dropped.
    State:  at most `limit` texts and counts. Result: ClassCounts, classes in the order of documents. Error: exact.
    """

    predicted: Predicted | Likeliest = Predicted()  # noqa: RUF009 - it is frozen
    limit: int = 1000

    @property
    def state(self) -> type[ClassCounts]:
        return ClassCounts

    def zero(self) -> ClassCounts:
        return ClassCounts()

    def update(self, state: ClassCounts, batch: Batch) -> ClassCounts:
        labels = self.predicted.labels(batch)
        if labels is None:
            return state
        rows = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.names))
        seen = np.flatnonzero(rows)
        if len(seen) > self.limit:
            return self.merge(state, ClassCounts(int(rows.sum()), None))
        names = labels.names.take(pa.array(seen)).to_pylist()
        return self.merge(state, ClassCounts(int(rows.sum()), dict(zip(names, rows[seen].tolist(), strict=True))))

    def merge(self, left: ClassCounts, right: ClassCounts) -> ClassCounts:
        rows = left.rows + right.rows
        if left.counts is None or right.counts is None:
            return ClassCounts(rows, None)
        counts = dict(left.counts)
        for name, count in right.counts.items():
            counts[name] = counts.get(name, 0) + count
        return ClassCounts(rows, counts if len(counts) <= self.limit else None)

    def result(self, state: ClassCounts) -> ClassCounts:
        counts = state.counts
        return ClassCounts(state.rows, None if counts is None else {name: counts[name] for name in in_order([*counts])})
