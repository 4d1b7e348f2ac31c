"""The recorded model-quality baseline, monitoring run and documented examples, number for number, in both modes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import Finished, monitor, run_job, write_captures

pytestmark = pytest.mark.golden
MODES = ("default", "strict")
BLOCK = "binary_classification_metrics"
MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
CAPTURED = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}'
HOUR = "2021/05/26/22"


def recorded(golden: Path, case: str) -> Any:
    return json.loads((golden / case / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=MODES)
def baseline(request: pytest.FixtureRequest, golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run_job(
        tmp_path_factory.mktemp(request.param),
        golden / "mq_churn_baseline/inputs",
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
        dataset_format='{"csv": {"header": true}}',
        analyzer_compat=request.param,
    )


def test_every_recorded_metric_is_reproduced_to_the_last_digit(baseline: Finished, golden: Path) -> None:
    expected = recorded(golden, "mq_churn_baseline")
    block = baseline.document("statistics.json")[BLOCK]

    assert {name: block[name]["value"] for name in expected["metrics_current"]} == expected["metrics_current"]
    assert block["confusion_matrix"] == expected["confusion_matrix"]
    for name, value in expected["best_constant_classifier_current"].items():
        if name != "_note":
            assert block[f"{name}_best_constant_classifier"]["value"] == pytest.approx(value, abs=1e-6)
    assert block["accuracy_best_constant_classifier"]["value"] == 173 / 201


def test_the_curves_begin_as_recorded(baseline: Finished, golden: Path) -> None:
    block = baseline.document("statistics.json")[BLOCK]
    curves = block["receiver_operating_characteristic_curve"] | block["precision_recall_curve"]

    for name, start in recorded(golden, "mq_churn_baseline")["curve_prefixes_current"].items():
        assert curves[name][: len(start)] == start, name
    assert [curves[name][-1] for name in ("false_positive_rates", "true_positive_rates", "recalls")] == [1.0] * 3


def test_the_recorded_constraints_are_suggested(baseline: Finished, golden: Path) -> None:
    constraints = baseline.document("constraints.json")

    assert constraints == {
        "version": 0.0,
        "binary_classification_constraints": recorded(golden, "mq_churn_baseline")["constraints_current"],
    }


def test_deviations_are_of_the_recorded_size(baseline: Finished, golden: Path) -> None:
    """They are random; three runs of the closed image differ by a factor of two among themselves."""
    block = baseline.document("statistics.json")[BLOCK]

    for run in recorded(golden, "mq_churn_baseline")["standard_deviations_recorded_random"].values():
        for name, value in run.items():
            if value and not name.endswith("_best_constant_classifier"):
                assert 0.2 * value < block[name]["standard_deviation"] < 3 * value, name


def rows(golden: Path, count: int) -> Iterator[dict[str, str]]:
    """Row 0, 1, ..., 333, 0, 1, ... as often as the traffic was (case.json)."""
    with (golden / "mq_churn_monitor/inputs/merged_unique_rows.csv").open() as file:
        unique = list(csv.DictReader(file))
    yield from (unique[at % len(unique)] for at in range(count))


def captured(golden: Path, count: int) -> Iterator[dict[str, Any]]:
    """The capture records of the described traffic."""
    inputs = (golden / "mq_churn_monitor/inputs/test-dataset-input-cols.csv").read_text().splitlines()
    for at, row in enumerate(rows(golden, count)):
        sides = {
            "endpointInput": (inputs[int(row["inference_id"])], "text/csv"),
            "endpointOutput": (row["probability"], "text/csv; charset=utf-8"),
        }
        yield {
            "captureData": {
                name: {"observedContentType": kind, "mode": name[8:].upper(), "data": data, "encoding": "CSV"}
                for name, (data, kind) in sides.items()
            },
            "eventMetadata": {
                "eventId": f"event-{at}",
                "inferenceId": row["inference_id"],
                "inferenceTime": f"2021-05-26T22:{at // 60 % 60:02}:{at % 60:02}Z",
            },
            "eventVersion": "0",
        }


def truths(golden: Path) -> Iterator[dict[str, Any]]:
    """One ground truth record for each inference id."""
    for row in rows(golden, 334):
        yield {
            "groundTruthData": {"data": row["ground_truth"], "encoding": "CSV"},
            "eventMetadata": {"eventId": row["inference_id"]},
            "eventVersion": "0",
        }


def write_traffic(golden: Path, folder: Path, way: str, count: int) -> dict[str, object]:
    """The window as files, and the settings that read it."""
    records = list(captured(golden, count))
    labels = {each["eventMetadata"]["eventId"]: each for each in truths(golden)}
    if way == "merged":
        for record in records:
            record["groundTruthData"] = labels[record["eventMetadata"]["inferenceId"]]["groundTruthData"]
    write_captures(folder / f"in/ep/AllTraffic/{HOUR}/part-00000.jsonl", records)
    if way == "merged":
        return {"dataset_format": MERGED}
    write_captures(folder / f"truth/{HOUR}/a.jsonl", labels.values())
    return {"dataset_format": CAPTURED, "ground_truth_source": folder / "truth"}


@pytest.mark.parametrize("way", ["merged", "joined"])
@pytest.mark.parametrize("mode", MODES)
def test_the_recorded_violations_are_found(
    baseline: Finished, golden: Path, tmp_path: Path, mode: str, way: str
) -> None:
    run = recorded(golden, "mq_churn_monitor")["runs"]["a3e472"]
    settings = write_traffic(golden, tmp_path, way, run["records"])
    (baseline.output / "hidden").mkdir(exist_ok=True)

    found = monitor(
        tmp_path / "out",
        tmp_path / "in",
        baseline.output,
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        probability_attribute="0",
        probability_threshold_attribute="0.5",
        start_time="2021-05-26T22:00:00Z",
        end_time="2021-05-26T23:00:00Z",
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="ep",
        sagemaker_monitoring_schedule_name="schedule",
        analyzer_compat=mode,
        **settings,
    )

    assert found.document("statistics.json")["dataset"]["item_count"] == run["records"]
    check_violations(found, run, mode)
    check_metrics(found, recorded(golden, "mq_churn_monitor")["cloudwatch_metric_names"], mode)
    count = len(found.violations)
    assert found.outcome.message.startswith(
        f"CompletedWithViolations: Job completed successfully with {count} violations."
    )


def check_violations(found: Finished, run: Any, mode: str) -> None:
    """Every recorded entry, but for the random deviation; in strict mode these alone and in their order."""
    expected = [(each["constraint_check_type"], each["metric_name"], *_halves(each)) for each in run["violations"]]
    entries = [(each["constraint_check_type"], each["metric_name"], *_halves(each)) for each in found.violations]
    if mode == "strict":
        assert entries == expected
        assert {tuple(each) for each in found.violations} == {("constraint_check_type", "metric_name", "description")}
        return
    own = [(each[0], *map(_snake, each[1:3]), each[3]) for each in expected]
    constrained = [each for each in entries if each[0] != "prediction_drift_check"]
    assert set(own) < set(constrained)
    assert [each[1] for each in constrained if each not in own] == ["f0_5"]


def _halves(violation: Any) -> tuple[str, str]:
    """The sentence without the random deviation."""
    before, _, after = violation["description"].partition(" +/- ")
    return before, after.partition(" ")[2]


def _snake(text: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and at and text[at - 1].islower() else c for at, c in enumerate(text))


def check_metrics(found: Finished, names: list[str], mode: str) -> None:
    lines = (found.output / "metrics/cloudwatch_metrics.jsonl").read_text("utf-8").splitlines()
    published = [json.loads(line) for line in lines]

    recorded_ones = [each for each in published if not each["MetricName"].startswith("analyzer_")]
    assert sorted(each["MetricName"] for each in recorded_ones) == sorted(names)
    assert (len(published) == len(names)) == (mode == "strict")
    assert {each["Timestamp"] for each in published} == {"2021-05-26T22:00:00Z"}


def test_the_documented_multiclass_example(golden: Path, tmp_path: Path) -> None:
    """The counts are real, and of the early image whose best constant classifier predicts class 1."""
    expected = recorded(golden, "mq_docs_examples")["multiclass_classification_metrics"]
    found = documented(expected["confusion_matrix"], tmp_path, "MulticlassClassification")
    block = found.document("statistics.json")["multiclass_classification_metrics"]

    assert block["confusion_matrix"] == expected["confusion_matrix"]
    for name in ("accuracy", *(f"weighted_{each}" for each in ("recall", "precision", "f0_5", "f1", "f2"))):
        assert block[name]["value"] == expected[name]["value"], name
        assert 0.2 < block[name]["standard_deviation"] / expected[name]["standard_deviation"] < 3, name
    assert block["accuracy_best_constant_classifier"]["value"] == 1690 / 2096


def test_the_documented_regression_example(golden: Path, tmp_path: Path) -> None:
    """The same predictions taken as numbers."""
    recording = recorded(golden, "mq_docs_examples")
    matrix = recording["multiclass_classification_metrics"]["confusion_matrix"]
    block = documented(matrix, tmp_path, "Regression").document("statistics.json")["regression_metrics"]

    for name, expected in recording["regression_metrics"].items():
        assert block[name]["value"] == pytest.approx(expected["value"], rel=1e-14), name
        assert 0.2 < block[name]["standard_deviation"] / expected["standard_deviation"] < 3, name


def test_the_documented_binary_example(golden: Path, tmp_path: Path) -> None:
    """Four rows; curves, area and best constant classifier are the early image's and not repeated."""
    expected = recorded(golden, "mq_docs_examples")["binary_classification_metrics"]
    found = documented(expected["confusion_matrix"], tmp_path, "BinaryClassification", compat="strict")
    block = found.document("statistics.json")["binary_classification_metrics"]

    assert block["confusion_matrix"] == expected["confusion_matrix"]
    rates = ("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate")
    for name in ("recall", "precision", "accuracy", *rates, "f0_5", "f1", "f2"):
        assert block[name] == expected[name], name
    assert [name for name in expected if name in block] == list(block)


def documented(matrix: Any, folder: Path, problem: str, compat: str = "default") -> Finished:
    """A baseline of the rows behind a confusion matrix, in CSV without header."""
    lines = [f"{p},{y}" for y, row in matrix.items() for p, count in row.items() for _ in range(count)]
    (folder / "in").mkdir()
    (folder / "in/data.csv").write_text("\n".join(lines) + "\n")
    return run_job(
        folder / "out",
        folder / "in",
        analysis_type="MODEL_QUALITY",
        problem_type=problem,
        inference_attribute="_c0",
        ground_truth_attribute="_c1",
        dataset_format='{"csv": {"header": false}}',
        analyzer_compat=compat,
    )
