"""Numbers: the distribution of the numbers of one column."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.batch import Batch
from analyzer.counting.tally import Tally


@dataclass(frozen=True)
class Numbers:
    """How often each number of a column occurs.

    Parameters: column; limit, distinct numbers up to which the tally is exact.
    Input:  finite numbers; text, missing, NaN and infinite cells are dropped.
    State:  at most `limit` cells of 16 bytes. Result: Tally.
    Error:  exact up to `limit` distinct numbers; beyond, numbers within a cell (analyzer.counting.tally) are one.

    >>> import pyarrow as pa
    >>> found = Numbers("p").update(Numbers("p").zero(), Batch({"p": pa.array(["0.5", "1", "0.50", "x"])}, 4))
    >>> found.numbers.tolist(), found.counts.tolist()
    ([0.5, 1.0], [2, 1])
    """

    column: str = "prediction"
    limit: int = 4096

    @property
    def state(self) -> type[Tally]:
        return Tally

    def zero(self) -> Tally:
        return Tally()

    def update(self, state: Tally, batch: Batch) -> Tally:
        if not batch.sees(self.column):
            return state
        cells = batch.cells(self.column)
        fresh = Tally.of(cells.numbers[cells.finite], cells.counts[cells.finite], self.limit)
        return self.merge(state, fresh)

    def merge(self, left: Tally, right: Tally) -> Tally:
        return left.merged(right, self.limit)

    def result(self, state: Tally) -> Tally:
        return state
