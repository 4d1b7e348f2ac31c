"""One explainability job, both engines and several processes: byte-identical documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.engines.choice import spark_is_missing
from tests.jobs import CAPTURE
from tests.monitors.explainability.jobs import NAMES, explain, rows, write_requests
from tests.predictors.models import booster

SCRIPT = """
import numpy
def predict(batch):
    rows = numpy.column_stack(batch.columns)
    return numpy.tanh(rows[:, 0] * rows[:, 1]) + rows[:, 2]
"""
DOCUMENTS = ("analysis.json", "constraint_violations.json", "explanations_shap/out.csv")


def documents(output: Path) -> dict[str, bytes]:
    """Contents of what was written."""
    return {name: (output / name).read_bytes() for name in DOCUMENTS if (output / name).exists()}


@pytest.mark.parametrize("model", ["script", "artifact"])
@pytest.mark.parametrize("engine", ["local", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow])])
def test_the_engines_write_the_same_bytes(
    tmp_path: Path, request: pytest.FixtureRequest, engine: str, model: str
) -> None:
    if engine == "spark":
        if spark_is_missing():
            pytest.skip(f"Spark cannot start: {spark_is_missing()}")
        request.getfixturevalue("session")
    write_requests(tmp_path / "in", rows(300))
    (tmp_path / "script").write_text(SCRIPT)
    (tmp_path / "artifact").write_bytes(bytes(booster().save_raw("json")))
    config = {
        "headers": NAMES,
        "methods": {"shap": {"baseline": [[0.1] * 6, [1.0] * 6], "save_local_shap_values": True, "num_samples": 40}},
        "predictor": {model: str(tmp_path / model)},
    }
    known = {
        "version": "1.0",
        "explanations": {
            "kernel_shap": {"label0": {"global_shap_values": {"f5": 1.0, "f0": 0.5}, "expected_value": 0}}
        },
    }
    (tmp_path / "known.json").write_text(json.dumps(known))
    settings = {"dataset_format": CAPTURE, "baseline_constraints": tmp_path / "known.json"}

    expected = explain(tmp_path / "one", tmp_path / "in", config, **settings)
    found = explain(
        tmp_path / "other", tmp_path / "in", config, **settings, analyzer_engine=engine, analyzer_processes=3
    )

    assert documents(expected.output).keys() == set(DOCUMENTS)
    assert expected.violations
    assert documents(found.output) == documents(expected.output)
