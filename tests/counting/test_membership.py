"""Whether cells belong to values as JSON spells them, and as any column may hold them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from analyzer.batch import Batch
from analyzer.counting.membership import Membership

ONES: list[Any] = [["1", "1.0", "1e0", "0", None, "x"], [1, 0, 2, None, 3, 4], [1.0, 0.5, float("nan"), None, 2.0, 0]]


def members(values: Membership, cells: Any) -> list[bool]:
    found: list[bool] = values.rows(Batch({"c": pa.array(cells)}, len(cells)), "c").tolist()
    return found


@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", True])
@pytest.mark.parametrize("cells", ONES, ids=["texts", "integers", "doubles"])
def test_one_is_one_however_it_is_spelled(value: Any, cells: list[Any]) -> None:
    assert members(Membership.among([value]), cells) == [cell in ("1", "1.0", "1e0", 1) for cell in cells]


def test_truths_are_ones_and_zeros() -> None:
    assert members(Membership.among([True]), [True, False, None]) == [True, False, False]
    assert members(Membership.among([0]), ["true", "False", "maybe"]) == [False, True, False]


def test_identifiers_are_not_numbers_unless_a_number_is_asked_for() -> None:
    assert members(Membership.among(["7"]), ["007", "7"]) == [False, True]
    assert members(Membership.among(["007"]), ["007", "7"]) == [True, False]
    assert members(Membership.among([7]), ["007", "7"]) == [True, True]


def test_a_threshold_is_exclusive_and_takes_numbers_only() -> None:
    assert members(Membership(above=1), ["1", "1.5", "x", None, "inf", "nan"]) == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]


def test_an_absent_column_has_no_members() -> None:
    batch = Batch({}, 3)

    assert not Membership.among([1]).rows(batch, "c").any()
    assert not Membership.among([1]).rows(batch, None).any()
