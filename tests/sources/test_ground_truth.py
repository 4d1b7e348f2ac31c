"""Ground truth records to labels: lenient about types, strict about what is no label, nothing lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.batch import Truth
from analyzer.join.labels import ENCODINGS, NO_HOUR
from analyzer.sources.files import list_files
from analyzer.sources.ground_truth import GroundTruth
from analyzer.sources.layout import Shape
from analyzer.sources.payload import Flattening
from tests.jobs import truth

HOUR = 490_907  # 2026-01-01T11:00Z, counted from 1970


def labels_of(*lines: str | bytes | dict[str, Any]) -> bytes:
    """A file of these lines."""
    raw = (line if isinstance(line, bytes) else line if isinstance(line, str) else json.dumps(line) for line in lines)
    return b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in raw)


def read(folder: Path, *lines: str | bytes | dict[str, Any], **bounds: Any) -> tuple[list[dict[str, Any]], Truth]:
    """Labels in the order of their keys, and what was read for them."""
    path = folder / "2026/01/01/11/labels.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(labels_of(*lines))
    return read_all(folder, **bounds)


def read_all(folder: Path, **bounds: Any) -> tuple[list[dict[str, Any]], Truth]:
    source = GroundTruth(tuple(list_files(str(folder)).files), **bounds)
    rows, total = [], Truth()
    for split in source.splits():
        for table, found in source.reader().labels(split):
            rows += table.to_pylist()
            total.records += found.records
            total.samples += found.samples
            for reason, count in found.rejected.items():
                total.rejected[reason] = total.rejected.get(reason, 0) + count
    return rows, total


def test_a_label_has_an_id_a_payload_and_the_hour_of_its_folder(tmp_path: Path) -> None:
    rows, found = read(tmp_path, truth("a", "0\n1"), truth("b", '{"label": 1}', "JSON"))

    assert {(row["name"], row["data"], ENCODINGS[row["encoding"]], row["hour"]) for row in rows} == {
        ("a", "0\n1", "CSV", HOUR),
        ("b", '{"label": 1}', "JSON", HOUR),
    }
    assert (found.records, found.rejected) == (2, {})


MEANT = {
    "number as id": ({"eventMetadata": {"eventId": 58}, "groundTruthData": {"data": "1"}}, ("58", "1", None)),
    "id under inferenceId": (
        {"eventMetadata": {"inferenceId": "x"}, "groundTruthData": {"data": "1", "encoding": "CSV"}},
        ("x", "1", "CSV"),
    ),
    "number as label": ({"eventMetadata": {"eventId": "a"}, "groundTruthData": {"data": 1.5}}, ("a", "1.5", None)),
    "boolean as label": ({"eventMetadata": {"eventId": "a"}, "groundTruthData": {"data": True}}, ("a", "true", None)),
    "list as label": (
        {"eventMetadata": {"eventId": "a"}, "groundTruthData": {"data": [0, 1]}},
        ("a", "[0, 1]", "JSON"),
    ),
    "lower case": (
        {"eventMetadata": {"eventId": "a"}, "groundTruthData": {"data": "1", "encoding": " csv"}},
        ("a", "1", "CSV"),
    ),
    "unknown fields": ({**truth("a", "1"), "captureData": {}, "more": [1]}, ("a", "1", "CSV")),
    "empty label": (truth("a", ""), ("a", "", "CSV")),
}


@pytest.mark.parametrize("case", MEANT.values(), ids=MEANT)
def test_what_is_evidently_meant_is_understood(
    tmp_path: Path, case: tuple[dict[str, Any], tuple[str, str, str | None]]
) -> None:
    rows, found = read(tmp_path, case[0])

    assert [(row["name"], row["data"], ENCODINGS[row["encoding"]]) for row in rows] == [case[1]]
    assert found.rejected == {}


DAMAGED: dict[str, tuple[str | bytes | dict[str, Any], str]] = {
    "cut off": ('{"groundTruthData": {"data"', "line is not JSON"),
    "str() of a dict": (str(truth("a", "1")), "line is Python's text of a dict, not JSON"),
    "str() of dicts, comma-joined": (
        f"{truth('a', '1')},{truth('b', '0')}",
        "line is Python's text of a dict, not JSON",
    ),
    "comma-joined": (f"{json.dumps(truth('a', '1'))},{json.dumps(truth('b', '0'))}", "several values on one line"),
    "a list": ("[" + json.dumps(truth("a", "1")) + "]", "line is not a ground truth record"),
    "a label alone": ("1", "line is not a ground truth record"),
    "another schema": ({"id": "a", "label": 1}, "line is not a ground truth record"),
    "no metadata": ({"groundTruthData": {"data": "1"}}, "ground truth record has no id"),
    "null id": (
        {"eventMetadata": {"eventId": None}, "groundTruthData": {"data": "1"}},
        "ground truth record has no id",
    ),
    "blank id": (truth("  ", "1"), "ground truth record has no id"),
    "object as id": (
        {"eventMetadata": {"eventId": {}}, "groundTruthData": {"data": "1"}},
        "ground truth record has no id",
    ),
    "null label": ({**truth("a", "1"), "groundTruthData": {"data": None}}, "ground truth record has no data"),
    "label without data": ({**truth("a", "1"), "groundTruthData": "1"}, "ground truth record has no data"),
    "unknown encoding": (truth("a", "1", "XML"), "encoding is none of CSV, JSON, BASE64"),
    "not UTF-8": (b'{"groundTruthData": "\xff"}', "line is not UTF-8"),
    "deep": ("[" * 100_000, "JSON is nested too deeply"),
    "CSV": ("a,1", "line is not JSON"),
}


@pytest.mark.parametrize("case", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_label_is_counted_with_its_place_and_the_others_go_on(
    tmp_path: Path, case: tuple[str | bytes | dict[str, Any], str]
) -> None:
    rows, found = read(tmp_path, truth("b", "1"), "", case[0], truth("c", "0"))

    assert {row["name"] for row in rows} == {"b", "c"}
    assert (found.records, found.rejected) == (3, {case[1]: 1})
    assert [(sample.line, Path(sample.path).name) for sample in found.samples] == [(3, "labels.jsonl")]


def test_an_undamaged_line_means_the_same_beside_a_damaged_one(tmp_path: Path) -> None:
    """Sound blocks are read at once, others line by line."""
    sound, _ = read(tmp_path / "a", truth("a", "1"), truth("b", "0"))
    mixed, _ = read(tmp_path / "b", truth("a", "1"), "{", truth("b", "0"))

    assert sound == mixed


def test_long_ids_are_kept_short_and_still_differ(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, truth("x" * 5000, "1"), truth("x" * 5001, "1"))

    assert [row["name"] for row in rows] == ["x" * 64] * 2
    assert len({(row["high"], row["low"]) for row in rows}) == 2


def test_gzip_files_and_files_outside_of_hour_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "flat.jsonl").write_bytes(labels_of(truth("a", "1")))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(labels_of(truth("b", "1"))))

    rows, found = read_all(tmp_path)

    assert {(row["name"], row["hour"]) for row in rows} == {("a", NO_HOUR), ("b", NO_HOUR)}
    assert found.records == 2


def test_lines_of_a_file_that_was_split_are_named_from_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.sources.splits.plan.__defaults__", (True, 1000, None))

    _, found = read(tmp_path, *[truth(str(at), "1") for at in range(20)], "{")

    [sample] = found.samples
    assert sample.path.endswith("labels.jsonl (from byte 2000)")
    assert sample.start == 0


@pytest.mark.parametrize(
    ("payload", "encoding", "shape"),
    [
        ("1", "CSV", Shape(cells=1)),
        ("0\n1", "CSV", Shape(cells=1)),
        ("0,1", "CSV", Shape(cells=2)),
        ('{"instances": [{"label": 0}]}', "JSON", Shape(names=("label",))),
        ("[0, 1]", "JSON", Shape(cells=2)),
        ("{", "JSON", Shape(cells=3)),
    ],
)
def test_the_shape_of_labels_is_that_of_most_that_can_be_read(
    tmp_path: Path, payload: str, encoding: str, shape: Shape
) -> None:
    read(tmp_path, truth("a", payload, encoding), truth("b", payload, encoding), truth("c", "1,2,3"))

    assert GroundTruth(tuple(list_files(str(tmp_path)).files)).shape(Flattening()) == shape


def test_no_files_are_no_labels() -> None:
    source = GroundTruth(())

    assert (list(source.splits()), source.size, source.shape(Flattening())) == ([], 0, Shape())
