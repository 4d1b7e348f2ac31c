"""Windows against a baseline: limits as users edit them, undefined metrics, and drift of what is predicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import BaselineError
from tests.quality import CAPTURED, Measured, learnt, merged, table, truth, watched, written

GOOD = [(1, 0.9)] * 40 + [(1, 0.2)] * 10 + [(0, 0.1)] * 100 + [(0, 0.8)] * 10
WORSE = [(1, 0.9)] * 30 + [(1, 0.2)] * 20 + [(0, 0.1)] * 90 + [(0, 0.8)] * 20
NAMES = ("label", "score")


@pytest.fixture
def baseline(tmp_path: Path) -> Measured:
    source = table(tmp_path / "good/data.csv", GOOD, NAMES)
    return learnt(tmp_path / "base", source, probability_attribute="score")


def window(folder: Path, baseline: Measured, rows: Any = WORSE, **settings: Any) -> Measured:
    source = table(folder / "window/data.csv", rows, NAMES)
    return watched(folder, source, baseline, probability_attribute="score", **settings)


def edit(baseline: Measured, change: Any) -> None:
    """Change the constraints file as a user would."""
    path = baseline.job.output / "constraints.json"
    document = json.loads(path.read_text())
    change(document["binary_classification_constraints"])
    path.write_text(json.dumps(document))


def test_the_same_data_violates_nothing(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, GOOD)

    assert found.job.violations == []
    assert found.job.outcome.message.startswith("Completed: Job completed successfully with no violations.")
    assert set(found.own["prediction_drift"].values()) == {0.0}


def test_every_worse_metric_is_a_violation_in_the_order_of_the_constraints(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline)

    assert list(found.broken) == list(found.job.document("constraints.json")["binary_classification_constraints"])
    assert found.broken["recall"].startswith("Metric recall with 0.6 +/- NaN was LessThanThreshold '0.8'")
    assert found.broken["f0_5"].startswith("Metric f0_5 with ")
    first = found.job.violations[0]
    assert (first["observed"], first["threshold"], first["counts"]) == (0.6, 0.8, {"evaluated": 160})
    assert first["severity"] == "error"


def test_the_threshold_itself_is_no_violation(baseline: Measured, tmp_path: Path) -> None:
    edit(baseline, lambda limits: limits["recall"].update(threshold=0.6))

    assert "recall" not in window(tmp_path, baseline).broken


def test_edits_of_users_are_understood_and_kept(baseline: Measured, tmp_path: Path) -> None:
    def change(limits: Any) -> None:
        limits["recall"]["additional_properties"] = None
        limits["precision"]["owner"] = {"team": "risk"}
        limits["accuracy"]["severity"] = "warning"
        limits["auc"]["minimum_samples"] = 1000
        limits["log_loss"] = {"threshold": 0.01, "comparison_operator": "greater_than_threshold"}
        limits["profit"] = {"threshold": 1, "comparison_operator": "LessThanThreshold"}
        del limits["f1"]

    edit(baseline, change)

    found = window(tmp_path, baseline, options={"fail_on_violations": True})

    assert {"recall", "precision", "accuracy", "log_loss"} <= set(found.broken)
    assert not {"auc", "f1", "profit"} & set(found.broken)
    assert found.broken["log_loss"].endswith("was GreaterThanThreshold '0.01'")
    severities = {each["metric_name"]: each["severity"] for each in found.job.violations}
    assert (severities["accuracy"], severities["recall"]) == ("warning", "error")
    assert found.job.outcome.exit_code == 10
    for words in ("$.binary_classification_constraints.precision.owner", "profit: not judged", "auc: not judged"):
        assert words in found.notices


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"threshold": "0.5", "comparison_operator": "LessThanThreshold"}, "a number without quotation marks"),
        ({"comparison_operator": "LessThanThreshold"}, "a number"),
        ({"threshold": 0.5, "comparison_operator": "Less"}, "LessThanThreshold or GreaterThanThreshold"),
        ({"threshold": 0.5}, "LessThanThreshold or GreaterThanThreshold"),
        (0.5, "an object"),
    ],
)
def test_wrong_limits_fail_before_data_is_read(baseline: Measured, tmp_path: Path, entry: Any, words: str) -> None:
    edit(baseline, lambda limits: limits.update(recall=entry))

    with pytest.raises(BaselineError, match=r"constraints.json, \$.binary_classification_constraints.recall") as caught:
        watched(tmp_path, tmp_path / "nowhere", baseline, probability_attribute="score")
    assert words in str(caught.value)


def test_a_baseline_of_another_problem_or_monitor_is_refused(baseline: Measured, tmp_path: Path) -> None:
    settings = {"probability_attribute": "score", "inference_attribute": "score"}
    with pytest.raises(BaselineError, match="problem_type is Regression, which needs regression_constraints"):
        watched(tmp_path, tmp_path / "x", baseline, problem_type="Regression", **settings)
    (baseline.job.output / "constraints.json").write_text('{"features": [], "monitoring_config": {}}')
    with pytest.raises(BaselineError, match="holds data-quality constraints, expected model-quality constraints"):
        watched(tmp_path, tmp_path / "x", baseline, **settings)


def test_statistics_alone_are_a_baseline(baseline: Measured, tmp_path: Path) -> None:
    """Their metrics are the limits, as a baseline job would have suggested them."""
    with_both = window(tmp_path / "a", baseline)
    alone = learnt(
        tmp_path / "b",
        tmp_path / "a/window",
        probability_attribute="score",
        baseline_statistics=baseline.job.output / "statistics.json",
    )

    assert sorted(alone.broken) == sorted(with_both.broken) != []


def test_undefined_metrics_are_not_judged_but_said(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, [(0, 0.1)] * 300)
    strict = window(tmp_path / "strict", baseline, [(0, 0.1)] * 300, analyzer_compat="strict")

    assert not {"recall", "auc"} & set(found.broken)
    assert "recall: not judged, no row is actually '1'." in found.notices
    assert "Metric recall with 0.0 +/- 0.0 was LessThanThreshold '0.8'" in strict.broken.values()


def test_an_empty_window_is_completed(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, [])

    assert found.job.outcome.message.startswith("Completed: Job completed successfully with no violations. No records")
    assert found.statistics["dataset"]["item_count"] == 0
    assert found.value("accuracy") is None
    assert set(found.own["undefined"].values()) >= {"no row has both a label and a prediction"}


def test_strict_mode_repeats_the_recorded_names_and_silence(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, analyzer_compat="strict")

    assert list(found.broken) == [
        "auc", "precision", "truePositiveRate", "f1", "accuracy", "falsePositiveRate", "trueNegativeRate",
        "falseNegativeRate", "recall", "f2",
    ]  # fmt: skip
    assert set(found.job.violations[0]) == {"constraint_check_type", "metric_name", "description"}


def test_scores_that_moved_are_found_without_labels(baseline: Measured, tmp_path: Path) -> None:
    """Captures that have no ground truth yet: no metric, but the drift of what is predicted."""
    records = [merged(f"{0.3 + at % 7 / 20}", None, f"e{at}") for at in range(200)]
    settings = {"dataset_format": CAPTURED, "ground_truth_source": tmp_path / "truth"}
    (tmp_path / "truth").mkdir()

    found = watched(tmp_path, written(tmp_path, records), baseline, probability_attribute="0", **settings)

    assert found.statistics["dataset"]["item_count"] == 0
    assert found.broken.keys() == {"predicted_scores"}
    assert found.broken["predicted_scores"].startswith("Prediction drift distance: 0.")
    assert found.broken["predicted_scores"].endswith(" exceeds threshold: 0.1")
    assert found.own["predictions"]["rows"] == 200


@pytest.mark.parametrize(("threshold", "count"), [(0.1, 2), (0.9, 0), (None, 0)])
def test_the_threshold_of_prediction_drift_is_an_option(
    baseline: Measured, tmp_path: Path, threshold: float | None, count: int
) -> None:
    rows = [(y, 0.6) for y, _ in GOOD]
    found = window(tmp_path, baseline, rows, options={"prediction_drift_threshold": threshold})

    kinds = [each["constraint_check_type"] for each in found.job.violations]
    assert kinds.count("prediction_drift_check") == count
    assert found.own["prediction_drift"]["predicted_scores"] > 0.4


def test_predicted_classes_that_are_new_are_named(tmp_path: Path) -> None:
    before = table(tmp_path / "a/data.csv", [("x", "x"), ("y", "y")] * 50)
    now = table(tmp_path / "b/data.csv", [("x", "x"), ("y", "z")] * 50)
    baseline = learnt(tmp_path / "base", before, "MulticlassClassification", inference_attribute="prediction")

    found = watched(tmp_path, now, baseline, inference_attribute="prediction")

    assert "Predicted classes unknown to the baseline: 'z'." in found.notices
    assert "predicted_classes" in found.broken


def test_few_predictions_are_not_judged(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, [(1, 0.6)] * 9, options={"minimum_samples": 10})

    assert "prediction_drift" not in found.own


def test_strict_mode_does_not_judge_predictions(baseline: Measured, tmp_path: Path) -> None:
    found = window(tmp_path, baseline, [(y, 0.6) for y, _ in GOOD], analyzer_compat="strict")

    assert "prediction_drift_check" not in {each["constraint_check_type"] for each in found.job.violations}


def test_a_baseline_of_the_closed_image_has_no_predictions_to_compare(baseline: Measured, tmp_path: Path) -> None:
    path = baseline.job.output / "statistics.json"
    document = json.loads(path.read_text())
    del document["binary_classification_metrics"]["analyzer"]
    path.write_text(json.dumps(document))

    found = window(tmp_path, baseline, [(y, 0.6) for y, _ in GOOD])

    assert "prediction_drift" not in found.own


def test_damaged_predictions_of_a_baseline_are_refused(baseline: Measured, tmp_path: Path) -> None:
    path = baseline.job.output / "statistics.json"
    document = json.loads(path.read_text())
    document["binary_classification_metrics"]["analyzer"]["predictions"]["scores"]["cumulative_counts"] = [3, 2]
    path.write_text(json.dumps(document))

    with pytest.raises(BaselineError, match="scores is no distribution"):
        window(tmp_path, baseline)


def test_the_distance_of_predicted_values_is_that_of_all_rows(tmp_path: Path) -> None:
    """Against scipy; the baseline keeps 512 points of 5,000 values."""
    from scipy import stats  # noqa: PLC0415 - beside its one use

    random = np.random.default_rng(3)
    before, now = random.normal(0, 1, 5000), random.normal(0.4, 1.2, 3000)
    sources = [
        table(tmp_path / name / "data.csv", [(0, float(value)) for value in values])
        for name, values in (("a", before), ("b", now))
    ]
    baseline = learnt(tmp_path / "base", sources[0], "Regression", inference_attribute="prediction")
    found = watched(tmp_path, sources[1], baseline, inference_attribute="prediction")

    chance = 1.8 * ((5000 + 3000) / (5000 * 3000)) ** 0.5
    expected = stats.ks_2samp(before, now).statistic - chance
    assert found.own["prediction_drift"]["predicted_values"] == pytest.approx(expected, abs=1 / 512 + 1e-9)
    assert len(baseline.own["predictions"]["values"]["values"]) == 512


def test_no_ground_truth_and_no_match_are_said_first(baseline: Measured, tmp_path: Path) -> None:
    records = [merged("0.9", None, f"6f9619ff-8b86-d011-b42d-00cf4fc964{at:02}") for at in range(30)]
    source = written(tmp_path, records)
    settings = {"dataset_format": CAPTURED, "probability_attribute": "0"}
    (tmp_path / "none").mkdir()
    none = watched(tmp_path / "x", source, baseline, ground_truth_source=tmp_path / "none", **settings)
    strangers = written(tmp_path, [truth(str(at)) for at in range(30)], "truth")
    other = watched(tmp_path / "y", source, baseline, ground_truth_source=strangers, **settings)

    assert "No ground truth" in none.job.outcome.message
    assert "Ids of captures are UUIDs" in other.job.outcome.message
    assert "ids of ground truth whole numbers" in other.job.outcome.message
    assert other.statistics["dataset"]["analyzer"]["joined"]["labelled"] == 0


def test_ground_truth_of_another_schema_is_counted_and_named(baseline: Measured, tmp_path: Path) -> None:
    records = [merged("0.9", None, f"e{at}") for at in range(20)]
    lines = [json.dumps({"id": f"e{at}", "label": 1}) for at in range(20)]
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth/a.jsonl").write_text("\n".join([*lines, "{'groundTruthData': {}}"]))
    settings = {"dataset_format": CAPTURED, "probability_attribute": "0", "ground_truth_source": tmp_path / "truth"}

    found = watched(tmp_path, written(tmp_path, records), baseline, **settings)

    rejected = found.statistics["dataset"]["analyzer"]["joined"]["ground_truth"]["rejected"]
    assert rejected == {"line is not a ground truth record": 20, "line is Python's text of a dict, not JSON": 1}
    assert found.value("accuracy") is None


def test_labels_of_another_kind_than_predictions_are_named(tmp_path: Path) -> None:
    """user_requests.md 60: '1' against 'true' fails nothing, and is said."""
    source = table(tmp_path / "in/data.csv", [("true", 1), ("false", 0)], ("label", "prediction"))
    found = learnt(tmp_path / "b", source, "MulticlassClassification", inference_attribute="prediction")

    assert found.value("accuracy") == 0.0
    assert "No label is among the predicted classes" in found.notices
