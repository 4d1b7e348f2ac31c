"""The flip test against scikit-learn's neighbours, which the closed image's library asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.views import flip_test as module
from analyzer.views.flip_test import Points, flip_test

neighbors = pytest.importorskip("sklearn.neighbors", reason="the oracle scikit-learn is not installed")


def points(numbers: Any, positive: Any, counts: Any = None) -> Points:
    matrix = np.asarray(numbers, np.float64)
    return Points(matrix, np.asarray(positive, np.bool_), np.ones(len(matrix), np.int64) if counts is None else counts)


def value(numbers: Any, positive: Any, sensitive: Any) -> float | None:
    flipped = flip_test(
        points(numbers[~sensitive], positive[~sensitive]), points(numbers[sensitive], positive[sensitive])
    )
    return None if flipped is None else flipped.value


def expected(numbers: Any, positive: Any, sensitive: Any) -> float:
    near = neighbors.KNeighborsClassifier(5 if (~sensitive).sum() > 9 else 1)
    votes = near.fit(numbers[~sensitive], positive[~sensitive]).predict(numbers[sensitive])
    mine = positive[sensitive]
    return (int((mine & ~votes).sum()) - int((~mine & votes).sum())) / int(sensitive.sum())


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("features", [1, 3, 15, 40])
def test_votes_of_neighbours_are_those_of_scikit_learn(seed: int, features: int) -> None:
    """Of any size and offset, which is where cheap distances lose their digits."""
    random = np.random.default_rng([seed, features])
    rows = int(random.integers(4, 300))
    numbers = random.normal(size=(rows, features)) * 10 ** random.uniform(-3, 6, features)
    numbers += 10 ** random.uniform(-3, 8, features)
    positive, sensitive = random.random(rows) < 0.4, random.random(rows) < 0.5
    sensitive[:2] = [True, False]

    assert value(numbers, positive, sensitive) == expected(numbers, positive, sensitive)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    numbers = random.normal(size=(400, 4))
    positive, sensitive = random.random(400) < 0.5, random.random(400) < 0.5
    whole = value(numbers, positive, sensitive)

    monkeypatch.setattr(module, "BLOCK", 1)
    monkeypatch.setattr(module, "LANDMARKS", 3)

    assert value(numbers, positive, sensitive) == whole == expected(numbers, positive, sensitive)


def test_copies_vote_as_often_as_they_occur() -> None:
    """Ten copies of every row: only the nearest row is left among the five nearest, as recorded."""
    random = np.random.default_rng(2)
    numbers = random.normal(size=(80, 3))
    positive, sensitive = random.random(80) < 0.5, random.random(80) < 0.5
    tens = np.full((~sensitive).sum(), 10)

    found = flip_test(
        points(numbers[~sensitive], positive[~sensitive], tens), points(numbers[sensitive], positive[sensitive])
    )

    assert found is not None
    repeated = np.repeat(np.arange(80), np.where(sensitive, 1, 10))
    assert found.value == expected(numbers[repeated], positive[repeated], sensitive[repeated])


def test_rows_equally_far_share_the_places_that_are_left() -> None:
    """Ten rows at one place: 3 of 10 positive are 1.5 of 5 votes, 5 of 10 a draw, which flips nothing."""
    for positives, lost in ((3, 2), (5, 0), (7, 0)):
        a = points(np.zeros((10, 2)), np.arange(10) < positives)
        found = flip_test(a, points([[0.0, 0.0], [1.0, 1.0]], [True, True]))
        assert found is not None
        assert (found.lost, found.won) == (lost, 0)


def test_few_rows_have_one_neighbour() -> None:
    nine = points(np.arange(9.0)[:, None], np.arange(9) == 0)

    found = flip_test(nine, points([[0.1], [1.1]], [False, False]))

    assert found is not None
    assert (found.won, found.value) == (1, -0.5)


def test_huge_numbers_do_not_overflow() -> None:
    a = points(np.array([[1e300, 0], [-1e300, 0]] * 10), [True, False] * 10)

    found = flip_test(a, points([[9e299, 1.0]], [False]))

    assert found is not None
    assert found.won == 1


def test_an_empty_side_has_no_test() -> None:
    some, none = points([[1.0]], [True]), points(np.empty((0, 1)), [])

    assert flip_test(some, none) is None
    assert flip_test(none, some) is None


def test_the_deviation_is_that_of_resampled_rows() -> None:
    found = module.Flipped(rows=200, lost=30, won=10)
    random = np.random.default_rng(0)
    draws = random.multinomial(200, [0.15, 0.05, 0.8], 20_000)

    assert found.deviation == pytest.approx(((draws[:, 0] - draws[:, 1]) / 200).std(), rel=0.03)
