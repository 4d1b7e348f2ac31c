"""Sample: some rows of a data set, chosen by what they hold, so that the choice does not depend on order or parts.

The pairs of numbers with the smallest hashes are kept, each with how often it occurs. While there are few distinct
pairs that is all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(slots=True)
class Sample:
    """Distinct pairs of numbers by ascending hash; counts: rows of each.

    is_all: no pair was ever left out.
    """

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    left: Floats = field(default_factory=lambda: np.empty(0))
    right: Floats = field(default_factory=lambda: np.empty(0))
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    is_all: bool = True

    @classmethod
    def of(cls, left: Floats, right: Floats, size: int, beside: Sample) -> Sample:
        """The sample of some rows; of those that could not stay beside another, full sample the hash alone is made."""
        hashes = _hashed(left, right)
        if not beside.is_all:
            kept = hashes <= beside.hashes[-1]
            hashes, left, right = hashes[kept], left[kept], right[kept]
        order = np.argsort(hashes, kind="stable")
        found = _distinct(hashes[order], left[order], right[order], np.ones(len(order), np.int64), size)
        found.is_all = found.is_all and beside.is_all
        return found

    def merged(self, other: Sample, size: int) -> Sample:
        """The sample of both; neither changes."""
        if not len(other.hashes) or not len(self.hashes):
            return self if len(self.hashes) else other
        hashes = np.concatenate([self.hashes, other.hashes])
        order = np.argsort(hashes, kind="stable")
        left, right = np.concatenate([self.left, other.left]), np.concatenate([self.right, other.right])
        counts = np.concatenate([self.counts, other.counts])
        found = _distinct(hashes[order], left[order], right[order], counts[order], size)
        found.is_all = found.is_all and self.is_all and other.is_all
        return found


def _distinct(hashes: Hashes, left: Floats, right: Floats, counts: Counts, size: int) -> Sample:
    """Equal neighbours as one, the first `size` of them."""
    if not len(hashes):
        return Sample()
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    rows = np.add.reduceat(counts, starts)[:size]
    kept = starts[:size]
    return Sample(hashes[kept], left[kept], right[kept], rows, len(starts) <= size)


def _hashed(left: Floats, right: Floats) -> Hashes:
    """Hash of pairs of doubles by value; -0.0 is 0.0."""
    first, second = (left + 0.0).view(np.uint64), (right + 0.0).view(np.uint64)
    return _mixed(_mixed(first * _FIRST) + second * _SECOND)


def _mixed(bits: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
