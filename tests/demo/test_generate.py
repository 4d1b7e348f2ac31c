"""The demo's data: the same for a seed, in the recorded layout, with every announced fault in it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from demo.faults import DAMAGES, FAULTS, damaged, spoil
from demo.features import CATEGORIES, draw
from demo.generate import START, Size, generate

SMALL = Size(baseline_rows=300, hours=2, requests_per_hour=60, files_per_hour=3)
NAME = re.compile(r"captured/shop-fraud/AllTraffic/2026/01/15/(08|09)/\d\d-\d\d-\d\d\d-[0-9a-f-]{36}\.jsonl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(folder, SMALL)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def captures(folder: Path, hour: str) -> list[bytes]:
    paths = sorted(folder.glob(f"captured/*/*/2026/01/15/{hour}/*.jsonl"))
    return [line for path in paths for line in path.read_bytes().splitlines()]


def rows_of(record: bytes) -> list[list[str]]:
    """Cells of a record's rows, the output first."""
    sides = json.loads(record)["captureData"]
    inputs = csv.reader(sides["endpointInput"]["data"].splitlines())
    outputs = csv.reader(sides["endpointOutput"]["data"].splitlines())
    return [output + input_ for output, input_ in zip(outputs, inputs, strict=True)]


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path, SMALL)
    assert files(tmp_path) == files(folder)


def test_another_seed_writes_other_bytes(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path, SMALL, seed=8)
    assert files(tmp_path).keys() != files(folder).keys()


def test_files_stand_where_an_endpoint_puts_them(folder: Path) -> None:
    names = sorted(name for name in files(folder) if name.startswith("captured"))
    assert len(names) == 6
    assert all(NAME.fullmatch(name) for name in names)


def test_the_baseline_has_the_prediction_first_and_some_quoted_cells(folder: Path) -> None:
    text = (folder / "baseline" / "baseline.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][0] == "fraud_probability"
    assert len(rows) == 301
    assert {len(row) for row in rows} == {len(rows[0])}
    assert '""' in text


def test_captured_rows_have_the_columns_of_the_baseline(folder: Path) -> None:
    width = len(draw(np.random.default_rng(0), 1))
    records = captures(folder, "08")
    assert len(records) == SMALL.requests_per_hour
    assert {len(row) for record in records for row in rows_of(record)} == {width}


def test_some_requests_carry_several_rows(folder: Path) -> None:
    assert {len(rows_of(record)) for record in captures(folder, "08")} > {1}


def test_inference_times_lie_in_the_hour_of_their_folder_and_in_order(folder: Path) -> None:
    times = [json.loads(record)["eventMetadata"]["inferenceTime"] for record in captures(folder, "08")]
    assert times == sorted(times)
    assert all(time.startswith("2026-01-15T08:") and time.endswith("Z") for time in times)
    assert SMALL.end > START


def test_every_fault_changes_its_column_and_no_other() -> None:
    before = draw(np.random.default_rng(3), 2_000)
    after = spoil(np.random.default_rng(4), before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {fault.column for fault in FAULTS}


def test_the_faults_are_as_strong_as_they_say() -> None:
    cells = spoil(np.random.default_rng(5), draw(np.random.default_rng(6), 20_000))
    shares = {
        "customer_age": np.mean([text == "" for text in cells["customer_age"]]),
        "items_in_cart": np.mean([text.endswith(" pcs") for text in cells["items_in_cart"]]),
        "country": np.mean([text not in CATEGORIES["country"] for text in cells["country"]]),
        "browser": np.mean([text not in CATEGORIES["browser"] for text in cells["browser"]]),
        "is_new_device": np.mean([text == "1" for text in cells["is_new_device"]]),
    }
    expected = {"customer_age": 0.08, "items_in_cart": 0.03, "country": 0.02, "browser": 0.01, "is_new_device": 0.5}
    assert shares == pytest.approx(expected, abs=0.02)


def test_healthy_hours_hold_neither_faults_nor_damage(folder: Path) -> None:
    text = b"\n".join(captures(folder, "08"))
    assert b" pcs" not in text
    assert b"Ladybird" not in text
    assert all(json.loads(record) for record in captures(folder, "08"))


def test_every_damaged_line_is_there_once_an_hour(folder: Path) -> None:
    lines = captures(folder, "09")
    assert len(lines) == SMALL.requests_per_hour + len(DAMAGES)
    assert sum(not is_whole(line) for line in lines) == len(DAMAGES)


def test_no_damaged_form_is_a_whole_record(folder: Path) -> None:
    forms = list(damaged(captures(folder, "08")[0]))
    assert len(forms) == len(DAMAGES)
    assert not any(is_whole(form) for form in forms)


def is_whole(line: bytes) -> bool:
    """Whether a line is a record with both sides."""
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and len(record["captureData"]) == 2
