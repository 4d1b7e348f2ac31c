"""Scan and Each: what a failing or an endless data set does to its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from analyzer.batch import Batch, Cells
from analyzer.fold import FORMAT, OTHERS, Each, Failure, Scan, fold_batches
from analyzer.folds.intake import Intakes
from analyzer.folds.kinds import Kinds
from analyzer.folds.moments import Moments


@dataclass(frozen=True)
class Breaking:
    """A column fold that fails on the column of 13s."""

    error: type[Exception] = pa.ArrowInvalid
    state = int

    def zero(self) -> int:
        return 0

    def update(self, state: int, cells: Cells) -> int:
        if 13.0 in cells.numbers:
            raise self.error("thirteen")
        return state + len(cells.codes)

    def merge(self, left: int, right: int) -> int:
        return left + right

    def result(self, state: int) -> int:
        return state


GOOD, BAD = (
    Batch({"a": pa.array([1, 2]), "b": pa.array([3, 4])}, 2),
    Batch({"a": pa.array([13]), "b": pa.array([5])}, 1),
)


def test_a_column_that_fails_is_a_value_and_its_neighbours_go_on() -> None:
    fold = Each(Breaking())

    found = fold.result(fold.merge(fold_batches(fold, [GOOD, BAD, GOOD]), fold_batches(fold, [GOOD])))

    assert found == {"a": Failure("ArrowInvalid: thirteen"), "b": 7}


def test_a_bug_is_no_data_error_and_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        fold_batches(Each(Breaking(ZeroDivisionError)), [BAD])


def test_a_fold_that_fails_as_a_whole_leaves_the_others_of_its_scan_alone() -> None:
    class Broken:
        """A fold of batches that fails on its data."""

        state = int

        def zero(self) -> int:
            return 0

        def update(self, state: int, batch: Batch) -> int:
            raise pa.ArrowInvalid(f"no good after {state} of {batch.rows}")

        def merge(self, left: int, right: int) -> int:
            return left + right

        def result(self, state: int) -> int:
            return state

    broken, sound = Broken(), Each(Moments())
    scan = Scan.of([broken, sound])

    results = scan.result(scan.merge(fold_batches(scan, [GOOD]), fold_batches(scan, [GOOD])))

    assert results[broken] == Failure("ArrowInvalid: no good after 0 of 2")
    assert results[sound]["b"].total == 14


def test_a_nested_column_fails_alone() -> None:
    batch = Batch({"nested": pa.array([{"x": 1}]), "n": pa.array([1.5])}, 1)

    found = Each(Moments()).result(fold_batches(Each(Moments()), [batch]))

    assert isinstance(found["nested"], Failure)
    assert found["n"].mean == 1.5


def test_a_key_of_its_own_in_every_record_cannot_exhaust_memory() -> None:
    """Beyond the most columns a data set may have the first are kept, and the rest is told."""
    fold = Each(Kinds(), most=3)
    batches: list[Any] = [Batch({"same": pa.array(["1"]), f"key{at}": pa.array(["x"])}, 1) for at in range(9)]

    for state in (
        fold_batches(fold, batches),
        fold.merge(fold_batches(fold, batches[:4]), fold_batches(fold, batches[4:])),
    ):
        found = fold.result(state)
        assert set(found) == {"same", "key0", "key1", OTHERS}
        assert found["same"].present == 9
        assert isinstance(found[OTHERS], Failure)


def test_equal_folds_are_computed_once() -> None:
    assert Scan.of([Intakes(), Each(Kinds()), Intakes(), Each(Kinds())]) == Scan((Intakes(), Each(Kinds())))


def test_a_state_of_another_format_is_refused() -> None:
    scan = Scan.of([Intakes()])

    assert scan.dump(scan.zero())[:1] == FORMAT
    with pytest.raises(ValueError, match="format"):
        scan.load(b"\x02" + scan.dump(scan.zero())[1:])
