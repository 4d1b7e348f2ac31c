"""Each column fold against a named oracle."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.batch import Cells
from analyzer.fold import ColumnFold
from analyzer.folds.categories import Categories
from analyzer.folds.distinct import Distinct
from analyzer.folds.frequent import Frequent
from analyzer.folds.kinds import Kinds
from analyzer.folds.lengths import Lengths
from analyzer.folds.moments import Moments
from analyzer.folds.registers import Registers
from analyzer.schema import Kind, kinds_of_texts
from tests.deequ import deequ_model

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b", "1", "2.5"])), max_size=40)


def folded(fold: ColumnFold, *parts: pa.Array) -> Any:
    state = fold.zero()
    for part in parts:
        state = fold.merge(state, fold.update(fold.zero(), Cells(part)))
    return fold.result(state)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_moments_agree_with_numpy(values: list[float]) -> None:
    found = folded(Moments(), pa.array(values[:7]), pa.array(values[7:], pa.float64()))

    assert found.count == len(values)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
    assert found.standard_deviation == pytest.approx(np.std(values), rel=1e-6, abs=1e-3)
    assert (found.minimum, found.maximum) == (min(values), max(values))


def test_the_spread_of_close_large_numbers_is_not_lost() -> None:
    values = [1e9 + offset for offset in (4.0, 7.0, 13.0, 16.0)]

    found = folded(Moments(), pa.array(values[:2]), pa.array(values[2:]))

    assert found.standard_deviation == pytest.approx(math.sqrt(22.5), rel=1e-12)


def test_moments_of_no_number_are_undefined() -> None:
    assert folded(Moments(), pa.array(["x", None, "nan", "inf"])) is None


def test_kinds_count_the_oddities_of_a_column() -> None:
    cells = pa.array(["1", "1.0", "1.5", "-2", "007", "", "NaN", "-inf", "true", "x", None, "1e400", "1"])

    found = Kinds().update(Kinds().zero(), Cells(cells))

    assert found.classes.tolist() == [0, 3, 4, 1, 4]
    assert (found.nan, found.infinite, found.non_finite_texts, found.empty) == (1, 2, 2, 1)
    assert (found.leading_zeros, found.whole, found.negative, found.present) == (1, 1, 1, 12)


@pytest.mark.parametrize(
    ("cells", "default", "strict"),
    [
        (["1.5", "nan"], Kind.FRACTIONAL, Kind.STRING),
        (["1", "Infinity"], Kind.FRACTIONAL, Kind.STRING),
        (["nan", "NaN"], Kind.STRING, Kind.STRING),
        (["nan", "x", "1"], Kind.STRING, Kind.STRING),
        ([None, None], Kind.UNKNOWN, Kind.UNKNOWN),
    ],
)
def test_a_spelled_nan_makes_numbers_a_text_column_only_in_strict_mode(
    cells: list[str | None], default: Kind, strict: Kind
) -> None:
    counts = Kinds().update(Kinds().zero(), Cells(pa.array(cells, pa.string())))

    assert (counts.kind(), counts.kind(strict=True)) == (default, strict)


@given(TEXTS, TEXTS)
def test_categories_agree_with_a_counter(left: list[str | None], right: list[str | None]) -> None:
    expected = Counter(text for text in left + right if text is not None)

    found = folded(Categories(100), pa.array(left, pa.string()), pa.array(right, pa.string()))

    assert found == dict(expected)


def test_too_many_categories_are_none_at_all_in_any_order() -> None:
    parts = [pa.array([f"v{at}"]) for at in range(5)]

    assert folded(Categories(4), *parts) is None
    assert folded(Categories(5), *parts) is not None


def test_a_long_text_is_a_category_of_bounded_length() -> None:
    found = folded(Categories(), pa.array(["x" * 10_000_000, "x" * 10_000_000, "y" * 600]))

    assert isinstance(found, dict)
    assert sorted(found.values()) == [1, 2]
    assert max(map(len, found)) < 200


@pytest.mark.parametrize(
    ("distinct", "exact"), [(0, True), (1, True), (10_000, True), (10_001, False), (300_000, False)]
)
def test_distinct_values_are_exact_while_few_and_within_three_percent_beyond(distinct: int, exact: bool) -> None:
    values = np.arange(distinct) * 1.5
    random = np.random.default_rng(0)

    found = folded(Distinct(), *[pa.array(random.permutation(values)) for _ in range(3)])

    assert found.exact is exact
    assert found.count == pytest.approx(distinct, rel=0 if exact else 0.03)


def test_equal_numbers_of_any_spelling_are_one_distinct_value() -> None:
    cells = pa.array(["1", "1.0", "01", "1e0", "+1", "0", "-0", "x", "X", None, ""])

    assert folded(Distinct(), cells).count == 5


@pytest.mark.golden
@pytest.mark.parametrize("distinct", [10, 100, 1000, 5000, 100_000])
def test_strict_distinct_counts_equal_the_independent_model(golden: Path, distinct: int) -> None:
    oracle = deequ_model(golden)
    texts = [f"v{at}" for at in range(distinct)]

    found = folded(Registers(), pa.array(texts[: distinct // 2]), pa.array(texts[distinct // 3 :]))

    assert found == oracle.hll_estimate(oracle.hll_registers([text.encode() for text in texts]))


@pytest.mark.golden
def test_recorded_deequ_distinct_counts_are_reproduced(golden: Path) -> None:
    recorded = json.loads((golden / "deequ_vectors.json").read_text())["hll"]
    counts = {each["n"]: each["estimate"] for each in recorded if each["type"] == "string"}

    assert counts == {10: 10, 1000: 966}
    assert {n: folded(Registers(), pa.array([f"v{at}" for at in range(n)])) for n in counts} == counts


@given(TEXTS, TEXTS, st.integers(1, 6))
def test_frequent_texts_keep_their_error_bound(left: list[str | None], right: list[str | None], size: int) -> None:
    texts = [text for text in left + right if text is not None]
    kinds = kinds_of_texts(pa.array(texts, pa.string()))
    truth = Counter(text for text, kind in zip(texts, kinds, strict=True) if kind == Kind.STRING)

    found = folded(Frequent(size), pa.array(left, pa.string()), pa.array(right, pa.string()))

    assert found.total == sum(truth.values())
    assert found.error <= found.total / (size + 1)
    for text, count in truth.items():
        kept = found.counts.get(text, 0)
        assert kept <= count <= kept + found.error


def test_text_lengths_count_characters_not_bytes() -> None:
    found = folded(Lengths(), pa.array(["é", "日本", "", "12", None, "日本"]))

    assert (found.count, found.shortest, found.longest, found.total) == (4, 0, 2, 5)
