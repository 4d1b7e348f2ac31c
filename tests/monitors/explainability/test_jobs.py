"""Whole explainability jobs: every source of predictions, what is explained and what is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.batch import Floats
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
from tests.predictors.models import booster
from tests.predictors.server import serving


def test_a_model_file_is_explained_exactly(tmp_path: Path, model: Path, reference: Floats) -> None:
    config = {"methods": {"shap": SHAP | {"save_local_shap_values": True}}, "predictor": {"artifact": str(model)}}

    found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows()), config)

    assert np.allclose(list(values_of(found).values()), np.abs(reference).mean(axis=0))
    assert (how_of(found)["method"], how_of(found)["output"]) == ("tree", "log_odds")
    with (found.output / "explanations_shap/out.csv").open() as file:
        header, *lines = csv.reader(file)
    assert header == [f"{name}_label0" for name in NAMES]
    local = np.array(lines, float)
    assert np.allclose(np.sort(local, axis=0), np.sort(reference, axis=0))


def test_every_way_to_the_same_model_gives_the_same_attributions(
    tmp_path: Path, model: Path, reference: Floats
) -> None:
    """Kernel SHAP of a model server, of a script and of the file; with all coalitions they are exact in log-odds."""
    source = write_rows(tmp_path / "in", rows(20))
    booster_ = booster()

    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        import xgboost  # noqa: PLC0415

        table = np.array([row.split(",") for row in body.decode().split("\n")], float)
        return 200, "text/csv", "\n".join(map(repr, booster_.predict(xgboost.DMatrix(table)).tolist())).encode()

    script = tmp_path / "predictor.py"
    script.write_text(
        "import numpy as np, xgboost\n"
        "def load(path):\n    return xgboost.Booster(model_file=path)\n"
        "def predict(batch, model):\n"
        "    return model.predict(xgboost.DMatrix(np.column_stack(batch.columns), nthread=1))\n"
    )
    as_json = tmp_path / "model.json"
    as_json.write_bytes(model.read_bytes())
    shap = SHAP | {"use_logit": True, "method": "kernel"}
    with serving(serve) as served:
        found = [
            explain(tmp_path / str(at), source, {"methods": {"shap": shap}, "predictor": predictor})
            for at, predictor in enumerate(
                [{"url": served.url}, {"script": str(script), "artifact": str(as_json)}, {"artifact": str(model)}]
            )
        ]

    for each in found:
        assert np.allclose(list(values_of(each).values()), np.abs(reference[:20]).mean(axis=0), atol=1e-4)
        assert (how_of(each)["method"], how_of(each)["output"]) == ("kernel", "log_odds")


@pytest.mark.parametrize("aggregation", ["mean_abs", "median", "mean_sq"])
def test_aggregations(tmp_path: Path, model: Path, reference: Floats, aggregation: str) -> None:
    config = {"methods": {"shap": SHAP | {"agg_method": aggregation}}, "predictor": {"artifact": str(model)}}
    of = {"mean_abs": np.abs(reference).mean(0), "median": np.median(reference, 0), "mean_sq": (reference**2).mean(0)}

    found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows()), config)

    assert np.allclose(list(values_of(found).values()), of[aggregation])


def test_metrics_have_the_recorded_names_and_dimensions(tmp_path: Path, model: Path) -> None:
    config = {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model), "label_headers": ["fraud"]}}
    found = explain(
        tmp_path / "out",
        write_rows(tmp_path / "in", rows()),
        config,
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="shop",
        sagemaker_monitoring_schedule_name="hourly",
    )

    lines = (found.output / "metrics/cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {each["MetricName"]: each for each in map(json.loads, lines)}
    assert metrics.keys() == {*(f"feature_{name}" for name in NAMES), "ExpectedValue", "analyzer_records"}
    dimensions = {each["Name"]: each["Value"] for each in metrics["feature_f0"]["Dimensions"]}
    assert dimensions == {
        "Endpoint": "shop",
        "MonitoringSchedule": "hourly",
        "ExplainabilityMethod": "KernelShap",
        "Label": "fraud",
        "ValueType": "GlobalShapValues",
    }
    assert {"Name": "ValueType", "Value": "ExpectedValue"} in metrics["ExpectedValue"]["Dimensions"]


def test_a_sample_of_the_rows_is_explained_and_says_how_sure_it_is(tmp_path: Path, model: Path) -> None:
    source = write_rows(tmp_path / "in", rows(600))
    config = {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}}
    part = {"methods": {"shap": SHAP | {"rows": 100}}, "predictor": {"artifact": str(model)}}

    everything, sampled, again = (
        explain(tmp_path / str(at), source, each) for at, each in enumerate((config, part, part))
    )

    assert (how_of(sampled)["rows"], how_of(sampled)["population"]) == (100, 600)
    features = sampled.document("analysis.json")["explanations"]["kernel_shap"]["label0"]["analyzer"]["features"]
    for name, value in values_of(everything).items():
        assert abs(values_of(sampled)[name] - value) <= 4 * features[name]["error"]
    assert values_of(again) == values_of(sampled)
    assert "100 of 600 rows were explained" in " ".join(sampled.document("analysis.json")["analyzer"]["notices"])


def test_a_missing_baseline_is_made_of_the_data_once_and_kept_for_monitoring(tmp_path: Path, model: Path) -> None:
    config = {"predictor": {"artifact": str(model)}}
    first = explain(tmp_path / "base", write_rows(tmp_path / "in", rows()), config)
    shifted = rows() + 1.0
    now = explain(
        tmp_path / "now",
        write_rows(tmp_path / "later", shifted),
        config,
        baseline_constraints=first.output / "analysis.json",
    )

    assert np.allclose(how_of(first)["baseline"], np.median(rows(), axis=0))
    assert how_of(now)["baseline"] == how_of(first)["baseline"]


@pytest.mark.parametrize(
    "baseline",
    [
        [{"features": [0] * 6}],
        {"instances": [{"features": [0] * 6}]},
        [dict.fromkeys(NAMES, 0)],
        "file.csv",
        "file.jsonl",
    ],
    ids=["objects", "instances", "by name", "csv", "json lines"],
)
def test_baselines_may_be_written_in_every_known_way(
    tmp_path: Path, model: Path, reference: Floats, baseline: Any
) -> None:
    (tmp_path / "file.csv").write_text(",".join(NAMES) + "\n" + ",".join("0" * 6) + "\n")
    (tmp_path / "file.jsonl").write_text(json.dumps({"features": [0] * 6}) + "\n")
    given = str(tmp_path / baseline) if isinstance(baseline, str) else baseline
    config = {
        "headers": NAMES,
        "features": "features" if "jsonl" in str(baseline) else None,
        "methods": {"shap": {"baseline": given}},
        "predictor": {"artifact": str(model)},
    }
    source = write_rows(tmp_path / "in", rows())
    if config["features"]:
        (tmp_path / "in/data.csv").unlink()
        lines = [json.dumps({"features": row}) for row in rows().tolist()]
        (tmp_path / "in/data.jsonl").write_text("\n".join(lines))

    found = explain(tmp_path / "out", source, config)

    assert np.allclose(list(values_of(found).values()), np.abs(reference).mean(axis=0))


def test_several_rows_in_one_request_are_several_rows(tmp_path: Path, model: Path, reference: Floats) -> None:

    texts = [",".join(map(repr, row)) for row in rows().tolist()]
    records = [capture("\n".join(texts[at : at + 4]), "1\n2\n3\n4", event=str(at)) for at in range(0, 60, 4)]
    write_captures(tmp_path / "in/a.jsonl", records)
    config = {"headers": NAMES, "methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}}

    found = explain(tmp_path / "out", tmp_path / "in", config, dataset_format=CAPTURE)

    assert how_of(found)["rows"] == 60
    assert np.allclose(list(values_of(found).values()), np.abs(reference).mean(axis=0))


def test_features_to_explain(tmp_path: Path) -> None:
    """The others keep the row's own value: in a linear model each feature's part does not depend on them."""
    with serving(lambda body, _kind: linear(body)) as served:
        config = with_url(served.url, features_to_explain=["f0", 2])
        found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows()), config)

    expected = np.abs(rows()[:, [0, 2]] * [1.0, 3.0]).mean(axis=0)
    assert list(values_of(found)) == ["f0", "f2"]
    assert np.allclose(list(values_of(found).values()), expected)


def test_several_outputs_have_a_block_each(tmp_path: Path) -> None:
    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        first = linear(body)[2].decode().split("\n")
        return 200, "text/csv", "\n".join(f"{each},{-float(each)}" for each in first).encode()

    with serving(serve) as served:
        found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows(20)), with_url(served.url))

    assert values_of(found, "label0") == pytest.approx(values_of(found, "label1"))


def test_text_features_go_to_the_model_as_text(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    texts = ["a,b", 'say "x"', "a,b", "gov"]
    lines = [f'"{text.replace(chr(34), chr(34) * 2)}",{at}' for at, text in enumerate(texts)]
    (tmp_path / "in/data.csv").write_text("work,n\n" + "\n".join(lines) + "\n")

    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        parsed = list(csv.reader(body.decode().split("\n")))
        assert all(len(row) == 2 for row in parsed)
        return 200, "text/csv", "\n".join(str(len(row[0]) + float(row[1])) for row in parsed).encode()

    with serving(serve) as served:
        config = {"methods": {"shap": {"baseline": [["gov", 0]]}}, "predictor": {"url": served.url}}
        found = explain(tmp_path / "out", tmp_path / "in", config)

    assert values_of(found)["work"] == pytest.approx(np.mean([abs(len(text) - 3) for text in texts]))
    assert values_of(found)["n"] == pytest.approx(1.5)
