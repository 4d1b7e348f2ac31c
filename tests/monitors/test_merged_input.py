"""Merged records as input: sides apart, ground truth among them, whatever the encodings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.job import Job
from analyzer.monitors.inputs import open_input
from tests.jobs import capture, write_captures
from tests.sources.reading import Read, read


def merged(data_in: str | None, data_out: str | None, label: str | None, **more: Any) -> dict[str, Any]:
    """A merged record; a label that begins like JSON is JSON."""
    record = capture(data_in, data_out, **more)
    if label is not None:
        record["groundTruthData"] = {"data": label, "encoding": "JSON" if label[:1] in "{[" else "CSV"}
    return record


def rows(folder: Path, records: list[dict[str, Any]], form: dict[str, Any] | None = None, **settings: str) -> Read:
    write_captures(folder / "in/f.jsonl", records)
    values = {"dataset_source": str(folder / "in"), "output_path": str(folder / "out"), **settings}
    if form is not None:
        values["dataset_format"] = json.dumps({"sagemakerMergeJson": form})
    return read(open_input(Job.from_values(values), None, apart=True).plain)


def test_cells_are_named_by_their_side_and_position(tmp_path: Path) -> None:
    found = rows(tmp_path, [merged("1,2", "0.5", "1")], {})

    assert found.rows == [
        {"endpointOutput.0": "0.5", "endpointInput.0": "1", "endpointInput.1": "2", "groundTruthData.0": "1"}
    ]
    assert list(found.types) == ["endpointOutput.0", "endpointInput.0", "endpointInput.1", "groundTruthData.0"]


def test_keys_follow_the_name_of_their_side(tmp_path: Path) -> None:
    answer = '{"predictions": [{"id": 1, "score": 0.1}, {"id": 2, "score": 0.9}]}'
    label = '{"instances": [{"id": 0}, {"id": 1}]}'
    record = merged("5\n6", answer, label, encodings=("CSV", "JSON"))

    found = rows(tmp_path, [record], {"captureIndexNames": ["endpointOutput", "endpointInput"]})

    assert found.rows == [
        {"endpointOutput.id": "1", "endpointOutput.score": "0.1", "endpointInput.0": "5", "groundTruthData.id": "0"},
        {"endpointOutput.id": "2", "endpointOutput.score": "0.9", "endpointInput.0": "6", "groundTruthData.id": "1"},
    ]


@pytest.mark.parametrize("label", ["0\n1\n1", "0,1,1", "[0, 1, 1]", '{"instances": [0, 1, 1]}'])
def test_labels_of_several_rows_are_dealt_out(tmp_path: Path, label: str) -> None:
    found = rows(tmp_path, [merged(None, "0.1\n0.2\n0.3", label)], {"captureIndexNames": ["endpointOutput"]})

    assert [(row["endpointOutput.0"], row["groundTruthData.0"]) for row in found.rows] == [
        ("0.1", "0"),
        ("0.2", "1"),
        ("0.3", "1"),
    ]


def test_labels_of_another_number_of_rows_reject_the_record(tmp_path: Path) -> None:
    records = [merged("1", "0.1", "1"), merged("1", "0.1", "1\n0"), merged("1\n2", "0.1\n0.2", "1")]

    found = rows(tmp_path, records, {})

    assert len(found.rows) == 1
    assert found.intake.rejected == {"input and output hold different numbers of rows": 2}


def test_a_record_without_ground_truth_is_a_row_without_a_label_and_one_without_captures_is_none(
    tmp_path: Path,
) -> None:
    found = rows(tmp_path, [merged("1", "0.1", None), merged(None, None, "1")], {})

    assert found.rows == [{"endpointOutput.0": "0.1", "endpointInput.0": "1"}]
    assert found.intake.rejected == {"record has no captured payload": 1}


def test_strict_mode_reads_every_row_and_any_encodings_of_sides_that_stay_apart(tmp_path: Path) -> None:
    record = merged("1\n2", "[0.1, 0.2]", "0\n1", encodings=("CSV", "JSON"))

    found = rows(tmp_path, [record], {}, analyzer_compat="strict")

    assert [row["groundTruthData.0"] for row in found.rows] == ["0", "1"]


def batch(record: dict[str, Any]) -> dict[str, Any]:
    """The record as one of batch transform."""
    sides = {name.replace("endpoint", "batchTransform"): side for name, side in record["captureData"].items()}
    return {**record, "captureData": sides}


@pytest.mark.parametrize("form", [None, {"captureIndexNames": ["batchTransformOutput"]}], ids=["detected", "named"])
def test_output_of_batch_transform_is_a_side_too(tmp_path: Path, form: dict[str, Any] | None) -> None:
    found = rows(tmp_path, [batch(merged(None, "132,10,0.1", "0"))], form)

    assert found.rows == [
        {
            "batchTransformOutput.0": "132",
            "batchTransformOutput.1": "10",
            "batchTransformOutput.2": "0.1",
            "groundTruthData.0": "0",
        }
    ]


def test_merged_and_captured_records_are_told_apart_by_the_first_line(tmp_path: Path) -> None:
    quoted = capture('{"groundTruthData": 1}', "0.5", encodings=("JSON", "CSV"))

    assert rows(tmp_path / "a", [merged("1", "0.5", "1")]).rows[0]["groundTruthData.0"] == "1"
    assert rows(tmp_path / "b", [quoted]).rows == [{"endpointOutput.0": "0.5", "endpointInput.groundTruthData": "1"}]


def test_an_output_that_is_missing_in_the_first_record_is_read_in_the_others(tmp_path: Path) -> None:
    found = rows(tmp_path, [merged("1", None, "1"), merged("1", "0.5", "1")])

    assert sorted(str(row.get("endpointOutput.0")) for row in found.rows) == ["0.5", "None"]
