"""Rarer turns of explainability jobs: orders of columns, units, several labels, clusters, formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.batch import Floats
from analyzer.errors import BaselineError, ConfigError, ContractError
from analyzer.predictors.choice import choose
from analyzer.predictors.predictor import ForestPredictor
from tests.jobs import CAPTURE, capture, write_captures
from tests.monitors.explainability.jobs import (
    NAMES,
    SHAP,
    explain,
    how_of,
    linear,
    rows,
    values_of,
    with_url,
    write_rows,
)
from tests.predictors.models import data
from tests.predictors.server import serving


def of_model(model: Path, **shap: Any) -> dict[str, Any]:
    return {"methods": {"shap": SHAP | shap}, "predictor": {"artifact": str(model)}}


@pytest.mark.parametrize("method", ["tree", "kernel"])
def test_a_model_that_names_its_features_gets_them_in_its_own_order(tmp_path: Path, method: str) -> None:
    import xgboost  # noqa: PLC0415 - loads slowly

    table = xgboost.DMatrix(data()[0], data()[1], feature_names=NAMES)
    model = tmp_path / "model.json"
    xgboost.train({"max_depth": 3, "nthread": 1, "verbosity": 0}, table, 5).save_model(model)
    turned = write_rows(tmp_path / "turned", rows()[:, ::-1], NAMES[::-1])
    straight = write_rows(tmp_path / "straight", rows())

    found, expected = (
        explain(tmp_path / f"out-{source.name}", source, of_model(model, method=method, features_to_explain=NAMES[1:]))
        for source in (turned, straight)
    )

    assert list(values_of(found)) == NAMES[:0:-1]
    assert {name: pytest.approx(value) for name, value in values_of(found).items()} == values_of(expected)


def test_several_outputs_are_compared_by_label_and_what_is_alone_is_named(tmp_path: Path) -> None:
    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        first = linear(body)[2].decode().split("\n")
        return 200, "text/csv", "\n".join(f"{each},1,{each}" for each in first).encode()

    known = {
        label: {"global_shap_values": dict(zip(NAMES, range(5, -1, -1), strict=True))} for label in ("label0", "gone")
    }
    known["label0"]["global_shap_values"]["old"] = 4
    document = {"explanations": {"kernel_shap": known}, "analyzer": {"explanations": {"aggregation": "median"}}}
    (tmp_path / "known.json").write_text(json.dumps(document))
    with serving(serve) as served:
        found = explain(
            tmp_path / "out",
            write_rows(tmp_path / "in", rows(5)),
            with_url(served.url),
            baseline_constraints=tmp_path / "known.json",
        )

    notices = " ".join(found.document("analysis.json")["analyzer"]["notices"])
    assert {each["label"] for each in found.violations} == {"label0"}
    for expected in (
        "Output gone is in the baseline only",
        "Output label1 is in the data only",
        "label0: features in the baseline only count as 0 on the other side: 'old'",
        "The baseline was aggregated by median, this run by mean_abs",
    ):
        assert expected in notices


def test_names_of_outputs_must_be_as_many_as_there_are(tmp_path: Path, model: Path) -> None:
    config = of_model(model)
    config["predictor"]["label_headers"] = ["no", "yes"]

    with pytest.raises(ConfigError, match="2 names for 1 outputs"):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), config)


def test_log_odds_of_what_is_no_probability_are_refused(tmp_path: Path) -> None:
    with serving(lambda body, _kind: linear(body)) as served, pytest.raises(ContractError, match="no probabilities"):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), with_url(served.url, use_logit=True))


def test_a_model_that_changes_the_number_of_its_outputs_is_refused(tmp_path: Path) -> None:
    calls: list[int] = []

    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        calls.append(1)
        cell = b"1,2" if len(calls) > 2 else b"1"
        return 200, "text/csv", b"\n".join([cell] * (body.count(b"\n") + 1))

    with serving(serve) as served, pytest.raises(ContractError, match="answers with 2 numbers a row, but had 1"):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), with_url(served.url))


def test_clusters_are_a_baseline_of_several_rows(tmp_path: Path, model: Path) -> None:
    config = {"methods": {"shap": {"num_clusters": 3}}, "predictor": {"artifact": str(model)}}

    found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows()), config)

    assert len(how_of(found)["baseline"]) == 3


def test_the_declared_type_decides_how_one_column_of_lines_is_read(
    tmp_path: Path, model: Path, reference: Floats
) -> None:
    """JSON Lines of nothing but a list are rows, not columns, once `features` names the list."""
    (tmp_path / "in").mkdir()
    lines = [json.dumps({"features": row}) for row in rows().tolist()]
    (tmp_path / "in/data").write_text("\n".join(lines))
    config = of_model(model) | {"features": "features", "dataset_type": "application/jsonlines", "headers": NAMES}
    captured = write_captures(
        tmp_path / "captured/a.jsonl", [capture(each, "1", encodings=("JSON", "CSV")) for each in lines]
    ).parent

    for at, (source, form) in enumerate(((tmp_path / "in", ""), (captured, CAPTURE))):
        found = explain(tmp_path / str(at), source, config, dataset_format=form)
        assert np.allclose(list(values_of(found).values()), np.abs(reference).mean(axis=0))


def test_a_baseline_of_statistics_is_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(BaselineError, match="an explainability monitor has none"):
        explain(tmp_path / "out", tmp_path, of_model(model), baseline_statistics=tmp_path / "statistics.json")


@pytest.mark.parametrize("predictor", [{"url": "http://localhost/"}, {"artifact": "m", "script": "s.py"}])
def test_trees_are_looked_into_only_where_there_are_some(tmp_path: Path, predictor: dict[str, str]) -> None:
    config = {"methods": {"shap": SHAP | {"method": "tree"}}, "predictor": predictor}

    with pytest.raises(ConfigError, match='"tree" needs a model file'):
        explain(tmp_path / "out", tmp_path, config)


def test_a_job_of_the_environment_runs_from_end_to_end(tmp_path: Path, model: Path) -> None:
    """As the container starts it, with two worker processes."""
    write_rows(tmp_path / "in", rows())
    (tmp_path / "config.json").write_text(json.dumps(of_model(model, method="kernel")))
    environment = os.environ | {
        "analysis_type": "MODEL_EXPLAINABILITY",
        "analysis_config": str(tmp_path / "config.json"),
        "dataset_source": str(tmp_path / "in"),
        "output_path": str(tmp_path / "out"),
        "output_message_file": str(tmp_path / "message"),
        "analyzer_processes": "2",
    }

    done = subprocess.run(
        [sys.executable, "-m", "analyzer"], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "The model will be asked about" in done.stderr
    assert "Explain: 60 rows in" in done.stderr
    assert (tmp_path / "message").read_text() == "Completed: Job completed successfully with no violations."
    assert json.loads((tmp_path / "out/analysis.json").read_text())["explanations"]["kernel_shap"]["label0"]


def test_the_predictor_of_a_file_says_what_it_is(model: Path) -> None:
    from analyzer.analysis_config import Predictor  # noqa: PLC0415

    found = choose(Predictor(artifact=str(model)))

    assert isinstance(found, ForestPredictor)
    assert found.described == f"model {model}"
