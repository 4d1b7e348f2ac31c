"""Confusion: how often each class was predicted for each actual class."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Batch
from analyzer.counting.labels import Labels, Likeliest, Predicted, in_order

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class ConfusionState:
    """rows: with both classes. correct: of them, with both the same. names: the classes, None when there are too many.

    counts: row after row (actual) the rows of every predicted class, in the order of `names`.
    """

    rows: int = 0
    correct: int = 0
    names: list[str] | None = field(default_factory=list)
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Matrix:
    """Confusion matrix: counts[i, j] rows of class i were predicted as class j. names: None when there are too many."""

    rows: int
    correct: int
    names: tuple[str, ...] | None
    counts: Counts


@dataclass(frozen=True)
class Confusion:
    """Rows by actual and predicted class.

    Parameters: label, column; predicted, where the predicted class is; limit, classes up to which
    pairs are counted.
    Input:  rows with both classes (analyzer.counting.labels); others are dropped.
    State:  at most limit**2 integers, 8 bytes each; two integers beyond `limit` classes.
    Result: Matrix, classes in the order of documents. Error: exact.

    >>> batch = Batch({"y": pa.array(["1", "0", "1"]), "p": pa.array([1.0, 1.0, None])}, 3)
    >>> fold = Confusion("y", Predicted("p"))
    >>> found = fold.result(fold.update(fold.zero(), batch))
    >>> found.names, found.counts.tolist(), found.correct
    (('0', '1'), [[0, 1], [0, 1]], 1)
    """

    label: str = "label"
    predicted: Predicted | Likeliest = Predicted()  # noqa: RUF009 - it is frozen
    limit: int = 1000

    @property
    def state(self) -> type[ConfusionState]:
        return ConfusionState

    def zero(self) -> ConfusionState:
        return ConfusionState()

    def update(self, state: ConfusionState, batch: Batch) -> ConfusionState:
        actual = Labels.in_batch(batch, self.label)
        predicted = self.predicted.labels(batch)
        return state if actual is None or predicted is None else self.merge(state, self._counted(actual, predicted))

    def merge(self, left: ConfusionState, right: ConfusionState) -> ConfusionState:
        rows, correct = left.rows + right.rows, left.correct + right.correct
        if left.names is None or right.names is None:
            return ConfusionState(rows, correct, None)
        if left.names == right.names:
            return ConfusionState(rows, correct, left.names, left.counts + right.counts)
        names = sorted({*left.names, *right.names})
        if len(names) > self.limit:
            return ConfusionState(rows, correct, None)
        counts = sum(_placed(side.counts, side.names or [], names) for side in (left, right))
        return ConfusionState(rows, correct, names, np.asarray(counts).reshape(-1))

    def result(self, state: ConfusionState) -> Matrix:
        if state.names is None:
            return Matrix(state.rows, state.correct, None, np.empty((0, 0), np.int64))
        names = in_order(state.names)
        return Matrix(state.rows, state.correct, tuple(names), _placed(state.counts, state.names, names))

    def _counted(self, actual: Labels, predicted: Labels) -> ConfusionState:
        """The state of one batch."""
        pairs = actual.paired(predicted)
        rows, correct = int(pairs.rows.sum()), int(pairs.rows[pairs.left == pairs.right].sum())
        seen = np.unique(np.concatenate([pairs.left, pairs.right]))
        if len(seen) > self.limit:
            return ConfusionState(rows, correct, None)
        found = pairs.names.take(pa.array(seen)).to_pylist()
        counts = np.zeros((len(seen), len(seen)), np.int64)
        counts[np.searchsorted(seen, pairs.left), np.searchsorted(seen, pairs.right)] = pairs.rows
        names = sorted(found)
        return ConfusionState(rows, correct, names, _placed(counts, found, names).reshape(-1))


def _placed(counts: Counts, names: list[str], wanted: list[str]) -> Counts:
    """The counts as a matrix over `wanted`, which has all of `names`."""
    places = {name: at for at, name in enumerate(wanted)}
    at = np.array([places[name] for name in names], np.intp)
    matrix = np.zeros((len(wanted), len(wanted)), np.int64)
    matrix[np.ix_(at, at)] = counts.reshape(len(names), len(names))
    return matrix
