"""The recorded bias baseline, metric for metric: from tables, JSON, captures and ground truth, in both modes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import Finished, capture, run_job, write_captures

pytestmark = pytest.mark.golden
MODES = ("default", "strict")
STAGES = ("post_training_bias_metrics", "pre_training_bias_metrics")
MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
FEATURES = 14


@pytest.fixture(scope="module")
def case(golden: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((golden / "bias_adult_baseline/case.json").read_text())["analysis_config"]
    return config


@pytest.fixture(scope="module")
def expected(golden: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((golden / "bias_adult_baseline/expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def table(golden: Path) -> list[list[str]]:
    """Features, label, predicted label and score of every row."""
    with (golden / "bias_adult_baseline/inputs/dataset_with_predictions.csv").open() as file:
        return list(csv.reader(file))[1:]


def analysed(folder: Path, source: Path, config: dict[str, Any], **settings: object) -> Finished:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return run_job(
        folder / "out", source, analysis_type="MODEL_BIAS", analysis_config=folder / "config.json", **settings
    )


def is_recorded(finished: Finished, expected: dict[str, Any], stages: tuple[str, ...] = STAGES) -> None:
    """Counts and names exactly; numbers to the last digits, which depend on the order of sums."""
    found = finished.document("analysis.json")
    assert [key for key in found if key != "analyzer"] == ["version", *stages]
    for stage in stages:
        recorded, entries = expected[stage], found[stage]["facets"]["Sex"]
        assert {**found[stage], "facets": None} == {**recorded, "facets": None}
        assert [entry["value_or_threshold"] for entry in entries] == ["0"]
        for mine, theirs in zip(entries[0]["metrics"], recorded["facets"]["Sex"][0]["metrics"], strict=True):
            assert {**mine, "value": None} == {**theirs, "value": None}
            assert mine["value"] == pytest.approx(theirs["value"], rel=1e-14)


@pytest.mark.parametrize("mode", MODES)
def test_a_table_with_predictions(
    golden: Path, case: dict[str, Any], expected: dict[str, Any], tmp_path: Path, mode: str
) -> None:
    (tmp_path / "in").mkdir()
    source = golden / "bias_adult_baseline/inputs/dataset_with_predictions.csv"
    (tmp_path / "in/data.csv").write_bytes(source.read_bytes())
    config = {**case, "label": "Target", "predicted_label": "predicted_label", "excluded_columns": ["score"]}
    for key in ("features", "headers", "predictor", "dataset_type"):
        del config[key]

    is_recorded(analysed(tmp_path, tmp_path / "in", config, analyzer_compat=mode), expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_the_recorded_configuration_before_training(
    request: pytest.FixtureRequest, golden: Path, tmp_path: Path, mode: str, form: str
) -> None:
    """Features in a list, headers by position; CSV has no header line, its label is the last column."""
    (tmp_path / "in").mkdir()
    inputs, case = golden / "bias_adult_baseline/inputs", request.getfixturevalue("case")
    config = {**case, "methods": {"pre_training_bias": {"methods": "all"}}}
    del config["dataset_type"]
    if form == "csv":
        lines = [json.loads(line) for line in (inputs / "validation-dataset.jsonl").read_text().splitlines()]
        rows = [",".join(map(str, [*line["features"], line["label"]])) for line in lines]
        (tmp_path / "in/data.csv").write_text("\n".join(rows) + "\n")
        del config["features"]
        config["label"] = "Target"
    else:
        (tmp_path / f"in/data.{form}").write_bytes((inputs / f"validation-dataset.{form}").read_bytes())
        nested = "instances[*]." if form == "json" else ""
        config |= {"features": f"{nested}features", "label": f"{nested}label"}

    is_recorded(
        analysed(tmp_path, tmp_path / "in", config, analyzer_compat=mode),
        request.getfixturevalue("expected"),
        STAGES[1:],
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("several", [1, 37], ids=["one row a request", "many rows a request"])
@pytest.mark.parametrize("joined", [False, True], ids=["merged", "joined"])
def test_captured_records_and_ground_truth(
    request: pytest.FixtureRequest, tmp_path: Path, mode: str, several: int, *, joined: bool
) -> None:
    """As the recorded JSON runs have it: instances in, predictions out, labels located by JMESPath."""
    case, table = request.getfixturevalue("case"), request.getfixturevalue("table")
    records, truths = [], []
    for at in range(0, len(table), several):
        rows = table[at : at + several]
        sides = [
            {"instances": [{"features": [json.loads(cell) for cell in row[:FEATURES]]} for row in rows]},
            {"predictions": [{"score": float(row[-1]), "predicted_label": int(row[-2])} for row in rows]},
            {"instances": [{"label": int(row[FEATURES])} for row in rows]},
        ]
        data_in, data_out, labels = map(json.dumps, sides)
        record = capture(data_in, data_out, event=f"event-{at}", encodings=("JSON", "JSON"))
        truth = {"groundTruthData": {"data": labels, "encoding": "JSON"}}
        records.append(record if joined else {**record, **truth})
        truths.append({**truth, "eventMetadata": {"eventId": f"event-{at}"}, "eventVersion": "0"})
    write_captures(tmp_path / "in/ep/AllTraffic/2026/01/01/00/a.jsonl", records)
    write_captures(tmp_path / "truth/2026/01/01/00/a.jsonl", truths)
    config = {**case, "features": "instances[*].features", "label": "instances[*].label"}
    config["predictor"] = {"label": "predictions[*].predicted_label"}
    more = {"ground_truth_source": tmp_path / "truth"} if joined else {"dataset_format": MERGED}

    found = analysed(tmp_path, tmp_path / "in", config, analyzer_compat=mode, **more)

    is_recorded(found, request.getfixturevalue("expected"))


@pytest.mark.parametrize("mode", MODES)
def test_captured_lines_of_csv_with_a_score(request: pytest.FixtureRequest, tmp_path: Path, mode: str) -> None:
    """The output is one number, a score; the model's own threshold makes the recorded predictions of it."""
    case, table = request.getfixturevalue("case"), request.getfixturevalue("table")
    records = [
        {
            **capture(",".join(row[:FEATURES]), row[-1], event=str(at)),
            "groundTruthData": {"data": row[FEATURES], "encoding": "CSV"},
        }
        for at, row in enumerate(table)
    ]
    write_captures(tmp_path / "in/a.jsonl", records)
    config = {key: case[key] for key in ("headers", "label_values_or_threshold", "facet", "group_variable")}
    config["label"] = "Target"

    found = analysed(
        tmp_path,
        tmp_path / "in",
        config,
        analyzer_compat=mode,
        dataset_format=MERGED,
        probability_threshold_attribute="0.46301859617233276",
    )

    is_recorded(found, request.getfixturevalue("expected"))


def test_the_baseline_itself_breaks_no_promise(
    golden: Path, case: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    """The recorded document as constraints: a run on the same rows is clean in both modes."""
    (tmp_path / "in").mkdir()
    source = golden / "bias_adult_baseline/inputs/dataset_with_predictions.csv"
    (tmp_path / "in/data.csv").write_bytes(source.read_bytes())
    (tmp_path / "analysis.json").write_text(json.dumps(expected))
    config = {key: case[key] for key in ("label_values_or_threshold", "facet", "group_variable")}
    config |= {"label": "Target", "predicted_label": "predicted_label", "excluded_columns": ["score"]}
    for mode in MODES:
        found = analysed(
            tmp_path / mode,
            tmp_path / "in",
            config,
            analyzer_compat=mode,
            baseline_constraints=tmp_path / "analysis.json",
        )
        assert found.outcome.message == "Completed: Job completed successfully with no violations."
        assert (found.output / "constraint_violations.json").exists() == (mode == "default")
