"""Rows that stand for many: medians, commonest values, cluster centres."""

from __future__ import annotations

import numpy as np

from analyzer.views.centres import centres, typical

NUMBERS, MIXED = np.array([False, False]), np.array([False, True])


def test_numbers_give_their_median_and_categories_their_commonest_value() -> None:
    rows = np.array([[1.0, 2.0], [2.0, 7.0], [90.0, 7.0], [np.nan, np.nan]])

    assert typical(rows, MIXED).tolist() == [2.0, 7.0]


def test_a_column_without_any_value_stays_missing() -> None:
    assert np.isnan(typical(np.full((3, 2), np.nan), NUMBERS)).all()


def test_separate_clouds_are_found_whatever_their_units() -> None:
    chance = np.random.default_rng(1)
    places = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 5000.0]])
    rows = np.concatenate([place + chance.normal(size=(50, 2)) * [0.1, 50] for place in places])

    found = centres(rows, NUMBERS, 3)

    ordered = found[np.lexsort(found.T)]
    assert np.allclose(ordered, places[np.lexsort(places.T)], atol=[0.2, 60])


def test_categories_are_never_averaged() -> None:
    rows = np.array([[0.0, 1.0], [0.1, 1.0], [0.2, 2.0], [9.0, 5.0], [9.1, 5.0]])

    found = centres(rows, MIXED, 2)

    assert sorted(found[:, 1].tolist()) == [1.0, 5.0]


def test_the_same_rows_give_the_same_centres_and_no_more_than_there_are_rows() -> None:
    rows = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]])

    first, again = centres(rows, NUMBERS, 5), centres(rows, NUMBERS, 5)

    assert len(first) == 2
    assert (first == again).all()
