"""Keys: equal for equal ids, sorted as pairs of halves, cut into ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.join.keys import Keys, bucket_bits, bucket_edges, order_of, starts_of

IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
HALVES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30)


@given(st.lists(IDS, max_size=20))
def test_ids_have_one_key_exactly_when_they_are_the_same_text_without_blanks_around(ids: list[str]) -> None:
    keys = Keys.of(ids)

    pairs = list(zip(keys.high.tolist(), keys.low.tolist(), strict=True))
    assert len(set(pairs)) == len({text.strip() for text in ids})
    assert all((pairs[0] == pair) == (ids[0].strip() == text.strip()) for pair, text in zip(pairs, ids, strict=True))


@given(HALVES)
def test_order_and_starts_go_by_both_halves(halves: list[tuple[int, int]]) -> None:
    """Halves of real keys are never alike by chance, so these are made."""
    high = np.array([pair[0] for pair in halves], np.uint64)
    low = np.array([pair[1] for pair in halves], np.uint64)

    order = order_of(high, low)

    assert order.tolist() == sorted(range(len(halves)), key=halves.__getitem__)
    ordered = sorted(halves)
    firsts = [at for at, pair in enumerate(ordered) if at == 0 or pair != ordered[at - 1]]
    assert np.flatnonzero(starts_of(high[order], low[order])).tolist() == firsts
    distinct = Keys(high, low).distinct()
    assert list(zip(distinct.high.tolist(), distinct.low.tolist(), strict=True)) == sorted(set(halves))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, 5))
def test_buckets_are_ranges_that_hold_every_key_once(words: list[int], bits: int) -> None:
    high = np.sort(np.array(words, np.uint64))

    edges = bucket_edges(high, bits).tolist()

    assert len(edges) == 2**bits + 1
    found = [(bucket, word) for bucket in range(2**bits) for word in high[edges[bucket] : edges[bucket + 1]].tolist()]
    assert found == [(word >> (64 - bits) if bits else 0, word) for word in sorted(words)]


@pytest.mark.parametrize(
    ("size", "each", "bits"),
    [(0, 10, 0), (10, 10, 0), (11, 10, 1), (20, 10, 1), (21, 10, 2), (41, 10, 3), (10**12, 1, 12)],
)
def test_buckets_are_as_many_as_keep_each_small(size: int, each: int, bits: int) -> None:
    assert bucket_bits(size, each) == bits
