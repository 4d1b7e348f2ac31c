"""Kernel SHAP of 1,000 rows x 50 features x 1,000 samples against shap.KernelExplainer, in one run.

`python -m benchmarks.shap` (needs the development requirements). Both explain the same rows of the same XGBoost model
against the same baseline row, in one process, without feature selection. The truth is TreeSHAP, which is exact there.
CPU seconds are compared, because the machine may have other work. Fails when ours is not 5 times faster, or less exact.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.monitors.explainability.explainers import KernelExplainer
from analyzer.predictors import tree_shap
from analyzer.predictors.forest import Forest
from analyzer.predictors.rows import Features
from analyzer.predictors.xgboost import from_ubjson
from benchmarks.table import Measure, table_of

ROWS, FEATURES, SAMPLES = 1_000, 50, 1_000
LIMIT = 5.0
Floats = npt.NDArray[np.float64]


@dataclass
class Counting:
    """The model as both are given it, with its calls counted."""

    booster: Any
    described: str = "booster"
    calls: int = 0
    rows: int = 0

    def predict(self, _features: Features, rows: Floats) -> Floats:
        self.calls += 1
        self.rows += len(rows)
        return np.asarray(self.booster.inplace_predict(rows), np.float64)[:, None]

    def plain(self, rows: Floats) -> Floats:
        return self.predict(FEATURE_NAMES, rows)[:, 0]


FEATURE_NAMES = Features(tuple(f"f{at}" for at in range(FEATURES)), (None,) * FEATURES)


def trained() -> tuple[Any, Floats]:
    """A model of trees with interactions, and rows to explain."""
    import xgboost  # noqa: PLC0415 - a development requirement

    chance = np.random.default_rng(0)
    rows = chance.normal(size=(5_000, FEATURES))
    target = rows[:, :10] @ chance.normal(size=10) + rows[:, 0] * rows[:, 1] + np.sin(2 * rows[:, 2])
    target += 0.5 * rows[:, 3] * rows[:, 4] * rows[:, 5]
    settings = {"objective": "reg:squarederror", "max_depth": 4, "nthread": 1, "verbosity": 0}
    return xgboost.train(settings, xgboost.DMatrix(rows, target), 50), rows[:ROWS]


def ours(model: Counting, rows: Floats, baseline: Floats) -> Floats:
    """Attributions as a job computes them, chunk by chunk."""
    expected = model.predict(FEATURE_NAMES, baseline).mean(axis=0)
    explainer = KernelExplainer(model, FEATURE_NAMES, baseline, expected, np.arange(FEATURES), SAMPLES)
    chunk = explainer.chunk
    return np.concatenate([explainer.attributions(rows[at : at + chunk]) for at in range(0, len(rows), chunk)])[..., 0]


def theirs(model: Counting, rows: Floats, baseline: Floats) -> Floats:
    """Attributions of the shap library, without feature selection, as the closed image had them."""
    import shap  # noqa: PLC0415 - loads slowly

    explainer = shap.KernelExplainer(model.plain, baseline)
    return np.asarray(explainer.shap_values(rows, nsamples=SAMPLES, l1_reg=False, silent=True))


def timed(
    explain: Callable[[Counting, Floats, Floats], Floats], booster: Any, rows: Floats
) -> tuple[float, Floats, Counting]:
    """CPU seconds, attributions, and the model with its calls counted; a first small run is not timed."""
    baseline = np.zeros((1, FEATURES))
    explain(Counting(booster), rows[:2], baseline)
    model, began = Counting(booster), time.process_time()
    found = explain(model, rows, baseline)
    return time.process_time() - began, found, model


def main() -> int:
    """Measure, print the table; 1 when a limit is not kept."""
    warnings.simplefilter("ignore")
    booster, rows = trained()
    forest: Forest = from_ubjson(bytes(booster.save_raw("ubj")))
    began = time.process_time()
    exact = tree_shap.attributions(forest, rows, np.zeros((1, FEATURES)))[..., 0]
    tree_seconds = time.process_time() - began
    mine, other = timed(ours, booster, rows), timed(theirs, booster, rows)
    errors = [float(np.abs(found - exact).mean()) for _, found, _ in (mine, other)]
    what = f"{ROWS:,} rows x {FEATURES} features x {SAMPLES:,} samples"
    measures = [
        Measure(
            f"Kernel SHAP, {what}",
            f"{mine[0]:.2f} s",
            f"shap {other[0]:.2f} s",
            other[0] / mine[0],
            LIMIT,
            at_least=True,
        ),
        Measure("mean absolute error", f"{errors[0]:.5f}", f"shap {errors[1]:.5f}", errors[0] / errors[1], 1.0),
        Measure("calls of the model", f"{mine[2].calls:,}", f"shap {other[2].calls:,}", other[2].calls / mine[2].calls),
        Measure("rows asked about", f"{mine[2].rows:,}", f"shap {other[2].rows:,}", mine[2].rows / other[2].rows),
        Measure("TreeSHAP, exact", f"{tree_seconds:.2f} s", f"Kernel SHAP {mine[0]:.2f} s", mine[0] / tree_seconds),
    ]
    print(table_of(measures))
    return 0 if all(measure.is_kept for measure in measures) else 1


if __name__ == "__main__":
    sys.exit(main())
