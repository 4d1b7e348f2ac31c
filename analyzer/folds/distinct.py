"""Distinct: how many different values a column holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from analyzer.batch import Cells

Hashes = npt.NDArray[np.uint64]

_SPAN = float(2**64)


@dataclass(frozen=True, slots=True)
class DistinctCount:
    """Number of distinct present values, and whether it is exact."""

    count: int
    exact: bool


@dataclass(slots=True)
class Smallest:
    """The smallest distinct hashes seen, ascending; all of them while there are at most `size`."""

    hashes: npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Distinct:
    """Distinct values of a column: exact up to `size`, estimated beyond.

    Input:  present cells; numbers by value (1 and 1.0 are one value), everything else by text.
    State:  the `size` smallest 64-bit hashes; 8 bytes each.
    Result: DistinctCount.
    Error:  exact up to `size` distinct values; beyond, a relative standard error of 1/sqrt(size - 2), 1 % at 10,000.
    Source: Bar-Yossef et al. 2002; Beyer et al. 2007 (KMV estimator (k-1)/U_k).

    Unlike HyperLogLog the state does not depend on order or grouping, is exact while small and needs no
    loop over values.
    """

    size: int = 10_000

    @property
    def state(self) -> type[Smallest]:
        return Smallest

    def zero(self) -> Smallest:
        return Smallest(np.empty(0, np.uint64))

    def update(self, state: Smallest, cells: Cells) -> Smallest:
        fresh = _hashes(cells)
        if len(state.hashes) > self.size:
            fresh = fresh[fresh < state.hashes[-1]]
        return self._keep(state, fresh)

    def merge(self, left: Smallest, right: Smallest) -> Smallest:
        return self._keep(left, right.hashes)

    def result(self, state: Smallest) -> DistinctCount:
        if len(state.hashes) <= self.size:
            return DistinctCount(len(state.hashes), exact=True)
        fraction = (float(state.hashes[self.size - 1]) + 1.0) / _SPAN
        return DistinctCount(round((self.size - 1) / fraction), exact=False)

    def _keep(self, state: Smallest, fresh: Hashes) -> Smallest:
        if len(fresh) and not _known(state.hashes, fresh):
            # One more than `size` is kept, so that "exactly size" and "more than size" differ.
            state.hashes = np.union1d(state.hashes, fresh)[: self.size + 1]
        return state


def _hashes(cells: Cells) -> Hashes:
    if cells.all_finite:
        return _mix(cells.numbers)
    hashes = np.empty(len(cells.values), np.uint64)
    hashes[cells.finite] = _mix(cells.numbers[cells.finite])
    others = np.flatnonzero(~cells.finite)
    texts = cells.texts.take(pa.array(others)).cast(pa.binary()).to_pylist()
    hashes[others] = [xxhash.xxh64_intdigest(text) for text in texts]
    return hashes


def _known(hashes: Hashes, fresh: Hashes) -> bool:
    """Whether all of the fresh ones are there already, which they are in most batches of a column of few values."""
    if len(fresh) > len(hashes):
        return False
    places = np.minimum(np.searchsorted(hashes, fresh), len(hashes) - 1)
    return bool((hashes[places] == fresh).all())


def _mix(numbers: npt.NDArray[np.float64]) -> Hashes:
    """Hash of doubles by value: the finaliser of SplitMix64 (Steele, Lea, Flood 2014) over their bits."""
    bits = (numbers + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
