"""Tables in memory and record batches of frames as a source; nested columns and dates as in Parquet files.

Source: user_requests.md 20-23.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from analyzer.batch import Batch, Intake
from analyzer.sources.nested import flat_columns, holds_lists, list_lengths
from analyzer.split import Piece, Split

SPLIT_ROWS = 524_288
BATCH_ROWS = 65_536
MEASURED_ROWS = 1024  # in which lists must have a common length to become one column per element


@dataclass(frozen=True)
class View:
    """Makes cells of record batches.

    names: of the columns, by position; the batches' own when None. lengths: of lists that become columns.
    """

    names: tuple[str, ...] | None = None
    lengths: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, first: Iterable[pa.RecordBatch], limit: int, names: tuple[str, ...] | None = None) -> View:
        """The view that suits the first rows; limit: longest list that becomes columns."""
        for batch in first:
            if batch.num_rows:
                named = batch if names is None else batch.rename_columns(list(names))
                return cls(names, tuple(list_lengths(named, limit).items()))
        return cls(names)

    def __call__(self, rows: pa.RecordBatch) -> Batch:
        named = rows if self.names is None else rows.rename_columns(list(self.names))
        return Batch(flat_columns(named, dict(self.lengths)), rows.num_rows, intake=Intake(records=rows.num_rows))


@dataclass(frozen=True)
class TableSource:
    """An Arrow table; a piece of it is a range of rows. flatten_limit: longest list that becomes columns."""

    table: pa.Table
    flatten_limit: int = 4096

    def splits(self) -> Sequence[Split]:
        rows = self.table.num_rows
        starts = range(0, rows, SPLIT_ROWS)
        return [(Piece("table", at, min(at + SPLIT_ROWS, rows), whole=rows <= SPLIT_ROWS),) for at in starts]

    def reader(self) -> TableSource:
        return self

    def batches(self, split: Split) -> Iterator[Batch]:
        lists = any(map(holds_lists, self.table.schema.types))
        first = self.table.slice(0, MEASURED_ROWS).combine_chunks().to_batches() if lists else ()
        view = View.of(first, self.flatten_limit)
        for piece in split:
            for at in range(piece.start, piece.end, BATCH_ROWS):
                rows = self.table.slice(at, min(BATCH_ROWS, piece.end - at)).combine_chunks()
                yield from map(view, rows.to_batches())
