"""Index: chosen labels, looked up by key; in memory, or in files that all processes of a machine map.

A file per bucket (a range of keys) keeps the work of making it bounded, whatever the number of labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Truth
from analyzer.join.keys import Keys, Rows, bucket_edges
from analyzer.join.labels import SCHEMA, keys_of, truth_of

TAKEN = ("hour", "encoding", "data")  # what a captured record learns of its label
_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Found:
    """Labels of some keys: owners, the positions of the keys that have one, ascending; beside each what is TAKEN."""

    owners: Rows
    labels: pa.Table

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """All of them, by owner; labels of one owner keep their order."""
        owners = np.concatenate([_NOTHING, *(part.owners for part in parts)])
        labels = pa.concat_tables([SCHEMA.empty_table().select(TAKEN), *(part.labels for part in parts)])
        order = np.argsort(owners, kind="stable")
        return cls(owners[order], labels.combine_chunks().take(order))

    def at(self, wanted: npt.NDArray[np.bool_]) -> Found:
        """Some of the pairs."""
        return Found(self.owners[wanted], self.labels.filter(pa.array(wanted)))


class Index(Protocol):
    """Labels by key. `found` also notes that the keys are wanted: their ids belong to captured records."""

    def found(self, keys: Keys) -> Found: ...


@dataclass(frozen=True)
class Shelf:
    """Chosen labels in memory; those whose id was asked for are noted in `wanted`, a byte for each."""

    labels: pa.Table
    keys: Keys
    wanted: npt.NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, labels: pa.Table, wanted: npt.NDArray[np.uint8] | None = None) -> Shelf:
        return cls(labels, keys_of(labels), wanted)

    def found(self, keys: Keys) -> Found:
        owners, rows = self.pairs(keys)
        if self.wanted is not None:
            self.wanted[rows] = 1
        return Found(owners, self.labels.select(TAKEN).take(rows))

    def pairs(self, keys: Keys) -> tuple[Rows, Rows]:
        """Positions of keys that have labels, ascending, and beside each the row of the label."""
        order = np.argsort(keys.high).astype(np.int64)  # in this order the search walks through memory forwards
        asked = keys.at(order)
        first = np.searchsorted(self.keys.high, asked.high, "left")
        counts = np.searchsorted(self.keys.high, asked.high, "right") - first
        owners = np.repeat(np.arange(len(order)), counts)
        rows = np.arange(len(owners)) + np.repeat(first - np.cumsum(counts) + counts, counts)
        same = self.keys.low[rows] == asked.low[owners]
        owners, rows = order[owners[same]], rows[same]
        back = np.argsort(owners, kind="stable")
        return owners[back], rows[back]


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index in the files of a folder; what travels between processes is its name."""

    folder: str
    bits: int

    def found(self, keys: Keys) -> Found:
        shelves = _opened(self)
        if not self.bits:
            return shelves[0].found(keys)
        order = np.argsort(keys.high).astype(np.int64)
        edges = bucket_edges(keys.high[order], self.bits)
        parts = []
        for shelf, (begin, end) in zip(shelves, pairwise(edges.tolist()), strict=True):
            if end > begin:
                part = shelf.found(keys.at(order[begin:end]))
                parts.append(Found(order[begin:end][part.owners], part.labels))
        return Found.joined(parts)

    def store(self, bucket: int, labels: pa.Table) -> None:
        """Write the chosen labels of one bucket."""
        with pa.OSFile(self._path(bucket), "wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            writer.write_table(labels.combine_chunks())
        Path(self._path(bucket, "wanted")).write_bytes(bytes(max(1, len(labels))))

    def truths(self, samples: int) -> Iterator[Truth]:
        """What the buckets say about the ground truth after the captured records were looked up, in order."""
        for shelf in _opened(self):
            if shelf.wanted is not None:
                yield truth_of(shelf.labels, shelf.wanted[: len(shelf.labels)] != 0, samples)

    def close(self) -> None:
        """Let go of the files that this process has mapped."""
        _opened.cache_clear()

    def _path(self, bucket: int, suffix: str = "arrow") -> str:
        return str(Path(self.folder, f"bucket-{bucket}.{suffix}"))

    def shelf(self, bucket: int) -> Shelf:
        """The labels of one bucket, mapped into memory; notes about them reach all processes that map them too."""
        labels = pa.ipc.open_file(pa.memory_map(self._path(bucket))).read_all()
        return Shelf.of(labels, np.memmap(self._path(bucket, "wanted"), np.uint8, "r+"))


@lru_cache(maxsize=1)
def _opened(index: StoredIndex) -> list[Shelf]:
    return [index.shelf(bucket) for bucket in range(1 << index.bits)]


def requested(labels: pa.Table, keys: Keys) -> npt.NDArray[np.bool_]:
    """Which rows of chosen labels have an id among the keys."""
    wanted = np.zeros(len(labels), np.bool_)
    wanted[Shelf.of(labels).pairs(keys)[1]] = True
    return wanted
