"""Whole bias jobs: documents, several facets, where columns are found."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from analyzer.errors import ConfigError
from tests.jobs import write_captures
from tests.monitors.bias.jobs import (
    CONFIG,
    HEADER,
    MERGED,
    analyse,
    merged,
    notices,
    people,
    values,
    write_merged,
    write_table,
)


def test_several_facets_of_every_kind_come_from_one_scan(tmp_path: Path) -> None:
    rows = [[at, at % 2, int(at % 3 == 0), int(at % 4 == 0), "abc"[at % 3]] for at in range(90)]
    facets = [
        {"name_or_index": "sex", "value_or_threshold": [0]},
        {"name_or_index": "age", "value_or_threshold": [40]},
        {"name_or_index": "town"},
        {"name_or_index": "town", "value_or_threshold": ["a", "b"]},
    ]
    source = write_table(tmp_path / "in", rows, (*HEADER, "town"))

    found = analyse(tmp_path, source, CONFIG | {"facet": facets}).document("analysis.json")

    stage = found["pre_training_bias_metrics"]
    entries = {facet: [each["value_or_threshold"] for each in each_] for facet, each_ in stage["facets"].items()}
    assert entries == {"sex": ["0"], "age": ["(40, 89]"], "town": ["a", "b", "c", "a,b"]}
    assert stage["facets"]["age"][0]["analyzer"]["rows"] == {"facet": 49, "others": 41}


def test_the_documents_of_a_monitoring_run(tmp_path: Path) -> None:
    """Predictions of sex 0 get worse: violations, metrics with their dimensions, message."""
    learnt = analyse(tmp_path / "base", write_table(tmp_path / "good", people()))
    worse = [[*row[:3], row[3] and row[1]] for row in people()]

    found = analyse(
        tmp_path / "now",
        write_merged(tmp_path / "live", worse),
        CONFIG | {"headers": list(HEADER[:3]), "predicted_label": "0"},
        dataset_format=MERGED,
        baseline_constraints=learnt.output / "analysis.json",
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="ep",
        sagemaker_monitoring_schedule_name="schedule",
    )

    names = [each["metric_name"] for each in found.violations]
    assert found.outcome.message == f"CompletedWithViolations: Job completed successfully with {len(names)} violations."
    assert {"AD", "CDDPL", "DI", "DPPL", "RD"} <= set(names)
    first = found.violations[0]
    assert (first["facet"], first["facet_value"], first["constraint_check_type"]) == ("sex", "0", "bias_drift_check")
    lines = (found.output / "metrics/cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {line["MetricName"]: line for line in map(json.loads, lines)}
    assert metrics["bias_metric_DPPL"]["Value"] == values(found)["DPPL"]
    assert {each["Name"]: each["Value"] for each in metrics["bias_metric_DPPL"]["Dimensions"]} == {
        "Endpoint": "ep",
        "MonitoringSchedule": "schedule",
        "BiasStage": "Post-Training",
        "Label": "y",
        "LabelValue": "1",
        "Facet": "sex",
        "FacetValue": "0",
    }
    assert {each["Value"] for each in metrics["bias_metric_CI"]["Dimensions"]} >= {"Pre-training"}
    assert metrics["analyzer_records"]["Value"] == 80


def test_strict_documents_hold_the_recorded_keys_only(tmp_path: Path) -> None:
    learnt = analyse(tmp_path / "base", write_table(tmp_path / "good", people()), analyzer_compat="strict")
    again: dict[str, Any] = {"baseline_constraints": learnt.output / "analysis.json", "analyzer_compat": "strict"}
    worse = write_table(tmp_path / "worse", [[*row[:3], row[3] and row[1]] for row in people()])

    bad = analyse(tmp_path / "now", worse, **again)
    assert {tuple(each) for each in bad.violations} == {
        ("facet", "facet_value", "metric_name", "constraint_check_type", "description")
    }
    good = analyse(tmp_path / "now", tmp_path / "good", **again)

    document = good.document("analysis.json")
    assert "analyzer" not in document
    assert set(document["pre_training_bias_metrics"]["facets"]["sex"][0]) == {"value_or_threshold", "metrics"}
    assert not (good.output / "constraint_violations.json").exists()  # nor that of the run before


def test_infinite_metrics_are_published_as_the_largest_number(tmp_path: Path) -> None:
    rows = [[1, at % 2, 1, int(at % 2 == 1)] for at in range(40)]

    found = analyse(tmp_path, write_table(tmp_path / "in", rows), publish_cloudwatch_metrics="Enabled")

    assert values(found)["DCA"] == "-Infinity"
    lines = (found.output / "metrics/cloudwatch_metrics.jsonl").read_text().splitlines()
    published = {line["MetricName"]: line["Value"] for line in map(json.loads, lines)}
    assert published["bias_metric_DCA"] == pytest.approx(-2.348543e108, rel=1e-6)
    assert all(map(math.isfinite, published.values()))


@pytest.mark.parametrize("form", ["csv", "headless", "jsonlines", "parquet"])
def test_the_same_rows_in_every_format(tmp_path: Path, form: str) -> None:
    expected = values(analyse(tmp_path / "csv", write_table(tmp_path / "plain", people())))
    source, config = tmp_path / "in", dict(CONFIG)
    source.mkdir()
    if form == "csv":
        write_table(source, people())
    elif form == "headless":
        write_table(source, people(), None)
        config |= {"headers": list(HEADER), "label": 2, "facet": [{"name_or_index": 1, "value_or_threshold": [0]}]}
    elif form == "jsonlines":
        lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in people()]
        (source / "data.jsonl").write_text("\n".join(lines))
    else:
        columns = zip(*people(), strict=True)
        parquet.write_table(pa.table(dict(zip(HEADER, map(list, columns), strict=True))), source / "data.parquet")

    assert values(analyse(tmp_path, source, config)) == expected


def test_only_the_metrics_that_are_asked_for(tmp_path: Path) -> None:
    methods = {"pre_training_bias": {"methods": ["DPL", "CI"]}, "post_training_bias": {"methods": "DI"}}

    found = analyse(tmp_path, write_table(tmp_path / "in", people()), CONFIG | {"methods": methods})

    assert list(values(found, "pre_training")) == ["CI", "DPL"]
    assert list(values(found)) == ["DI"]


def test_without_predictions_there_is_only_the_first_stage(tmp_path: Path) -> None:
    config = {key: value for key, value in CONFIG.items() if key != "predicted_label"}

    found = analyse(tmp_path, write_table(tmp_path / "in", people()), config)

    assert "post_training_bias_metrics" not in found.document("analysis.json")
    assert "There are no predictions" in notices(found)
    with pytest.raises(ConfigError, match=r"\$\.methods\.post_training_bias: the data has no predictions.*Hint:"):
        analyse(tmp_path, tmp_path / "in", config | {"methods": {"post_training_bias": {"methods": "all"}}})


def test_a_score_is_compared_with_the_threshold(tmp_path: Path) -> None:
    rows = [[*row[:3], 0.9 if row[3] else 0.6] for row in people()]
    config = {key: value for key, value in CONFIG.items() if key != "predicted_label"}
    source = write_table(tmp_path / "in", rows)
    expected = values(analyse(tmp_path / "labels", write_table(tmp_path / "plain", people())))
    expected.pop("FT")

    settings = {"probability_attribute": "p", "probability_threshold_attribute": "0.6"}
    by_setting = analyse(tmp_path / "a", source, config, **settings)
    by_config = analyse(tmp_path / "b", source, config | {"probability_threshold": 0.6}, probability_attribute="p")
    default = analyse(tmp_path / "c", source, config, probability_attribute="p")

    assert values(by_setting) == values(by_config)
    assert {name: value for name, value in values(by_setting).items() if name != "FT"} == expected
    assert values(default)["DI"] == 1.0


def test_the_class_of_the_highest_score_is_the_prediction(tmp_path: Path) -> None:
    """Text classes, named by label_headers."""
    rows = [[*row[:2], "yes" if row[2] else "no", f"{0.2 + 0.6 * row[3]}"] for row in people()]
    records = [
        {**each, "captureData": {**each["captureData"], "endpointOutput": {
            "data": json.dumps({"scores": [1 - float(row[3]), float(row[3])]}), "encoding": "JSON"}}}
        for each, row in zip(merged(rows), rows, strict=True)
    ]  # fmt: skip
    write_captures(tmp_path / "in/a.jsonl", records)
    config = {key: value for key, value in CONFIG.items() if key != "predicted_label"} | {
        "label_values_or_threshold": ["yes"],
        "headers": list(HEADER[:3]),
        "predictor": {"probability": "scores", "label_headers": ["no", "yes"]},
    }
    expected = values(analyse(tmp_path / "labels", write_table(tmp_path / "plain", people())))

    found = analyse(tmp_path, tmp_path / "in", config, dataset_format=MERGED)

    assert values(found) == expected


def test_excluded_columns_are_no_features(tmp_path: Path) -> None:
    """A column of text ends the flip test, unless it is excluded; by name or by number."""
    rows = [[*row, f"id{at}"] for at, row in enumerate(people())]
    source = write_table(tmp_path / "in", rows, (*HEADER, "id"))

    with_text = analyse(tmp_path / "a", source)
    without = [
        analyse(tmp_path / "b", source, CONFIG | {"excluded_columns": [column], "headers": [*HEADER, "id"]})
        for column in ("id", 4)
    ]

    entry = with_text.document("analysis.json")["post_training_bias_metrics"]["facets"]["sex"][0]
    assert {"FlipTest does not support non-numeric columns"} == {each.get("error") for each in entry["metrics"]} - {
        None
    }
    assert [values(each)["FT"] is not None for each in without] == [True, True]
