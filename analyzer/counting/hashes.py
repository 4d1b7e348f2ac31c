"""Hashes: 64 bits that stand for texts or for rows of numbers, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint64]


def of_texts(texts: Iterable[str]) -> Hashes:
    """XXH64 of every text."""
    return np.array([xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass")) for text in texts], np.uint64)


def of_rows(columns: Iterable[Hashes], rows: int) -> Hashes:
    """A hash of every row from its bits in some columns: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    found = np.full(rows, 0x9E3779B97F4A7C15, np.uint64)
    for bits in columns:
        found = found * np.uint64(0x9E3779B97F4A7C15) ^ bits
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found
