"""Tally: how often each number occurs, exact while the distinct numbers are few, bounded beyond.

A double is turned into an integer of the same order. When there are more distinct ones than allowed, the lowest bits of
all of them are dropped, as few as suffice. Which bits depends on the numbers alone, not on their order or on how they
were cut into parts, so tallies merge exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SIGN = np.uint64(1 << 63)
_BITS = 64


@dataclass(slots=True)
class Tally:
    """Cells of numbers and how many fell into each.

    keys: ascending; the order-preserving integer of a double without its `shift` lowest bits. counts: of each key.
    A cell of a positive shift s holds numbers within a factor of 1 + 2**(s - 52) of each other.
    """

    keys: Keys = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    shift: int = 0

    @classmethod
    def of(cls, numbers: Floats, counts: Counts, limit: int) -> Tally:
        """A tally of finite numbers; counts: how often each occurs, in any order and repeatedly. limit: at least 2."""
        keys = keys_of(numbers)
        order = np.argsort(keys)
        return _bounded(*_grouped(keys[order], counts[order]), 0, limit)

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    @property
    def is_exact(self) -> bool:
        return not self.shift

    @property
    def numbers(self) -> Floats:
        """The number of every cell; the middle one of a cell that holds several."""
        low = self.keys << np.uint64(self.shift)
        return numbers_of(low + np.uint64((1 << self.shift) >> 1))

    def merged(self, other: Tally, limit: int) -> Tally:
        """The tally of both; neither changes."""
        if not len(other.keys) or not len(self.keys):
            return self if len(self.keys) else other
        shift = max(self.shift, other.shift)
        keys = np.concatenate([side.keys >> np.uint64(shift - side.shift) for side in (self, other)])
        counts = np.concatenate([self.counts, other.counts])
        order = np.argsort(keys, kind="stable")  # two sorted runs: one pass
        return _bounded(*_grouped(keys[order], counts[order]), shift, limit)

    def at(self, shift: int) -> Tally:
        """The tally in coarser cells."""
        if shift <= self.shift:
            return self
        return Tally(*_grouped(self.keys >> np.uint64(shift - self.shift), self.counts), shift)

    def within(self, limit: int) -> Tally:
        """The tally in as many cells, at most."""
        return _bounded(self.keys, self.counts, self.shift, limit)


def keys_of(numbers: Floats) -> Keys:
    """Integers in the order of the numbers; -0.0 is 0.0."""
    bits = (numbers + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def numbers_of(keys: Keys) -> Floats:
    """The numbers behind integers of `keys_of`."""
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)


def _grouped(keys: Keys, counts: Counts) -> tuple[Keys, Counts]:
    """Equal neighbours as one."""
    if not len(keys):
        return keys, counts
    first = np.append(True, keys[1:] != keys[:-1])
    return (keys, counts) if first.all() else (keys[first], np.add.reduceat(counts, np.flatnonzero(first)))


def _bounded(keys: Keys, counts: Counts, shift: int, limit: int) -> Tally:
    if len(keys) <= limit:
        return Tally(keys, counts, shift)
    differing = keys[1:] ^ keys[:-1]
    low, high = 1, _BITS - 1
    while low < high:  # the smallest number of bits without which few enough neighbours differ
        middle = (low + high) // 2
        fits = np.count_nonzero(differing >> np.uint64(middle)) < limit
        low, high = (low, middle) if fits else (middle + 1, high)
    return Tally(*_grouped(keys >> np.uint64(low), counts), shift + low)
