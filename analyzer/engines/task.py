"""Task: what both engines do with a block of splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from analyzer.batch import Batch
from analyzer.fold import Scan, fold_batches, merge_tree
from analyzer.split import Source, Split

LARGEST_BLOCK = 64  # splits; a task that is lost costs no more, and progress shows that often
Report = Callable[[int, int], None]
"""Called with the rows and stored bytes that were just finished."""


def silent(rows: int, size: int) -> None:
    """Report to nobody."""
    del rows, size


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to fold any block of splits."""

    scan: Scan
    source: Source
    splits: Sequence[Split]

    def fold(self, block: range) -> tuple[Any, int]:
        """The state of a block of splits, and its rows."""
        rows = Rows()
        states = (fold_batches(self.scan, rows.counted(self.source.batches(self.splits[at]))) for at in block)
        return merge_tree(self.scan, states), rows.count


@dataclass(slots=True)
class Rows:
    """Counts the rows of batches that pass by."""

    count: int = 0

    def counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.count += batch.rows
            yield batch


def stored_bytes(splits: Sequence[Split]) -> int:
    """Bytes of the files' parts the splits stand for, as stored."""
    return sum(piece.end - piece.start for split in splits for piece in split)


def use_one_core() -> None:
    """Arrow's own threads would compete with the other workers."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
