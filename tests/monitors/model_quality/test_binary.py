"""Binary classification, whole jobs: what goes in, what comes out, and what is said about trouble."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests.quality import Measured, learnt, table

SCORED = ("label", "score")
ROWS = [(1, 0.9), (1, 0.6), (1, 0.2), (0, 0.7), (0, 0.3), (0, 0.1), (0, 0.1)]


def scored(folder: Path, rows: Any = ROWS, **settings: Any) -> Measured:
    """A baseline of labels and scores."""
    source = table(folder / "in/data.csv", rows, SCORED)
    return learnt(folder, source, probability_attribute="score", **settings)


def labelled(folder: Path, rows: Any, **settings: Any) -> Measured:
    """A baseline of labels and predicted labels."""
    return learnt(folder, table(folder / "in/data.csv", rows), inference_attribute="prediction", **settings)


def test_the_score_alone_decides_by_the_threshold(tmp_path: Path) -> None:
    found = scored(tmp_path)

    assert found.block["confusion_matrix"] == {"0": {"0": 3, "1": 1}, "1": {"0": 1, "1": 2}}
    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*ROWS, strict=True)))
    assert found.own["threshold"] == 0.5
    assert found.statistics["dataset"]["item_count"] == 7


@pytest.mark.parametrize(("threshold", "positives"), [("0.6", 2), ("0.59", 3), ("0.0999", 7), ("0.1", 5), ("1", 0)])
def test_a_score_must_be_above_the_threshold(tmp_path: Path, threshold: str, positives: int) -> None:
    matrix = scored(tmp_path, probability_threshold_attribute=threshold).block["confusion_matrix"]

    assert sum(row["1"] for row in matrix.values()) == positives


def test_with_label_and_score_the_label_decides_and_the_score_ranks(tmp_path: Path) -> None:
    rows = [(y, s, int(s > 0.8)) for y, s in ROWS]
    source = table(tmp_path / "in/data.csv", rows, (*SCORED, "prediction"))
    found = learnt(tmp_path, source, probability_attribute="score", inference_attribute="prediction")

    assert found.block["confusion_matrix"]["1"] == {"0": 2, "1": 1}
    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*ROWS, strict=True)))
    assert "threshold" not in found.own


def test_without_a_score_there_are_neither_area_nor_curves(tmp_path: Path) -> None:
    found = labelled(tmp_path, [(1, 1), (0, 0), (0, 1)])

    assert found.value("accuracy") == 2 / 3
    assert not {"auc", "receiver_operating_characteristic_curve", "precision_recall_curve"} & set(found.block)
    assert "auc" not in found.job.document("constraints.json")["binary_classification_constraints"]


@pytest.mark.parametrize("spelling", [("1", "0"), ("1.0", "0.0"), ("1e0", "-0"), (" 1", "+0")])
def test_spellings_of_a_number_are_one_label(tmp_path: Path, spelling: tuple[str, str]) -> None:
    found = labelled(tmp_path, [(1, spelling[0]), (0, spelling[1]), (0, spelling[0])])

    assert found.block["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 0, "1": 1}}


def test_booleans_are_labels_in_any_case(tmp_path: Path) -> None:
    found = labelled(tmp_path, [("True", "true"), ("False", "TRUE"), ("FALSE", "false")])

    assert found.block["confusion_matrix"] == {"false": {"false": 1, "true": 1}, "true": {"false": 0, "true": 1}}


@pytest.mark.parametrize(
    ("labels", "setting", "positive", "negative"),
    [
        (("no", "yes"), None, "yes", "no"),
        (("no", "yes"), "no", "no", "yes"),
        (("1", "2"), None, "2", "1"),
        (("1", "2"), "1.0", "1", "2"),
        (("-1", "1"), None, "1", "-1"),
        (("0", "1"), "0", "0", "1"),
    ],
)
def test_which_class_is_positive(
    tmp_path: Path, labels: tuple[str, str], setting: str | None, positive: str, negative: str
) -> None:
    low, high = labels
    named = {"positive_label": setting} if setting else {}
    found = labelled(tmp_path, [(low, low), (low, high), (high, high), (high, high), (high, low)], **named)

    assert (found.own["positive_label"], found.own["negative_label"]) == (positive, negative)
    matrix = found.block["confusion_matrix"]
    assert found.value("recall") == matrix[positive][positive] / sum(matrix[positive].values())
    assert ("set positive_label" in found.notices) == (
        setting is None and "1" not in (positive if "-1" in labels else "0")
    )


def test_scores_and_labels_of_words(tmp_path: Path) -> None:
    """A threshold decides between classes that have names of their own."""
    rows = [("spam" if y else "ham", s) for y, s in ROWS]
    found = scored(tmp_path, rows, positive_label="spam")

    assert found.block["confusion_matrix"] == {"ham": {"ham": 3, "spam": 1}, "spam": {"ham": 1, "spam": 2}}
    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*ROWS, strict=True)))
    assert found.own["predictions"]["classes"] == {"ham": 4, "spam": 3}


def test_our_own_numbers_are_those_of_scikit_learn(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    labels = (random.random(500) < 0.4).astype(int)
    scores = np.clip(random.normal(0.35 + 0.3 * labels, 0.25), 0, 1)
    found = scored(tmp_path, list(zip(labels.tolist(), scores.tolist(), strict=True)))
    predicted = scores > 0.5

    expected = {
        "log_loss": metrics.log_loss(labels, scores),
        "brier_score": metrics.brier_score_loss(labels, scores),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "matthews_correlation": metrics.matthews_corrcoef(labels, predicted),
        "average_precision": metrics.average_precision_score(labels, scores),
    }
    assert {name: found.own[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert found.own["auc_error_bound"] == 0.0
    assert found.own["expected_calibration_error"] < 0.2
    for name, (low, high) in found.own["confidence_intervals"].items():
        assert 0 <= low <= found.value(name) <= high <= 1, name


def test_deviations_are_given_from_200_rows_on(tmp_path: Path) -> None:
    few = scored(tmp_path / "few", (ROWS * 29)[:199])
    enough = scored(tmp_path / "enough", (ROWS * 29)[:200])

    assert {each["standard_deviation"] for each in few.block.values() if "value" in each} == {"NaN"}
    assert 0 < enough.block["accuracy"]["standard_deviation"] < 0.1


def test_one_class_only_leaves_the_rest_defined(tmp_path: Path) -> None:
    found = scored(tmp_path, [(0, 0.2), (0, 0.9), (0, 0.1)])

    assert found.value("accuracy") == 2 / 3
    assert found.value("false_positive_rate") == 1 / 3
    assert {name for name, each in found.block.items() if each.get("value", 0) is None} == {
        "recall", "true_positive_rate", "false_negative_rate", "auc",
    }  # fmt: skip
    assert found.own["undefined"]["auc"] == "no row with a score is actually '1'"
    suggested = found.job.document("constraints.json")["binary_classification_constraints"]
    assert "recall" not in suggested
    assert suggested["accuracy"]["threshold"] == 2 / 3


def test_strict_mode_reports_nothing_where_a_rate_is_undefined(tmp_path: Path) -> None:
    found = scored(tmp_path, [(0, 0.2), (0, 0.9), (0, 0.1)], analyzer_compat="strict")

    assert (found.value("recall"), found.value("auc")) == (0.0, 0.0)
    assert "analyzer" not in found.block
    assert "analyzer" not in found.statistics["dataset"]


def test_labels_of_one_unknown_word(tmp_path: Path) -> None:
    found = labelled(tmp_path, [("no", "no"), ("no", "no")])

    assert found.block["confusion_matrix"] == {"no": {"no": 2, "not no": 0}, "not no": {"no": 0, "not no": 0}}
    assert "All labels are 'no'" in found.notices


def test_a_default_threshold_that_nothing_exceeds_is_said(tmp_path: Path) -> None:
    rows = [(y, s / 10) for y, s in ROWS]
    quiet = scored(tmp_path / "quiet", rows)
    asked = scored(tmp_path / "asked", rows, probability_threshold_attribute="0.5")

    assert "Not one of 7 scores is above the default threshold 0.5; the highest is 0.09." in quiet.notices
    assert asked.notices == ""
    assert quiet.own["undefined"]["precision"] == "no row was predicted as '1'"


def test_scores_outside_the_unit_interval_still_rank(tmp_path: Path) -> None:
    rows = [(y, s * 10 - 3) for y, s in ROWS]
    found = scored(tmp_path, rows, probability_threshold_attribute="2")

    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*ROWS, strict=True)))
    assert (found.own["log_loss"], found.own["brier_score"]) == (None, None)
    assert found.rows["scores_outside"] == 6
    assert found.own["undefined"]["log_loss"] == "6 scores are no probabilities: below 0 or above 1"
    assert "does probability_attribute name the right column?" in found.notices


def test_scores_that_are_no_numbers_are_counted_and_left_out(tmp_path: Path) -> None:
    found = scored(tmp_path, [*ROWS, (1, "high"), (0, "n/a"), (1, None), (0, "NaN"), (1, "inf")])

    assert found.rows["without_score"] == 5
    assert found.rows["text_scores"] == 2
    assert found.rows["evaluated"] == 7
    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*ROWS, strict=True)))
    assert "2 scores are texts, not numbers" in found.notices


def test_missing_labels_are_counted_and_left_out(tmp_path: Path) -> None:
    found = scored(tmp_path, [*ROWS, (None, 0.5), ("", 0.9), ("nan", 0.1)])

    assert (found.rows["without_label"], found.rows["evaluated"]) == (3, 7)


def test_other_classes_are_counted_named_and_left_out(tmp_path: Path) -> None:
    rows = [(1, 1), (1, 0), (0, 0), (0, 0), ("unknown", 1), ("?", 0), (1, "maybe")]
    found = labelled(tmp_path, rows)

    assert found.block["confusion_matrix"] == {"0": {"0": 2, "1": 0}, "1": {"0": 1, "1": 1}}
    assert (found.rows["unknown_labels"], found.rows["unknown_predictions"]) == (2, 1)
    assert "'?', 'maybe', 'unknown'" in found.notices


def test_thousands_of_labels_are_no_classes(tmp_path: Path) -> None:
    """Regression values taken for a binary problem: bounded memory, a hint, no metrics but a sound document."""
    rows = [(at / 7, (at % 10) / 10) for at in range(3000)] + [(0, 0.1), (1, 0.9)]
    source = table(tmp_path / "in/data.csv", rows, SCORED)
    with pytest.raises(Exception, match=r"no row with both a label and a prediction.*Hint: is it a regression"):
        learnt(tmp_path, source, probability_attribute="score")


def test_millions_of_duplicates_cost_nothing(tmp_path: Path) -> None:
    """The same row 200,000 times is one cell of every state."""
    found = scored(tmp_path, [(1, 0.75)] * 150_000 + [(0, 0.25)] * 50_000)

    assert found.value("auc") == 1.0
    assert found.block["receiver_operating_characteristic_curve"]["true_positive_rates"] == [0.0, 1.0, 1.0]


def test_curves_are_bounded_and_still_end_where_they_should(tmp_path: Path) -> None:
    rows = [(at % 3 == 0, (at * 7919 % 10007) / 10007) for at in range(5000)]
    source = table(tmp_path / "in/data.csv", [(int(y), s) for y, s in rows], SCORED)
    found = learnt(tmp_path, source, probability_attribute="score", options={"curve_points": 50})
    curve = found.block["receiver_operating_characteristic_curve"]

    assert len(curve["true_positive_rates"]) == len(curve["false_positive_rates"]) <= 50
    assert (curve["true_positive_rates"][0], curve["true_positive_rates"][-1]) == (0.0, 1.0)
    assert found.value("auc") == pytest.approx(metrics.roc_auc_score(*zip(*rows, strict=True)))


@pytest.mark.parametrize("form", ["csv", "jsonlines", "json", "parquet"])
def test_every_layout_gives_the_same_numbers(tmp_path: Path, form: str) -> None:
    (tmp_path / "in").mkdir()
    records = [{"label": y, "result": {"score": s}} for y, s in ROWS]
    path = tmp_path / "in" / f"data.{form}"
    if form == "csv":
        table(path, ROWS, ("label", "result.score"))
    elif form == "parquet":
        import pyarrow as pa  # noqa: PLC0415 - beside its one use
        import pyarrow.parquet as pq  # noqa: PLC0415

        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        lines = [json.dumps(record) for record in records]
        path.write_text("\n".join(lines) if form == "jsonlines" else f"[{','.join(lines)}]")
    settings = {"dataset_format": form, "ground_truth_attribute": "label"}

    found = learnt(tmp_path, tmp_path / "in", probability_attribute="$.result.score", **settings)

    assert found.block["confusion_matrix"] == {"0": {"0": 3, "1": 1}, "1": {"0": 1, "1": 2}}
