"""Calibration, resampling and regression views against scikit-learn, scipy and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from analyzer.counting.probabilities import ClassScores
from analyzer.views.calibration import Calibration

probabilities = st.one_of(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.floats(0, 1))
samples = st.lists(st.tuples(st.integers(0, 1), probabilities), min_size=1, max_size=40)
examples = settings(max_examples=50, deadline=None)


def calibration(rows: list[tuple[int, float]]) -> Calibration:
    def of(label: int) -> ClassScores:
        scores, counts = np.unique([p for y, p in rows if y == label], return_counts=True)
        return ClassScores.of(scores.astype(np.float64), counts, 1000)

    return Calibration(of(1), of(0))


@examples
@given(samples)
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one:UserWarning")
def test_losses_are_those_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    labels, scores = (np.array(side) for side in zip(*rows, strict=True))
    found = calibration(rows)

    assert found.log_loss == pytest.approx(metrics.log_loss(labels, scores, labels=[0, 1]), rel=1e-9, abs=1e-12)
    assert found.brier_score == pytest.approx(np.mean((scores - labels) ** 2), rel=1e-12, abs=1e-15)
    if len(set(labels.tolist())) == 2:
        assert found.brier_score == pytest.approx(metrics.brier_score_loss(labels, scores), rel=1e-12, abs=1e-15)


@examples
@given(samples)
def test_bins_are_those_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    labels, scores = (np.array(side) for side in zip(*rows, strict=True))
    shares, means = calibration_curve(labels, scores, n_bins=10)

    filled = [each for each in calibration(rows).bins if each.count]

    assert [each.positive_share for each in filled] == pytest.approx(shares.tolist())
    assert [each.mean_score for each in filled] == pytest.approx(means.tolist())
    assert sum(each.count for each in filled) == len(rows)


@examples
@given(samples)
def test_the_expected_error_weighs_the_bins_by_their_rows(rows: list[tuple[int, float]]) -> None:
    found = calibration(rows)
    filled = [each for each in found.bins if each.count]
    expected = sum(abs((each.mean_score or 0) - (each.positive_share or 0)) * each.count for each in filled) / len(rows)

    assert found.expected_error == pytest.approx(expected, abs=1e-12)


def test_scores_that_are_no_probabilities_leave_losses_undefined() -> None:
    found = calibration([(1, 0.5), (0, 1.5), (1, -0.1)])

    assert (found.outside, found.is_sound) == (2, False)
    assert (found.log_loss, found.brier_score, found.expected_error) == (None, None, None)


def test_nothing_is_not_calibrated() -> None:
    found = Calibration(ClassScores(), ClassScores())

    assert (found.log_loss, found.is_sound, len(found.bins)) == (None, False, 10)
    assert {each.mean_score for each in found.bins} == {None}
