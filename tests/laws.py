"""The laws of analyzer.fold as reusable assertions, and generators of batches that try to break them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from analyzer.batch import Batch, Intake, Joined, Rejected, Truth
from analyzer.fold import Fold, Scan, fold_batches

CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", "0", "1", "1.0", "-1", "007", "1e5", "nan", "inf", "- 1", " 1"]),
    st.sampled_from(["true", "false", "x", "y", "é"]),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(str),
    st.text(max_size=4),
)
NUMBERS = st.one_of(st.none(), st.floats(width=32), st.just(float("nan")))


TRUTH = Truth(3, {"x": 1}, [Rejected("x", "f", 2)], ids=2, unmatched=["b", "c"], first_hour=5, last_hour=6)
JOINED = st.sampled_from(
    [
        None,
        Joined(captured=2, labelled=1, pairs=3, delays={-1: 1, 2: 2}, unmatched=["a", "b"]),
        Joined(captured=1, delays={2: 1}, unmatched=["c"], truth=Truth(1, {"x": 1, "y": 2}, ids=1, first_hour=4)),
        Joined(truth=TRUTH),
    ]
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A small batch of text and double columns, of which some may be absent; possibly without rows."""
    rows = draw(st.integers(0, 6))
    names = draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3))
    columns: dict[str, pa.Array] = {
        name: pa.array(draw(st.lists(CELLS, min_size=rows, max_size=rows)), pa.string()) for name in names
    }
    columns["d"] = pa.array(draw(st.lists(NUMBERS, min_size=rows, max_size=rows)), pa.float64())
    rejected = draw(st.integers(0, 2))
    intake = Intake(
        records=rows + rejected,
        rejected={"broken": rejected} if rejected else {},
        samples=[Rejected("broken", "f", line) for line in range(rejected)],
        lines={"f": {0: rows}},
    )
    ids = pa.array([f"id{at}" for at in range(rows)], pa.string())
    return Batch(columns, rows, draw(st.sampled_from([ids, None])), intake, draw(JOINED))


def outcome(fold: Fold, state: Any) -> Any:
    """A result in a form that `==` and `repr` compare, NaN included."""
    return repr(_plain(fold.result(state)))


def fold_all(fold: Fold, *parts: Batch) -> Any:
    return fold_batches(fold, [_fresh(part) for part in parts])


def split_invariance(fold: Fold, left: Batch, right: Batch) -> None:
    """Updating with both is merging the states of each."""
    together = fold_all(fold, left, right)
    apart = fold.merge(fold_all(fold, left), fold_all(fold, right))
    assert outcome(fold, together) == outcome(fold, apart)


def associativity(fold: Fold, first: Batch, second: Batch, third: Batch) -> None:
    """How states are grouped does not matter."""
    left = fold.merge(fold.merge(fold_all(fold, first), fold_all(fold, second)), fold_all(fold, third))
    right = fold.merge(fold_all(fold, first), fold.merge(fold_all(fold, second), fold_all(fold, third)))
    assert outcome(fold, left) == outcome(fold, right)


def identity(fold: Fold, batch: Batch) -> None:
    """Zero changes nothing, on either side."""
    expected = outcome(fold, fold_all(fold, batch))
    assert outcome(fold, fold.merge(fold.zero(), fold_all(fold, batch))) == expected
    assert outcome(fold, fold.merge(fold_all(fold, batch), fold.zero())) == expected


def round_trip(fold: Fold, left: Batch, right: Batch) -> None:
    """A state that crossed a process gives the same result and goes on merging."""
    scan = fold if isinstance(fold, Scan) else Scan((fold,))
    state = fold_all(scan, left)
    loaded = scan.load(scan.dump(state))
    assert outcome(scan, loaded) == outcome(scan, fold_all(scan, left))
    other = fold_all(scan, right)
    assert outcome(scan, scan.merge(loaded, other)) == outcome(scan, scan.merge(state, fold_all(scan, right)))


def right_side_untouched(fold: Fold, left: Batch, right: Batch) -> None:
    """Merging never changes the right state."""
    state = fold_all(fold, right)
    before = outcome(fold, copy.deepcopy(state))
    merged = fold.merge(fold_all(fold, left), state)
    fold.update(merged, _fresh(left))
    assert outcome(fold, state) == before


def total_on_nothing(fold: Fold) -> None:
    """Nothing at all has a result, and it holds no NaN."""
    assert "nan" not in outcome(fold, fold.zero())


def _fresh(batch: Batch) -> Batch:
    """The batch without the folds' shared views and with an intake of its own."""
    return Batch(batch.columns, batch.rows, batch.ids, copy.deepcopy(batch.intake), copy.deepcopy(batch.joined))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [(_plain(key), _plain(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if hasattr(value, "__dataclass_fields__"):
        return (type(value).__name__, {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__})
    return value
