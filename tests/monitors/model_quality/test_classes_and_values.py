"""Multiclass classification and regression, whole jobs, against scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from analyzer.errors import ConfigError, ContractError
from tests.quality import Measured, learnt, table

MULTICLASS, REGRESSION = "MulticlassClassification", "Regression"


def classified(folder: Path, rows: Any, **settings: Any) -> Measured:
    source = table(folder / "in/data.csv", rows)
    return learnt(folder, source, MULTICLASS, inference_attribute="prediction", **settings)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["0", "1", "2"], ["0.0", "1.0", "2.0"]),
        (["cat", "dog", "owl"], ["cat", "dog", "owl"]),
        (["10", "9", "2"], ["10", "9.0", "+2"]),
    ],
)
def test_metrics_are_those_of_scikit_learn_for_every_kind_of_label(
    tmp_path: Path, names: list[str], written: list[str]
) -> None:
    """user_requests.md 56: the matrix was right and every metric zero."""
    random = np.random.default_rng(1)
    actual = random.integers(0, 3, 300)
    predicted = np.where(random.random(300) < 0.6, actual, random.integers(0, 3, 300))
    found = classified(tmp_path, [(names[y], written[p]) for y, p in zip(actual, predicted, strict=True)])

    assert found.value("accuracy") == pytest.approx(metrics.accuracy_score(actual, predicted), abs=1e-9)
    for average in ("weighted", "macro"):
        expected = metrics.precision_recall_fscore_support(actual, predicted, average=average)[:3]
        own = found.own if average == "macro" else {name: found.block[name] for name in found.block}
        for name, value in zip(("precision", "recall", "f1"), expected, strict=True):
            mine = own[f"{average}_{name}"]
            assert (mine["value"] if average == "weighted" else mine) == pytest.approx(value, abs=1e-9), name
    precision, recall, _, support = metrics.precision_recall_fscore_support(actual, predicted)
    for at, name in enumerate(names):
        each = found.own["classes"][name]
        assert (each["precision"], each["recall"], each["support"]) == pytest.approx(
            (precision[at], recall[at], support[at])
        )
    assert found.own["matthews_correlation"] == pytest.approx(metrics.matthews_corrcoef(actual, predicted))
    assert found.block["accuracy"]["standard_deviation"] > 0


def test_classes_are_listed_in_the_order_of_numbers(tmp_path: Path) -> None:
    found = classified(tmp_path, [(10, 9), (9, 2), (2, 10)])

    assert list(found.block["confusion_matrix"]) == ["2", "9", "10"]
    assert found.block["confusion_matrix"]["10"] == {"2": 0, "9": 1, "10": 0}


def test_a_class_that_only_predictions_have_is_a_class(tmp_path: Path) -> None:
    found = classified(tmp_path, [("a", "a"), ("a", "new"), ("b", "b")])

    assert found.block["confusion_matrix"]["new"] == {"a": 0, "b": 0, "new": 0}
    assert found.own["classes"]["new"] == {"precision": 0.0, "recall": None, "f1": 0.0, "support": 0, "predicted": 1}


def test_a_single_class_is_no_reason_to_fail(tmp_path: Path) -> None:
    found = classified(tmp_path, [("a", "a")] * 3)

    assert found.value("weighted_f1") == 1.0
    assert found.own["matthews_correlation"] is None
    assert found.own["undefined"]["matthews_correlation"].startswith("all labels or all predictions")


def test_too_many_classes_leave_the_accuracy(tmp_path: Path) -> None:
    rows = [(f"c{at}", f"c{at if at % 2 else 0}") for at in range(300)]
    found = classified(tmp_path, rows, options={"classes_limit": 100})

    assert found.value("accuracy") == metrics.accuracy_score(*zip(*rows, strict=True))
    assert found.block["confusion_matrix"] is None
    assert found.value("weighted_recall") is None
    assert "there are more than 100 classes (classes_limit)" in found.notices
    assert list(found.job.document("constraints.json")["multiclass_classification_constraints"]) == ["accuracy"]


def test_scores_of_all_classes_predict_the_likeliest_and_rank_the_others(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    classes = ["ant", "bee", "cow", "dog"]
    actual = random.integers(0, 4, 400)
    scores = random.dirichlet([1.0] * 4, 400)
    scores[np.arange(400), actual] += 0.4
    scores /= scores.sum(axis=1, keepdims=True)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_text(
        "\n".join(
            json.dumps({"label": classes[y], "scores": dict(zip(classes, row, strict=True))})
            for y, row in zip(actual, scores.tolist(), strict=True)
        )
    )
    form = {"dataset_format": "jsonlines", "ground_truth_attribute": "label"}
    found = learnt(tmp_path, tmp_path / "in", MULTICLASS, probability_attribute="scores", **form)

    assert found.value("accuracy") == pytest.approx(metrics.accuracy_score(actual, scores.argmax(axis=1)))
    for k in (1, 2, 3):
        expected = metrics.top_k_accuracy_score(actual, scores, k=k)
        assert found.own["top_k_accuracy"][str(k)] == pytest.approx(expected), k
    assert found.own["log_loss"] == pytest.approx(metrics.log_loss(actual, scores), rel=1e-9)


def test_scores_may_be_listed_as_columns(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [(0, 0.7, 0.3), (1, 0.4, 0.6), (2, 0.9, 0.1)], ("label", "a", "b"))
    found = learnt(tmp_path, source, MULTICLASS, probability_attribute="a,b")

    assert found.block["confusion_matrix"]["1"] == {"0": 0, "1": 1, "2": 0}
    assert "1 row is of a class that has no score" in found.notices
    assert found.own["top_k_accuracy"] == {"1": 2 / 3, "2": 2 / 3}


def test_scores_of_classes_that_are_texts_are_counted(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [(0, 0.7, 0.3), (1, "low", 1.6)], ("label", "a", "b"))
    found = learnt(tmp_path, source, MULTICLASS, probability_attribute="a,b")

    assert (found.rows["text_scores"], found.rows["without_score"], found.rows["evaluated"]) == (1, 1, 1)
    assert "1 scores are texts" in found.notices


def test_one_score_cannot_tell_many_classes_apart(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [("a", 0.5)], ("label", "score"))
    with pytest.raises(ConfigError, match="cannot tell several classes apart"):
        learnt(tmp_path, source, MULTICLASS, probability_attribute="score")


def predicted_values(folder: Path, rows: Any, **settings: Any) -> Measured:
    source = table(folder / "in/data.csv", rows)
    return learnt(folder, source, REGRESSION, inference_attribute="prediction", **settings)


def test_regression_metrics_are_those_of_scikit_learn(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    actual = random.normal(50, 10, 1000)
    predicted = actual + random.normal(1, 4, 1000)
    found = predicted_values(tmp_path, list(zip(actual.tolist(), predicted.tolist(), strict=True)))

    expected = {
        "mae": metrics.mean_absolute_error(actual, predicted),
        "mse": metrics.mean_squared_error(actual, predicted),
        "rmse": metrics.root_mean_squared_error(actual, predicted),
        "r2": metrics.r2_score(actual, predicted),
    }
    assert {name: found.value(name) for name in expected} == pytest.approx(expected, rel=1e-9)
    assert found.own["mean_absolute_percentage_error"] == pytest.approx(
        metrics.mean_absolute_percentage_error(actual, predicted), rel=1e-9
    )
    assert found.own["median_absolute_error"] == metrics.median_absolute_error(actual, predicted)
    assert found.own["residual_quantiles"]["0.5"] == pytest.approx(np.median(predicted - actual), abs=0.05)
    for name, (low, high) in found.own["confidence_intervals"].items():
        assert low < found.value(name) < high, name
    operators = found.job.document("constraints.json")["regression_constraints"]
    assert {name: each["comparison_operator"][:4] for name, each in operators.items()} == {
        "mae": "Grea", "mse": "Grea", "rmse": "Grea", "r2": "Less",
    }  # fmt: skip


@pytest.mark.parametrize("rows", [300, 30_000])
def test_deviations_of_regression_are_of_the_size_of_real_samples(tmp_path: Path, rows: int) -> None:
    """Beyond a few thousand rows they come from a sample of them, corrected for its size."""
    random = np.random.default_rng(8)
    actual = random.normal(0, 3, rows)
    predicted = actual + random.standard_t(5, rows)
    found = predicted_values(tmp_path, list(zip(actual.tolist(), predicted.tolist(), strict=True)))
    errors = np.abs(predicted - actual)
    size = round(0.8 * rows)

    for name, values in (("mae", errors), ("mse", errors**2)):
        expected = values.std() / np.sqrt(size) * np.sqrt(1 - size / rows)
        assert 0.3 < found.block[name]["standard_deviation"] / expected < 2.5, name


def test_text_and_missing_values_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = [(1, 1), (2, 3), ("cheap", 4), (5, "n/a"), (None, 1), (1, None), ("inf", 1), (2, "NaN")]
    found = predicted_values(tmp_path, rows)

    assert found.rows == {"evaluated": 2, "without_label": 3, "without_prediction": 3}
    assert found.value("mae") == 0.5
    assert "1 labels are texts" in found.notices
    assert "1 predictions are texts" in found.notices


def test_constant_labels_leave_r2_undefined(tmp_path: Path) -> None:
    found = predicted_values(tmp_path, [(5, 4), (5, 6)])

    assert (found.value("mae"), found.value("r2")) == (1.0, None)
    assert found.own["undefined"] == {"r2": "all actual values are equal"}
    assert "r2" not in found.job.document("constraints.json")["regression_constraints"]


def test_numbers_beyond_squaring_are_undefined_and_the_document_is_still_json(tmp_path: Path) -> None:
    found = predicted_values(tmp_path, [(1e300, -1e300), (0, 0)])

    assert (found.value("mse"), found.value("rmse"), found.value("r2")) == (None, None, None)
    assert found.own["zero_labels"] == 1


def test_nothing_numeric_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"of 2 rows, 2 have no usable label and 0 no usable prediction"):
        predicted_values(tmp_path, [("a", 1), ("b", 2)])
