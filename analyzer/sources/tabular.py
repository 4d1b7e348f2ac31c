"""What the tabular sources (CSV, JSON, Parquet) share: bounds of reading, places of records, names of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from analyzer.batch import Batch, Intake
from analyzer.sources.blocks import Block, blocks
from analyzer.sources.rejects import Account
from analyzer.sources.rows import Row, columns_of
from analyzer.sources.sides import is_unnamed
from analyzer.split import Split

INFERENCE_ID = "SageMakerInferenceId"
INFERENCE_TIME = "SageMakerInferenceTime"
HELD_CELLS = 500_000  # Python cells of one batch; a cell takes about 100 bytes
GRID_CELLS = 4_000_000  # rows x columns of one batch, missing cells included


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read at once and kept.

    samples: rejected records kept per block. excerpt: characters kept of each (0: none). The others: see `blocks`.
    """

    samples: int = 100
    excerpt: int = 0
    block_bytes: int = 16 << 20
    max_record_bytes: int = 64 << 20
    gzip_max_ratio: int = 1000

    def blocks(self, split: Split) -> Iterator[Block]:
        """The split's lines."""
        return blocks(split, self.block_bytes, self.max_record_bytes, self.gzip_max_ratio)

    def account(self, block: Block) -> Account:
        """An account of the block in which each of its troubles is one rejected record."""
        account = Account(block, self.samples, self.excerpt)
        account.intake.records += len(block.troubles)
        return account


def extents(block: Block) -> list[tuple[int, int]]:
    """Where each span of the block begins and ends."""
    return list(pairwise([*(span.at for span in block.spans), len(block.data)]))


class Places:
    """Places of records for messages, asked for in the order in which they stand in the block."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._span = self._at = self._line = 0

    def where(self, at: int) -> tuple[str, int, str | None]:
        """Path and line of the record that begins at byte `at`; a file that was split is counted from a byte."""
        spans = self._block.spans
        moved = not self._line
        while self._span + 1 < len(spans) and spans[self._span + 1].at <= at:
            self._span, moved = self._span + 1, True
        span = spans[self._span]
        if moved:
            self._at, self._line = span.at, span.line
        self._line += self._block.data.count(b"\n", self._at, at)
        self._at = at
        return (f"{span.path} (from byte {span.start})" if span.start else span.path, self._line, None)


class Gathering:
    """Python rows on their way to batches of bounded size.

    names: of unnamed cells, by position; used for rows with just as many cells.
    """

    def __init__(self, names: Sequence[str] | None = None) -> None:
        self._names = names
        self._rows: list[Row] = []
        self._ids: list[str] = []
        self._columns: set[str] = set()
        self._cells = 0

    def add(self, rows: Sequence[Row], identity: str | None = None) -> Iterator[Batch]:
        """Take rows, and give the batch they complete."""
        for row in rows:
            self._rows.append(self._named(row))
            self._ids.append(identity or "")
            self._cells += len(row) + 1
            self._columns.update(row)
            if self._cells > HELD_CELLS or len(self._columns) * len(self._rows) > GRID_CELLS:
                yield self.rest(Intake())

    def rest(self, intake: Intake) -> Batch:
        """The rows held, with an intake of the caller's."""
        ids = pa.array(self._ids, pa.string()) if any(self._ids) else None
        batch = Batch(columns_of(self._rows), len(self._rows), ids, intake)
        self._rows, self._ids, self._columns, self._cells = [], [], set(), 0
        return batch

    def _named(self, row: Row) -> Row:
        names = self._names
        if names is None or len(names) != len(row) or not is_unnamed(row):
            return row
        return dict(zip(names, row.values(), strict=True))


def identified(columns: dict[str, pa.Array], *, last_two: bool = False) -> pa.StringArray | None:
    """Ids of the rows from the columns that batch transform adds; takes those columns out (contract.md 3.3).

    last_two: the two last columns are id and time when no column has the documented name.
    """
    if INFERENCE_ID in columns:
        found = columns.pop(INFERENCE_ID)
        columns.pop(INFERENCE_TIME, None)
    elif last_two and len(columns) > 1:
        columns.popitem()
        found = columns.popitem()[1]
    else:
        return None
    return found.cast(pa.string()).fill_null("")


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names with empty ones as `_c0`, `_c1`, ... by position, and repeated ones numbered.

    >>> unique_names(["a", "a", "", "a_2"])
    ('a', 'a_3', '_c2', 'a_2')
    """
    wanted = [name or f"_c{at}" for at, name in enumerate(names)]
    given, numbers = set(wanted), dict.fromkeys(wanted, 1)
    result: dict[str, None] = {}
    for name in wanted:
        fresh = name
        while fresh in result or (fresh in given and fresh != name):
            numbers[name] += 1
            fresh = f"{name}_{numbers[name]}"
        result[fresh] = None
    return tuple(result)
