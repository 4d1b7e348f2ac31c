"""KLL sketches against recorded Deequ levels and an independent model of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analyzer.batch import Batch
from analyzer.fold import fold_batches
from analyzer.folds.quantiles import Quantiles, Sketch
from analyzer.views.sketch import buckets, distribution, quantiles
from tests.deequ import deequ_model

pytestmark = pytest.mark.golden


def sketch_of(values: Any, k: int = 2048, c: float = 0.64, parts: int = 1) -> Sketch:
    """Sketch of some numbers, given in some batches."""
    fold = Quantiles(k, c)
    batches = [Batch({"x": pa.array(part)}, len(part)) for part in np.array_split(np.asarray(values, float), parts)]
    found: Sketch = fold_batches(fold, batches)["x"]
    return found


def _levels(sketch: Sketch) -> list[list[float]]:
    return [level.tolist() for level in sketch.levels]


def test_recorded_deequ_sketches_are_reproduced_item_by_item(golden: Path) -> None:
    vectors = json.loads((golden / "deequ_vectors.json").read_text())["kll"]
    for vector in vectors:
        values = eval(vector["input"], {"range": range})  # noqa: S307 - a recorded list expression of ours
        sketch = sketch_of(values, vector["k"], vector["c"])
        assert [len(level) for level in sketch.levels] == vector["level_sizes"]
        assert vector["levels"] is None or _levels(sketch) == vector["levels"]
        assert [sum(level) for level in _levels(sketch)] == vector["level_sums"]
        seen = distribution(sketch)
        found = [bucket.count for bucket in buckets(seen, min(values), max(values))]
        assert found == vector["buckets10"]
    assert len(vectors) == 4


@pytest.mark.parametrize("rows", [1, 2049, 2050, 2051, 5000, 23_432, 200_000])
@pytest.mark.parametrize("kind", ["doubles", "integers", "flags"])
def test_levels_equal_the_independent_model_in_any_batching(golden: Path, rows: int, kind: str) -> None:
    random = np.random.default_rng(rows)
    values = {"doubles": random.normal(size=rows), "integers": random.integers(-500, 9999, rows).astype(float)}.get(
        kind, random.integers(0, 2, rows).astype(float)
    )
    expected = [level.tolist() for level in deequ_model(golden).Kll().update(values).levels]

    assert _levels(sketch_of(values)) == expected
    assert _levels(sketch_of(values, parts=7)) == expected


def test_merging_equals_the_independent_model(golden: Path) -> None:
    oracle, random = deequ_model(golden), np.random.default_rng(0)
    left, right = random.normal(size=4096), random.normal(size=30_000)
    expected = oracle.Kll().update(left).merge(oracle.Kll().update(right))

    merged = Quantiles().merge({"x": sketch_of(left)}, {"x": sketch_of(right)})

    assert _levels(merged["x"]) == [level.tolist() for level in expected.levels]


def test_columns_sorted_together_equal_columns_sorted_alone() -> None:
    """Lockstep is an optimisation: columns of any mixture of types and gaps keep the sketch they have alone."""
    random = np.random.default_rng(1)
    rows = 9000
    columns = {
        "double": pa.array(random.normal(size=rows)),
        "flag": pa.array(random.integers(0, 2, rows).astype(float)),
        "gaps": pa.array(random.normal(size=rows), mask=random.random(rows) < 0.3),
        "late": pa.array([None if at < 4000 else float(at) for at in range(rows)]),
        "wide": pa.array([float(at) if at < 5000 else at + 0.1 for at in range(rows)]),
    }
    parts = [(0, 3000), (3000, 3500), (3500, rows)]

    def folded(names: list[str]) -> dict[str, Sketch]:
        batches = [
            Batch({name: columns[name].slice(start, end - start) for name in names}, end - start)
            for start, end in parts
        ]
        found: dict[str, Sketch] = fold_batches(Quantiles(), batches)
        return found

    together = folded(list(columns))
    for name in columns:
        assert _levels(together[name]) == _levels(folded([name])[name])


@pytest.mark.parametrize("rows", [50_000, 400_000])
def test_ranks_stay_within_one_percent_after_many_merges(rows: int) -> None:
    random = np.random.default_rng(rows)
    values = random.lognormal(size=rows)
    fold = Quantiles()
    state: dict[str, Sketch] = fold.zero()
    for part in np.array_split(values, 37):
        state = fold.merge(state, {"x": sketch_of(part)})

    shown = quantiles(distribution(state["x"]), [0.01, 0.25, 0.5, 0.75, 0.99])

    ranks = np.searchsorted(np.sort(values), shown) / rows
    assert state["x"].count == rows
    assert ranks == pytest.approx([0.01, 0.25, 0.5, 0.75, 0.99], abs=0.01)


def test_values_that_are_no_finite_numbers_are_left_out() -> None:
    cells = pa.array(["1", "x", None, "nan", "inf", "2.5", "", "1" * 400])

    state = fold_batches(Quantiles(), [Batch({"x": cells, "text": pa.array(["a"] * 8)}, 8)])

    assert _levels(state["x"]) == [[1.0, 2.5]]
    assert "text" not in state
