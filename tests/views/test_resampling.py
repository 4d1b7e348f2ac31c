"""Deviations and intervals: the right size, the same every time, against drawing real rows and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analyzer.views import resampling


def test_samples_are_of_four_fifths_of_the_rows_without_replacement() -> None:
    counts = np.array([100, 0, 3, 250])

    for sample in resampling.samples(counts):
        assert sample.sum() == round(0.8 * 353)
        assert (sample <= counts).all()


def test_samples_are_the_same_every_time() -> None:
    counts = np.array([100, 20])

    assert [each.tolist() for each in resampling.samples(counts)] == [
        each.tolist() for each in resampling.samples(counts.copy())
    ]


@pytest.mark.parametrize(("right", "wrong"), [(189, 12), (585, 1232), (1318, 778)])
def test_the_deviation_of_a_share_is_that_of_samples_of_rows(right: int, wrong: int) -> None:
    """Over many seeds its mean square is the textbook's for samples without replacement."""
    rows = right + wrong
    size = round(0.8 * rows)
    variance = right * wrong / rows**2 / size * (rows - size) / (rows - 1)
    generator = np.random.default_rng(0)
    drawn = generator.hypergeometric(right, wrong, size, (4000, resampling.SAMPLES)) / size
    spread = np.array([resampling.deviation(row) for row in drawn.tolist()], np.float64)
    shares = [int(sample[0]) / size for sample in resampling.samples(np.array([right, wrong]))]

    assert np.mean(np.square(spread)) == pytest.approx(variance * 0.8, rel=0.05)  # five values about their own mean
    low, high = np.quantile(spread, [0.001, 0.999])
    assert low <= (resampling.deviation(shares) or 0) <= high


def test_undefined_values_do_not_count() -> None:
    assert resampling.deviation([1.0, None, 3.0]) == 1.0
    assert resampling.deviation([None]) is None
    assert resampling.deviation([]) is None
    assert resampling.interval([None, None]) is None


def test_more_rows_than_numpy_draws_exactly() -> None:
    counts = np.array([3 * 10**9, 10**9])
    shares = [int(sample[0]) / int(sample.sum()) for sample in resampling.samples(counts)]

    assert resampling.deviation(shares) == pytest.approx(3e-6, rel=0.9)


def test_no_rows_have_no_samples_worth_anything() -> None:
    assert [each.tolist() for each in resampling.samples(np.array([0, 0]))] == [[0, 0]] * 5
    assert list(resampling.replicates(np.array([0, 0]))) == []
    assert resampling.wilson(0, 0) is None


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (10, 10), (3, 7), (16, 28), (900, 1817)])
def test_the_interval_of_a_share_is_scipys(part: int, whole: int) -> None:
    expected = stats.binomtest(part, whole).proportion_ci(method="wilson")

    assert resampling.wilson(part, whole) == pytest.approx((expected.low, expected.high))


def test_a_bootstrap_interval_covers_as_often_as_it_says() -> None:
    """95 % of the intervals of a share of 0.3 contain it, give or take what 300 trials allow."""
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(300):
        part = generator.binomial(400, 0.3)
        shares = [int(each[0]) / 400 for each in resampling.replicates(np.array([part, 400 - part]))]
        low, high = resampling.interval(shares) or (0.0, 0.0)
        covered += low <= 0.3 <= high

    assert 0.91 < covered / 300 < 0.98
