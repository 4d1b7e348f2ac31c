"""What a job asks for: refused before data is read, or found in the data by name, index or path."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import ConfigError, ContractError
from analyzer.monitors.model_quality.positive import Sides, sides_of
from tests.asked import problem
from tests.quality import MERGED, learnt, merged, table, written

BINARY = {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"problem_type": "Binary"}, "known are BinaryClassification, MulticlassClassification, Regression"),
        ({"probability_threshold_attribute": "half"}, "expected a number"),
        ({"probability_threshold_attribute": "nan"}, "expected a number"),
    ],
)
def test_settings_that_cannot_be_read(settings: dict[str, str], words: str) -> None:
    assert words in problem(analysis_type="MODEL_QUALITY", **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"problem_type": ""}, "problem_type is not set"),
        ({}, "neither inference_attribute nor probability_attribute is set"),
        ({"inference_attribute": "p", "ground_truth_attribute": ""}, "ground_truth_attribute is not set"),
        ({"problem_type": "Regression", "probability_attribute": "p"}, "inference_attribute is not set"),
    ],
)
def test_requests_that_cannot_be_carried_out_fail_before_data_is_read(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    given = {"dataset_format": "csv", "ground_truth_attribute": "label", **settings}
    kind = given.pop("problem_type", "BinaryClassification")
    with pytest.raises(ConfigError, match=words):
        learnt(tmp_path, tmp_path / "nowhere", kind, **given)


@pytest.mark.parametrize(
    ("attribute", "setting"),
    [("scor", "probability_attribute"), ("truth", "ground_truth_attribute"), ("yhat", "inference_attribute")],
)
def test_a_column_that_is_not_there_is_named_and_the_others_listed(
    tmp_path: Path, attribute: str, setting: str
) -> None:
    source = table(tmp_path / "in/data.csv", [(1, 0.5, 1)], ("label", "score", "prediction"))
    named = {"probability_attribute": "score", "ground_truth_attribute": "label", "dataset_format": "csv"}
    with pytest.raises(ConfigError) as caught:
        learnt(tmp_path, source, **{**named, setting: attribute})

    assert f"{setting}='{attribute}': the data has no such column" in str(caught.value)
    assert "'label', 'score', 'prediction'" in str(caught.value)


def test_a_hostile_header_stays_one_short_line(tmp_path: Path) -> None:
    names = ["label", "x\n\x1b[31mred", "y" * 5000, *(f"c{at}" for at in range(500))]
    source = table(tmp_path / "in/data.csv", [[1] * len(names)], names)
    with pytest.raises(ConfigError) as caught:
        learnt(tmp_path, source, probability_attribute="z")

    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize("attribute", ["_c1", "1", "$[1]", "[1]"])
def test_columns_without_names_have_positions(tmp_path: Path, attribute: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/data.csv").write_text("1,0.9\n0,0.2\n")
    form = {"dataset_format": '{"csv":{"header":false}}', "ground_truth_attribute": "_c0"}

    found = learnt(tmp_path, tmp_path / "in", probability_attribute=attribute, **form)

    assert found.value("auc") == 1.0


def test_expressions_that_leave_no_rows_are_named(tmp_path: Path) -> None:
    payload = '{"a": {"b": [{"p": 0.9}, {"p": 0.1}]}}'
    source = written(tmp_path, [merged(payload, "1", encodings=("JSON", "CSV"))])

    with pytest.raises(ConfigError, match=r"'a.b\[\*\].p': not found, or not one value for each row of the other side"):
        learnt(tmp_path, source, probability_attribute="a.b[*].p", dataset_format=MERGED)
    with pytest.raises(ConfigError, match="As an expression it is wrong: Invalid jmespath expression"):
        learnt(tmp_path, source, probability_attribute="a.b[?", dataset_format=MERGED)


def test_a_table_that_was_detected_needs_the_name_of_its_labels(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [("a", 0.5)], ("label", "score"))

    with pytest.raises(ConfigError, match=r"ground_truth_attribute is not set. Hint: there are 'label', 'score'"):
        learnt(tmp_path, source, probability_attribute="score", dataset_format="", ground_truth_attribute="")


def test_a_baseline_of_nothing_says_where_it_looked(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [], ("label", "score"))

    with pytest.raises(ContractError, match="holds no rows to learn a baseline from: looked in"):
        learnt(tmp_path, source, probability_attribute="score")


def test_a_positive_label_that_nothing_has_is_said(tmp_path: Path) -> None:
    source = table(tmp_path / "in/data.csv", [("no", 0.7), ("no", 0.2)], ("label", "score"))
    found = learnt(tmp_path, source, probability_attribute="score", positive_label="yes")

    assert "positive_label 'yes' is neither among the labels nor the predictions, which are 'no'." in found.notices
    assert found.block["confusion_matrix"] == {"no": {"no": 1, "yes": 1}, "yes": {"no": 0, "yes": 0}}


@pytest.mark.parametrize(("positive", "negative"), [("true", "false"), ("1", "0"), ("0", "1"), ("x", "not x")])
def test_the_other_class_of_a_window_without_any_rows(positive: str, negative: str) -> None:
    assert sides_of({}, {}, positive).negative == negative
    assert sides_of({}, {}, None) == Sides("0", "1")


def test_a_window_that_begins_with_errors_is_looked_through(tmp_path: Path) -> None:
    """Thousands of answers without a score are no wrong attribute."""
    records = [merged('{"error": "busy"}', "1", encodings=("JSON", "CSV"))] * 3000
    records += [merged('{"score": 0.9}', "1", encodings=("JSON", "CSV"))]
    found = learnt(tmp_path, written(tmp_path, records), probability_attribute="score", dataset_format=MERGED)

    assert (found.rows["evaluated"], found.rows["without_score"]) == (1, 3000)


def test_a_table_whose_labels_come_late_is_looked_through(tmp_path: Path) -> None:
    lines = ['{"score": 0.5}'] * 3000 + ['{"score": 0.9, "label": 1}']
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_text("\n".join(lines))
    named = {"dataset_format": "jsonlines", "ground_truth_attribute": "label"}
    found = learnt(tmp_path, tmp_path / "in", probability_attribute="score", **named)

    assert (found.rows["evaluated"], found.rows["without_label"]) == (1, 3000)
