"""Categories: exact counts of a column's values while they are few."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.batch import Cells


@dataclass(slots=True)
class CategoryCounts:
    """Rows of every value; None once there were more values than the fold keeps."""

    counts: dict[str, int] | None = field(default_factory=dict)


@dataclass(frozen=True)
class Categories:
    """How often every value of a column occurs, as long as there are at most `limit` of them.

    Input:  present cells by text; long texts by their key (see Cells.keys).
    State:  at most `limit` texts and counts. Result: value -> rows, most frequent first, or None when too many.
    Error:  exact.

    >>> import pyarrow as pa
    >>> fold = Categories(limit=2)
    >>> fold.result(fold.update(fold.zero(), Cells(pa.array(["b", "a", "b", None]))))
    {'b': 2, 'a': 1}
    """

    limit: int = 256

    @property
    def state(self) -> type[CategoryCounts]:
        return CategoryCounts

    def zero(self) -> CategoryCounts:
        return CategoryCounts()

    def update(self, state: CategoryCounts, cells: Cells) -> CategoryCounts:
        if state.counts is None:
            return state
        if len(cells.values) > self.limit:
            return CategoryCounts(None)
        return self._add(state, dict(zip(cells.keys.to_pylist(), cells.counts.tolist(), strict=True)))

    def merge(self, left: CategoryCounts, right: CategoryCounts) -> CategoryCounts:
        if left.counts is None or right.counts is None:
            return CategoryCounts(None)
        return self._add(left, right.counts)

    def result(self, state: CategoryCounts) -> dict[str, int] | None:
        if state.counts is None:
            return None
        return dict(sorted(state.counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def _add(self, state: CategoryCounts, fresh: dict[str, int]) -> CategoryCounts:
        counts = state.counts or {}
        for text, count in fresh.items():
            counts[text] = counts.get(text, 0) + count
        return CategoryCounts(counts if len(counts) <= self.limit else None)
