"""A small model, and its exact attributions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.batch import Floats
from analyzer.predictors import tree_shap
from analyzer.predictors.xgboost import from_json
from tests.monitors.explainability.jobs import rows
from tests.predictors.models import booster


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "xgboost-model"
    path.write_bytes(bytes(booster().save_raw("json")))
    return path


@pytest.fixture(scope="module")
def reference() -> Floats:
    forest = from_json(bytes(booster().save_raw("json")))
    return tree_shap.attributions(forest, rows(), np.zeros((1, 6)))[..., 0]
