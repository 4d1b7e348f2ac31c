"""Sources that make their rows from the split's place; Spark's Python processes import them by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analyzer import folds
from analyzer.batch import Batch
from analyzer.errors import ScriptError, SourceUnreadable
from analyzer.fold import Scan
from analyzer.split import Piece, Split

SCAN = Scan.of(folds.ALL)
ROWS = 6000  # of a split


@dataclass(frozen=True)
class Numbers:
    """Some splits of numbers, in so many columns; what fails, fails in split 3."""

    count: int
    fails: str = ""
    columns: int = 2

    def splits(self) -> Sequence[Split]:
        return [(Piece("numbers", at, at + 1, whole=False),) for at in range(self.count)]

    def batches(self, split: Split) -> Iterator[Batch]:
        seed = split[0].start
        if seed == 3:
            self._fail()
        random = np.random.default_rng(seed)
        for _ in range(2):
            names = "abcdefghijklmnopqrstuvwxyz"[: self.columns]
            normal = {name: pa.array(random.normal(size=ROWS // 2)) for name in names[:-1]}
            yield Batch({**normal, names[-1]: pa.array(random.integers(0, 9, ROWS // 2))}, ROWS // 2)

    def _fail(self) -> None:
        match self.fails:
            case "killed":
                os._exit(9)
            case "script":
                raise ScriptError("line 7 of the script\nsecond line")
            case "storage":
                raise SourceUnreadable("'s3://bucket/key' cannot be read. Hint: wait.")
            case "memory":
                raise MemoryError
            case "defect":
                raise KeyError("a defect of ours")
