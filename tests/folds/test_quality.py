"""Folds of model quality against scikit-learn and plain Python, with cells of every kind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analyzer.batch import Batch
from analyzer.counting.labels import Predicted
from analyzer.fold import Fold, fold_batches
from analyzer.folds.classes import Classes
from analyzer.folds.confusion import Confusion
from analyzer.folds.numbers import Numbers
from analyzer.folds.presence import Presence
from analyzer.folds.ranks import Ranks
from analyzer.folds.scores import Scores

examples = settings(max_examples=60, deadline=None)
words = st.sampled_from(["a", "b", "c", None])


def folded(fold: Fold, rows: list[tuple[Any, ...]], names: tuple[str, ...], parts: int = 3) -> Any:
    """The result after the rows, as text columns, in some batches."""
    step = max(1, -(-len(rows) // parts))
    batches = []
    for at in range(0, len(rows), step):
        part = rows[at : at + step]
        texts = [[None if row[place] is None else str(row[place]) for row in part] for place in range(len(names))]
        columns = {name: pa.array(side, pa.string()) for name, side in zip(names, texts, strict=True)}
        batches.append(Batch(columns, len(part)))
    return fold.result(fold_batches(fold, batches))


@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
@examples
@given(st.lists(st.tuples(words, words), max_size=30))
def test_confusion_is_scikit_learns(rows: list[tuple[str | None, str | None]]) -> None:
    found = folded(Confusion("y", Predicted("p")), rows, ("y", "p"))
    kept = [row for row in rows if None not in row]
    names = sorted({name for row in kept for name in row if name})

    assert (found.rows, found.correct) == (len(kept), sum(y == p for y, p in kept))
    assert found.names == tuple(names)
    if kept:
        assert found.counts.tolist() == metrics.confusion_matrix(*zip(*kept, strict=True), labels=names).tolist()


def test_too_many_classes_are_given_up_whatever_the_order() -> None:
    rows = [(f"c{at % 7}", f"c{at % 5}") for at in range(70)]
    fold = Confusion("y", Predicted("p"), limit=6)

    for parts in (1, 2, 70):
        found = folded(fold, rows, ("y", "p"), parts)
        assert (found.names, found.rows, found.correct) == (None, 70, sum(y == p for y, p in rows))
    assert folded(Confusion("y", Predicted("p"), limit=7), rows, ("y", "p")).names is not None


@examples
@given(st.lists(st.tuples(words), max_size=30))
def test_classes_are_counted(rows: list[tuple[str | None]]) -> None:
    expected = Counter(text for (text,) in rows if text)
    found = folded(Classes(Predicted("p"), limit=2), rows, ("p",))

    assert found.rows == sum(expected.values())
    assert found.counts == (dict(expected) if len(expected) <= 2 else None)


@examples
@given(st.lists(st.tuples(st.sampled_from([0, 1, "x", "y", "z", None]), st.sampled_from([0.1, 0.5, 2, "t", None]))))
def test_scores_by_class(rows: list[tuple[Any, Any]]) -> None:
    found = folded(Scores("y", "s", most=2), rows, ("y", "s"))
    usable = [(str(y), float(s)) for y, s in rows if y is not None and isinstance(s, float | int)]
    others = {y for y, _ in usable} - {"0", "1"}

    assert (found.others is None) == (len(others) > 2)
    for name, seen in {**found.kept, **(found.others or {})}.items():
        scores = Counter(s for y, s in usable if y == name)
        assert dict(zip(seen.tally.numbers.tolist(), seen.tally.counts.tolist(), strict=True)) == scores
        assert seen.outside == scores[2.0]
        inside = [s for s in scores.elements() if s <= 1]
        assert seen.costs.tolist() == pytest.approx(
            [sum(cost) for cost in zip(*((-np.log(s), -np.log1p(-s), (1 - s) ** 2, s**2) for s in inside), strict=True)]
            or [0.0] * 4
        )


def test_scores_of_many_other_classes_do_not_disturb_the_usual_ones() -> None:
    rows = [(str(at % 2), at / 100) for at in range(100)] + [(f"junk{at}", 0.5) for at in range(50)]
    found = folded(Scores("y", "s", most=3, limit=1000), rows, ("y", "s"), parts=9)

    assert found.others is None
    assert [found.kept[name].tally.total for name in "01"] == [50, 50]
    assert found.kept["0"].tally.is_exact


@examples
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), *[st.floats(0, 1)] * 3), min_size=1, max_size=20))
def test_ranks_are_those_of_sorting(rows: list[tuple[Any, ...]]) -> None:
    found = folded(Ranks("y", ("a", "b", "c"), ("s", "t", "u")), rows, ("y", "s", "t", "u"))
    places = [0, 0, 0]
    for y, *scores in rows:
        if y != "d":
            order = sorted(range(3), key=lambda at: (-scores[at], at))
            places[order.index("abc".index(y))] += 1

    assert found.places.tolist() == places
    assert found.unknown == sum(y == "d" for y, *_ in rows)


def test_rows_that_lack_a_score_have_no_rank() -> None:
    rows = [("a", 0.5, None), ("a", "x", 0.1), ("a", 0.5, 0.4), (None, 0.5, 0.4), ("b", 1.5, 2.0)]
    found = folded(Ranks("y", ("a", "b"), ("s", "t")), rows, ("y", "s", "t"))

    assert (found.places.tolist(), found.outside) == ([2, 0], 1)
    assert found.cost == pytest.approx(-np.log(0.5))


def test_presence_tells_what_cells_can_be_used_as() -> None:
    rows = [("1", "0.5"), ("x", "high"), ("", "nan"), (None, None), ("nan", "-3")]
    found = folded(Presence(("y",), ("s", "absent")), rows, ("y", "s"))

    assert (found["y"].cells, found["y"].classes, found["y"].numbers) == (4, 2, 1)
    assert (found["s"].cells, found["s"].numbers, found["s"].texts) == (4, 2, 1)
    assert (found["s"].low, found["s"].high) == (-3.0, 0.5)
    assert (found["absent"].cells, found["absent"].low) == (0, None)


def test_numbers_are_tallied_by_value() -> None:
    found = folded(Numbers("p"), [("0.5",), ("0.50",), ("x",), (None,), ("inf",), ("-1",)], ("p",))

    assert (found.numbers.tolist(), found.counts.tolist()) == ([-1.0, 0.5], [1, 2])
