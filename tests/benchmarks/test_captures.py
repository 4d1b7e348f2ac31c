"""The measured data is what the measures say it is, and the page keeps what stands around the table."""

from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path

import pytest

from benchmarks.captures import Shape, names_of, write
from benchmarks.table import BEGIN, END, Measure, page_with


def cells_of(captured: Path) -> list[list[str]]:
    """All rows of all capture files, the output first."""
    lines = [line for path in sorted(captured.rglob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    sides = [json.loads(line)["captureData"] for line in lines]
    return [[side["endpointOutput"]["data"], *side["endpointInput"]["data"].split(",")] for side in sides]


@pytest.mark.parametrize("columns", [70, 5, 12, 139, 140])
def test_capture_files_and_table_hold_the_same_cells(tmp_path: Path, columns: int) -> None:
    write(Shape(50, columns, hours=3), tmp_path / "captured", tmp_path / "cells.csv")
    header, *rows = csv.reader((tmp_path / "cells.csv").read_text("utf-8").splitlines())
    assert header == names_of(columns)
    assert len(set(header)) == columns
    assert {len(row) for row in rows} == {columns}
    assert cells_of(tmp_path / "captured") == rows


def test_the_number_of_files_does_not_change_the_cells(tmp_path: Path) -> None:
    write(Shape(40, hours=1), tmp_path / "one", None)
    write(Shape(40, hours=5), tmp_path / "five", None)
    assert len(list((tmp_path / "five").rglob("*.jsonl"))) == 5
    assert cells_of(tmp_path / "one") == cells_of(tmp_path / "five")


def test_an_existing_folder_is_not_appended_to(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        write(Shape(1), tmp_path, None)


def test_records_have_event_ids_and_times_of_their_hour(tmp_path: Path) -> None:
    write(Shape(20, hours=2), tmp_path / "captured", None)
    for path in (tmp_path / "captured").rglob("*.jsonl"):
        events = [json.loads(line)["eventMetadata"] for line in path.read_text("utf-8").splitlines()]
        assert all(str(uuid.UUID(event["eventId"])) == event["eventId"] for event in events)
        assert {event["inferenceTime"][11:13] for event in events} == {path.parent.name}


def test_a_page_keeps_what_stands_around_the_table() -> None:
    assert page_with(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="Hint"):
        page_with("nothing here", "new")


@pytest.mark.parametrize(
    ("ratio", "limit", "at_least", "kept"),
    [(0.9, 1.0, False, True), (1.1, 1.0, False, False), (8.0, 8.0, True, True), (7.9, 8.0, True, False)],
)
def test_a_limit_is_kept_on_its_side(ratio: float, limit: float, at_least: bool, kept: bool) -> None:
    assert Measure("what", "1 s", "1 s", ratio, limit, at_least=at_least).is_kept == kept
