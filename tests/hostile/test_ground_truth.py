"""Ground truth of any bytes: the merge job ends, its account adds up, and what it writes is strict JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.jobs import Finished, capture, run_job, truth, write_captures

CAPTURES = [capture("1", "0.5", event=f"e{at}", inferenceId=f"{at}") for at in range(6)]
SOUND = "".join(json.dumps(truth(str(at), str(at % 2))) + "\n" for at in range(6)).encode()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


def merge(folder: Path, captures: bytes, labels: bytes) -> Finished:
    for name, data in (("in/ep/v/2026/01/01/00/f.jsonl", captures), ("truth/2026/01/01/00/l.jsonl", labels)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(data)
    return run_job(
        folder / "out",
        folder / "in",
        ground_truth_source=folder / "truth",
        dataset_format='{"sagemakerCaptureJson": {}}',
    )


def adds_up(finished: Finished) -> dict[str, Any]:
    """The report, after it was checked against itself and against the files."""
    report: dict[str, Any] = finished.document("_merge.json")
    joined = report["joined"]
    truths = joined["ground_truth"]
    lines = [line for path in finished.output.rglob("part-*") for line in path.read_bytes().splitlines()]
    records = [json.loads(line, parse_constant=_refuse) for line in lines]
    assert report["merged"] == joined["pairs"] == len(records)
    assert all(record["groundTruthData"]["data"] is not None for record in records)
    assert joined["captured"] == report["records"] - sum(report["rejected"].values())
    assert joined["captured"] == joined["labelled"] + joined["unmatched"]
    assert truths["records"] == truths["ids"] + truths["repeated"] + sum(truths["rejected"].values())
    assert truths["ids"] == truths["matched"] + truths["unmatched"]
    assert finished.outcome.exit_code == 0
    return report


def _refuse(constant: str) -> None:
    raise ValueError(constant)


@settings(max_examples=40)
@given(st.data())
def test_mutated_lines_on_either_side_are_accounted_for(data: st.DataObject) -> None:
    sides = [bytearray(json.dumps(CAPTURES[0]).encode() + b"\n" + json.dumps(CAPTURES[1]).encode()), bytearray(SOUND)]
    for side in sides:
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(0, len(side) - 1))
            side[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with TemporaryDirectory() as folder:
        adds_up(merge(Path(folder), bytes(sides[0]), bytes(sides[1])))


@settings(max_examples=40)
@given(st.lists(st.builds(dict, groundTruthData=VALUES, eventMetadata=VALUES) | VALUES, max_size=8))
def test_ground_truth_of_any_values_is_accounted_for(values: list[Any]) -> None:
    lines = "".join(json.dumps(value) + "\n" for value in values).encode()
    with TemporaryDirectory() as folder:
        report = adds_up(merge(Path(folder), json.dumps(CAPTURES[0]).encode(), lines))
    assert report["joined"]["ground_truth"]["records"] == len(values)


@settings(max_examples=20)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
def test_captures_with_any_ids_are_accounted_for(ids: list[tuple[Any, Any]]) -> None:
    records = [{**capture("1", "2"), "eventMetadata": {"eventId": event, "inferenceId": name}} for event, name in ids]
    with TemporaryDirectory() as folder:
        adds_up(merge(Path(folder), "\n".join(map(json.dumps, records)).encode(), SOUND))


FILES = {
    "nothing": b"",
    "zeros": bytes(5000),
    "cut gzip": gzip.compress(SOUND)[:-9],
    "gzip": gzip.compress(SOUND),
    "bomb": gzip.compress(b"\n" * 30_000_000),
    "another packing": b"\x28\xb5\x2f\xfd" + bytes(50),
    "UTF-16": SOUND.decode().encode("utf-16"),
    "no line end": SOUND.rstrip(),
    "carriage returns": SOUND.replace(b"\n", b"\r\n"),
    "a list of all": b"[" + SOUND.rstrip().replace(b"\n", b",") + b"]",
    "byte-order mark": b"\xef\xbb\xbf" + SOUND,
}


@pytest.mark.parametrize(
    "labels",
    [pytest.param(data, id=name, marks=[pytest.mark.slow] if name == "bomb" else []) for name, data in FILES.items()],
)
def test_files_of_any_kind_are_accounted_for(labels: bytes, tmp_path: Path) -> None:
    captures = "\n".join(map(json.dumps, CAPTURES)).encode()

    report = adds_up(merge(tmp_path, captures, labels))

    assert report["merged"] in (0, len(CAPTURES))


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", "a\0b", "..", "con:aux", "é" * 300])
def test_ids_never_name_a_path(name: str, tmp_path: Path) -> None:
    write_captures(tmp_path / "c.jsonl", [capture("1", "2", event=name)])
    write_captures(tmp_path / "t.jsonl", [truth(name, "1")])

    finished = merge(tmp_path / "x", (tmp_path / "c.jsonl").read_bytes(), (tmp_path / "t.jsonl").read_bytes())

    assert adds_up(finished)["merged"] == 1
    assert {path.parent.name for path in finished.output.rglob("part-*")} == {"00"}
