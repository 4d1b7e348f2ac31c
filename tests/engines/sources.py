"""Sources that make their rows from the split's place; Spark's Python processes import them by name."""

from __future__ import annotations

import os
import resource
import signal
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
    rows: int = ROWS

    def splits(self) -> Sequence[Split]:
        return [(Piece("numbers", at, at + 1, whole=False),) for at in range(self.count)]

    def reader(self) -> Numbers:
        return self

    def batches(self, split: Split) -> Iterator[Batch]:
        seed = split[0].start
        if seed == 3:
            self._fail()
        random = np.random.default_rng(seed)
        for _ in range(2):
            names = "abcdefghijklmnopqrstuvwxyz"[: self.columns]
            normal = {name: pa.array(random.normal(size=self.rows // 2)) for name in names[:-1]}
            yield Batch({**normal, names[-1]: pa.array(random.integers(0, 9, self.rows // 2))}, self.rows // 2)

    def _fail(self) -> None:
        match self.fails:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "script":
                raise ScriptError("line 7 of the script\nsecond line")
            case "storage":
                raise SourceUnreadable("'s3://bucket/key' cannot be read. Hint: wait.")
            case "memory":
                _exhaust_memory()
            case "defect":
                raise KeyError("a defect of ours")


def _exhaust_memory() -> None:
    """Ask for more than this process may have."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, before[1]))
    try:
        np.ones(8 << 30, np.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@dataclass(frozen=True)
class Ballast:
    """A fold of so many bytes of state that cannot be compressed, whatever the data."""

    size: int

    @property
    def state(self) -> type[bytes]:
        return bytes

    def zero(self) -> bytes:
        return np.random.default_rng(1).bytes(self.size)

    def update(self, state: bytes, batch: Batch) -> bytes:  # noqa: ARG002 - a fold's signature
        return state

    def merge(self, left: bytes, right: bytes) -> bytes:  # noqa: ARG002 - the same
        return left

    def result(self, state: bytes) -> int:
        return len(state)
