"""Small models for tests, trained by their own libraries."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from analyzer.batch import Floats

FEATURES = 6


@cache
def data() -> tuple[Floats, Any]:
    """Rows with missing cells, and labels 0 and 1 that depend on the first four columns."""
    chance = np.random.default_rng(5)
    rows = chance.normal(size=(600, FEATURES)).round(3)
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.3 * rows[:, 3]).astype(int)
    rows[chance.random(rows.shape) < 0.05] = np.nan
    return rows, labels


def booster(rounds: int = 12, labels: Any = None, **parameters: Any) -> Any:
    """A trained XGBoost booster; binary classification unless the parameters say otherwise."""
    import xgboost  # noqa: PLC0415 - loads slowly

    rows, found = data()
    settings = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1, "verbosity": 0, **parameters}
    return xgboost.train(settings, xgboost.DMatrix(rows, found if labels is None else labels), rounds)


def answers(model: Any, rows: Floats) -> Floats:
    """What the library itself predicts, (rows, outputs)."""
    import xgboost  # noqa: PLC0415

    found = np.asarray(model.predict(xgboost.DMatrix(rows)), np.float64)
    return found.reshape(len(rows), -1)
