"""Global attributions and their sampling errors against numpy and repeated sampling."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from analyzer.batch import Batch, Floats
from analyzer.folds.attributions import Attributions
from analyzer.views.attribution import Attribution, attribution


def summed(values: Floats, names: str = "abc") -> Attribution:
    fold = Attributions(tuple(names))
    batch = Batch({name: pa.array(values[:, at]) for at, name in enumerate(names)}, len(values))
    return attribution(fold.result(fold.update(fold.zero(), batch)))


@pytest.fixture(scope="module")
def values() -> Floats:
    return np.random.default_rng(4).normal(size=(400, 3)) * [1, 3, 0.1] + [0, 1, 0]


def test_means_are_those_of_numpy(values: Floats) -> None:
    found = summed(values)

    assert found.rows == 400
    assert np.allclose(np.array(found.mean_abs, float), np.abs(values).mean(axis=0))
    assert np.allclose(np.array(found.mean_sq, float), (values**2).mean(axis=0))
    assert np.allclose(np.array(found.share, float), np.abs(values).sum(axis=0) / np.abs(values).sum())


def test_errors_of_means_are_those_of_numpy(values: Floats) -> None:
    found = summed(values)

    expected = np.abs(values).std(axis=0, ddof=1) / 20
    assert np.allclose(np.array(found.mean_abs_error, float), expected, rtol=1e-3)
    expected = (values**2).std(axis=0, ddof=1) / 20
    assert np.allclose(np.array(found.mean_sq_error, float), expected, rtol=1e-3)


def test_errors_of_shares_are_what_repeated_samples_show() -> None:
    chance = np.random.default_rng(8)
    samples = [summed(chance.normal(size=(200, 3)) * [1, 3, 0.1]) for _ in range(400)]

    spread = np.std([np.array(each.share, float) for each in samples], axis=0)
    told = np.mean([np.array(each.share_error, float) for each in samples], axis=0)

    assert np.allclose(spread, told, rtol=0.15)


def test_cells_without_a_number_are_left_out_of_their_feature_only() -> None:
    found = summed(np.array([[1.0, np.nan], [3.0, np.inf], [np.nan, np.nan]]), "ab")

    assert (found.rows, found.counts) == (2, [2, 0])
    assert (found.mean_abs, found.share) == ([2.0, None], [1.0, 0.0])


def test_one_row_has_no_error_and_none_has_no_mean() -> None:
    one, none = summed(np.ones((1, 1)), "a"), summed(np.ones((0, 1)), "a")

    assert (one.mean_abs, one.mean_abs_error, one.share_error) == ([1.0], [None], [None])
    assert (none.mean_abs, none.share) == ([None], [None])


def test_text_that_spells_numbers_counts() -> None:
    fold = Attributions(("a",))
    state = fold.update(fold.zero(), Batch({"a": pa.array(["-2", "x", None, "4"])}, 4))

    assert attribution(fold.result(state)).mean_abs == [3.0]
