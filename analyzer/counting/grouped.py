"""Grouped: some counts for each of many names, exact for those that are kept, bounded whatever the data holds.

Of more names than allowed the ones with the smallest hashes are kept, which is a sample with equal chances. Whether a
name is among them does not depend on order or parts, so its counts are complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.counting.hashes import Hashes, of_texts

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class Grouped:
    """Names in order of first appearance and, one after the other, the same number of counts for each.

    hashes: 64 bits of each name; names of equal hash would be one (odds below 1e-8 for a million names).
    is_all: no name was ever left out.
    """

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    names: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    is_all: bool = True

    @classmethod
    def of(cls, names: pa.StringArray, counts: Counts, limit: int) -> Grouped:
        """The counts of distinct names, one row for each; names without any count are left out."""
        seen = np.flatnonzero(counts.any(axis=1))
        texts = names.take(pa.array(seen)).to_pylist()
        return cls(of_texts(texts), texts, counts[seen].reshape(-1)).within(limit)

    @property
    def table(self) -> Counts:
        """A row of counts for every name."""
        return self.counts.reshape(len(self.names), -1) if self.names else np.empty((0, 0), np.int64)

    def merged(self, other: Grouped, limit: int) -> Grouped:
        """The counts of both; neither changes."""
        is_all = self.is_all and other.is_all
        if np.array_equal(self.hashes, other.hashes):
            return Grouped(self.hashes, self.names, self.counts + other.counts, is_all)
        if not self.names or not other.names:
            kept = self if self.names else other
            return Grouped(kept.hashes, kept.names, kept.counts.copy(), is_all)
        hashes = np.concatenate([self.hashes, other.hashes])
        _, first, places = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), np.intp)
        rank[order] = np.arange(len(order))
        rows = np.concatenate([self.table, other.table])
        summed = np.zeros((len(order), rows.shape[1]), np.int64)
        np.add.at(summed, rank[places], rows)
        both = self.names + other.names
        names = [both[at] for at in first[order].tolist()]
        return Grouped(hashes[first[order]], names, summed.reshape(-1), is_all).within(limit)

    def only(self, kept: npt.NDArray[np.bool_]) -> Grouped:
        """Some of the names."""
        names = [name for name, keep in zip(self.names, kept.tolist(), strict=True) if keep]
        return Grouped(self.hashes[kept], names, self.table[kept].reshape(-1), self.is_all)

    def within(self, limit: int) -> Grouped:
        if len(self.names) <= limit:
            return self
        bound = np.partition(self.hashes, limit - 1)[limit - 1]
        found = self.only(self.hashes <= bound)
        found.is_all = False
        return found
