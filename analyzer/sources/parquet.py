"""Parquet files as a source: row groups, read a few thousand rows at a time, columns with their own types.

A row group belongs to the piece of the file in which its first byte lies. A damaged file or row group is rejected,
the others go on. Nested columns: see `nested`. Source: contract.md 1.6; user_requests.md 6, 20-23.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analyzer.batch import Batch
from analyzer.sources.blocks import Block, Span
from analyzer.sources.nested import flat_columns, list_lengths
from analyzer.sources.rejects import Account
from analyzer.sources.script import Script
from analyzer.sources.splits import File, Piece, Split, client, is_remote, open_local, plan, storage_errors
from analyzer.sources.tabular import Bounds, Gathering, identified

DAMAGED_FILE = "file is not readable Parquet"
DAMAGED_GROUP = "row group of a Parquet file is damaged"
NOT_UTF8 = "cell is not UTF-8"
BATCH_CELLS = 4_000_000
_FAILURES = (pa.ArrowException, OSError, OverflowError)


@dataclass(frozen=True)
class ParquetSource:
    """Parquet files.

    flatten_limit: longest list that becomes one column per element. script: path of a preprocessor script, which
    gets every row as a dict. Raises ScriptError from `batches`.
    """

    files: tuple[File, ...]
    flatten_limit: int = 4096
    script: str | None = None
    bounds: Bounds = field(default_factory=Bounds)

    def splits(self) -> Sequence[Split]:
        return plan(self.files)

    def batches(self, split: Split) -> Iterator[Batch]:
        first = True
        for piece in split:
            for batch in self._piece(piece):
                first = False
                yield batch
        if first:
            yield Batch({}, 0)

    def _piece(self, piece: Piece) -> Iterator[Batch]:
        account = self.bounds.account(Block(b"", [Span(0, piece.path, 0, 0, piece.start)]))
        try:
            with _opened(piece.path) as file:
                yield from self._groups(file, piece, account)
        except _FAILURES as error:
            if not piece.start:  # every piece of the file meets the same damage
                _reject(account, DAMAGED_FILE, _told(error), 1)
        if account.intake.rejected:
            yield Batch({}, 0, intake=account.intake)
