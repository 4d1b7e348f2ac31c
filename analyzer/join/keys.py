"""Keys: ids of records as 128-bit hashes in columns.

Texts of any length become two integers, which sort, search and travel. Two different ids share a key with a
probability of 2**-128 (among a billion ids some pair does with one of 1e-21), so equal keys are taken for equal ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Keys:
    """Hashes (XXH3, 128 bits) of texts as their high and low halves; order and repetition are the texts'."""

    high: Words
    low: Words

    @classmethod
    def of(cls, texts: Iterable[str]) -> Keys:
        """Keys of texts without regard to blanks around them."""
        encoded = map(str.encode, map(str.strip, texts))
        words = np.frombuffer(b"".join(map(xxhash.xxh3_128_digest, encoded)), ">u8").reshape(-1, 2)
        return cls(words[:, 0].astype(np.uint64), words[:, 1].astype(np.uint64))

    @classmethod
    def joined(cls, parts: Sequence[Keys]) -> Keys:
        """All keys of the parts, in order."""
        return cls(
            np.concatenate([part.high for part in parts] or [np.empty(0, np.uint64)]),
            np.concatenate([part.low for part in parts] or [np.empty(0, np.uint64)]),
        )

    def __len__(self) -> int:
        return len(self.high)

    def at(self, rows: Rows | slice) -> Keys:
        """The keys of these rows."""
        return Keys(self.high[rows], self.low[rows])

    def distinct(self) -> Keys:
        """Every key once, ascending."""
        ordered = self.at(order_of(self.high, self.low))
        return ordered.at(np.flatnonzero(starts_of(ordered.high, ordered.low)))


def order_of(high: Words, low: Words) -> Rows:
    """Rows in ascending order of their keys; rows of equal keys keep their order."""
    order = np.argsort(high, kind="stable")
    words, others = high[order], low[order]
    if bool(((words[1:] == words[:-1]) & (others[1:] != others[:-1])).any()):  # one half alone does not decide
        order = np.lexsort((low, high))
    return order.astype(np.int64, copy=False)


def starts_of(high: Words, low: Words) -> npt.NDArray[np.bool_]:
    """Which rows of sorted keys are the first of theirs."""
    starts = np.ones(len(high), np.bool_)
    starts[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return starts


def bucket_edges(high: Words, bits: int) -> Rows:
    """First row of each of the 2**bits ranges of sorted keys, and behind the last their number."""
    inner = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(WORD_BITS - bits) if bits else high[:0]
    return np.concatenate([[0], np.searchsorted(high, inner), [len(high)]]).astype(np.int64)


def bucket_bits(size: int, each: int, most: int = 12) -> int:
    """Bits that tell apart as many buckets as keep each below so many bytes, up to 2**most buckets."""
    return min(most, max(0, (max(size, 1) - 1) // each).bit_length())
