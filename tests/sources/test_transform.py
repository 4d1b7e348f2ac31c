"""Output of batch transform as records that meet labels: the id is taken off, the rest is the payload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.join.index import Shelf
from analyzer.join.labels import Choice, chosen
from analyzer.sources.capture import CaptureSource
from analyzer.sources.files import list_files
from analyzer.sources.layout import Layout
from analyzer.sources.reading import Reading
from analyzer.sources.record import GROUND_TRUTH
from analyzer.sources.transform import Lines
from tests.join.tables import Truth, table
from tests.sources.reading import Read, read

TIME = "2026-01-01T00:00:00Z"
IDS = {"SageMakerInferenceId": "a", "SageMakerInferenceTime": TIME}


def met(folder: Path, lines: Lines, text: str | bytes) -> Read:
    """Rows of the lines; the ids a and b have a label."""
    (folder / "part.out").write_bytes(text.encode() if isinstance(text, str) else text)
    reading = Reading(("batchTransformOutput", GROUND_TRUTH), apart=True, lines=lines)
    files = tuple(list_files(str(folder)).files)
    labels = chosen([table([Truth("a", "1"), Truth("b", "0\n1")])], Choice())
    return read(CaptureSource(files, reading, Layout(), None).meeting(Shelf.of(labels)))


@pytest.mark.parametrize("header", ["", "x,y,SageMakerInferenceId,SageMakerInferenceTime\n"], ids=["plain", "header"])
def test_the_last_two_cells_of_csv_are_id_and_time(tmp_path: Path, header: str) -> None:
    found = met(tmp_path, "csv", f'{header}132,0.10,a,{TIME}\r\n7,"x,y","a","{TIME}"\n1,2,unknown,{TIME}\n')

    assert found.rows == [
        {"batchTransformOutput.0": "132", "batchTransformOutput.1": "0.10", "groundTruthData.0": "1"},
        {"batchTransformOutput.0": "7", "batchTransformOutput.1": "x,y", "groundTruthData.0": "1"},
    ]
    assert (found.intake.records, found.intake.rejected) == (3, {})
    assert found.ids == ["a", "a"]


def test_a_json_line_holds_its_id_among_its_keys(tmp_path: Path) -> None:
    lines = [{**IDS, "x": 1, "p": 0.5}, {"SageMakerInferenceId": 7, "x": 2}]

    found = met(tmp_path, "json", "\n".join(map(json.dumps, lines)))

    assert found.rows == [{"batchTransformOutput.x": "1", "batchTransformOutput.p": "0.5", "groundTruthData.0": "1"}]
    assert found.intake.records == 2


def test_outputs_beside_inputs_are_rows_with_the_outputs_first(tmp_path: Path) -> None:
    record = {
        "SageMakerInferenceId": "b",
        "SageMakerOutput": {"predictions": [{"p": 0.1}, {"p": 0.2}]},
        "instances": [{"x": 1}, {"x": 2}],
    }

    found = met(tmp_path, "json", json.dumps(record))

    assert found.rows == [
        {"batchTransformOutput.p": "0.1", "batchTransformOutput.x": "1", "groundTruthData.0": "0"},
        {"batchTransformOutput.p": "0.2", "batchTransformOutput.x": "2", "groundTruthData.0": "1"},
    ]


def test_json_that_only_a_patient_parser_reads_means_the_same(tmp_path: Path) -> None:
    text = json.dumps(IDS)[:-1] + ', "p": NaN}\n' + json.dumps({**IDS, "p": 1})

    found = met(tmp_path, "json", text)

    assert [row["batchTransformOutput.p"] for row in found.rows] == ["nan", "1"]


DAMAGED: dict[str, tuple[Lines, str | bytes, str]] = {
    "CSV without ids": ("csv", "0.5", "row has no inference id and time"),
    "CSV not UTF-8": ("csv", b"\xff,a,b", "line is not UTF-8"),
    "JSON without id": ("json", '{"x": 1}', "row has no inference id and time"),
    "no object": ("json", "[1]", "row has no inference id and time"),
    "cut off": ("json", '{"x"', "line is not JSON"),
    "JSON not UTF-8": ("json", b'{"x": "\xff"}', "line is not UTF-8"),
    "deep": ("json", "[" * 100_000, "JSON is nested too deeply"),
}


@pytest.mark.parametrize("case", DAMAGED.values(), ids=DAMAGED)
def test_lines_without_an_id_are_rejected_and_the_others_go_on(
    tmp_path: Path, case: tuple[Lines, str | bytes, str]
) -> None:
    lines, text, reason = case
    sound = f"5,a,{TIME}" if lines == "csv" else json.dumps({**IDS, "x": 5})
    data = text if isinstance(text, bytes) else text.encode()

    found = met(tmp_path, lines, b"\n".join([sound.encode(), b"", data, sound.encode()]))

    assert len(found.rows) == 2
    assert found.intake.rejected == {reason: 1}
    assert [sample.line for sample in found.intake.samples] == [3]
