"""Tally and sample: what they keep depends on the rows alone, and their errors are as stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.counting.sample import Sample
from analyzer.counting.tally import Tally, keys_of, numbers_of

finite = st.floats(allow_nan=False, allow_infinity=False)
examples = settings(max_examples=100, deadline=None)


def tally(numbers: Any, limit: int) -> Tally:
    values = np.array(numbers, np.float64)
    return Tally.of(values, np.ones(len(values), np.int64), limit)


def shown(found: Tally) -> tuple[list[int], list[int], int]:
    return (found.keys.tolist(), found.counts.tolist(), found.shift)


@examples
@given(st.lists(finite, max_size=30))
def test_keys_are_in_the_order_of_their_numbers(numbers: list[float]) -> None:
    values = np.array(numbers, np.float64)

    assert numbers_of(keys_of(values)).tolist() == (values + 0.0).tolist()
    assert np.array_equal(np.argsort(keys_of(values), kind="stable"), np.argsort(values + 0.0, kind="stable"))


@examples
@given(st.lists(finite, max_size=30), st.integers(2, 10), st.integers(0, 30))
def test_a_tally_does_not_depend_on_parts_or_order(numbers: list[float], limit: int, cut: int) -> None:
    whole = shown(tally(numbers, limit))

    assert shown(tally(numbers[::-1], limit)) == whole
    assert shown(tally(numbers[:cut], limit).merged(tally(numbers[cut:], limit), limit)) == whole
    assert shown(tally(numbers[cut:], limit).merged(tally(numbers[:cut], limit), limit)) == whole


@examples
@given(st.lists(finite, min_size=1, max_size=30), st.integers(2, 10))
def test_as_few_bits_are_dropped_as_the_limit_allows(numbers: list[float], limit: int) -> None:
    found = tally(numbers, limit)
    keys = np.unique(keys_of(np.array(numbers)))

    assert len(found.keys) <= limit
    assert found.total == len(numbers)
    assert found.shift == 0 or len(np.unique(keys >> np.uint64(found.shift - 1))) > limit


def test_a_cell_holds_neighbours_only() -> None:
    numbers = np.random.default_rng(0).lognormal(0, 2, 10_000)
    found = tally(numbers, 500)

    places = np.searchsorted(found.keys, keys_of(numbers) >> np.uint64(found.shift))
    assert np.abs(found.numbers[places] / numbers - 1).max() < 2.0 ** (found.shift - 52)


def test_a_few_numbers_are_exact() -> None:
    found = tally([2, 1, 1, -0.0, 0.0], 10)

    assert (found.numbers.tolist(), found.counts.tolist(), found.is_exact) == ([0.0, 1.0, 2.0], [2, 2, 1], True)
    assert Tally().merged(found, 10) is found
    assert found.at(0) is found


pairs = st.lists(st.tuples(st.integers(-3, 3).map(float), st.integers(-3, 3).map(float)), max_size=30)


def sample(rows: list[tuple[float, float]], size: int, beside: Sample | None = None) -> Sample:
    left, right = (np.array([row[at] for row in rows], np.float64) for at in (0, 1))
    return Sample.of(left, right, size, beside or Sample())


def kept(found: Sample) -> dict[tuple[float, float], int]:
    return dict(zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.counts.tolist(), strict=True))


@examples
@given(pairs, st.integers(1, 8), st.integers(0, 30))
def test_a_sample_does_not_depend_on_parts_or_order(rows: list[tuple[float, float]], size: int, cut: int) -> None:
    whole = sample(rows, size)
    first, second = sample(rows[:cut], size), sample(rows[cut:], size)

    assert kept(first.merged(second, size)) == kept(second.merged(first, size)) == kept(whole)
    beside = first.merged(sample(rows[cut:], size, first), size)
    assert (kept(beside), beside.is_all) == (kept(whole), whole.is_all)


@examples
@given(pairs, st.integers(1, 8))
def test_counts_of_kept_pairs_are_exact(rows: list[tuple[float, float]], size: int) -> None:
    found = sample(rows, size)

    assert kept(found) == {pair: rows.count(pair) for pair in kept(found)}
    assert len(kept(found)) == min(size, len(set(rows)))
    assert found.is_all == (len(set(rows)) <= size)


def test_a_sample_is_like_the_rows() -> None:
    """The mean of 1,000 samples of data sets lies where the mean of all rows does."""
    random = np.random.default_rng(1)
    means = []
    for _ in range(200):
        left, right = random.normal(3, 1, 2000), random.normal(0, 1, 2000)
        means.append(sample(list(zip(left.tolist(), right.tolist(), strict=True)), 100).left.mean())

    assert np.mean(means) == pytest.approx(3, abs=4 * 0.1 / np.sqrt(200))
