"""Captured records meet labels: by inference id, else event id; oracle: a join in plain Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.batch import Joined
from analyzer.fold import Scan, fold_batches
from analyzer.folds.joins import JOINS
from analyzer.join.index import Shelf
from analyzer.join.labels import Choice, chosen
from analyzer.sources import meeting
from analyzer.sources.capture import CaptureSource
from analyzer.sources.files import list_files
from analyzer.sources.layout import Layout
from analyzer.sources.reading import Reading
from analyzer.sources.record import GROUND_TRUTH
from analyzer.sources.window import Window, parse_time
from tests.jobs import capture, write_captures
from tests.join.tables import Truth, counting, table
from tests.sources.reading import Read, read

LAYOUT = Layout({"endpointOutput": ("endpointOutput.0",), GROUND_TRUTH: ("groundTruthData.0",)})
ALL = Choice("all", 3)
HOUR = 490_896  # 2026-01-01T00:00Z, counted from 1970


def met(
    folder: Path, captures: list[dict[str, Any]], labels: list[Truth], choice: Choice = ALL, **reading: Any
) -> tuple[Read, Joined]:
    """Rows of the captures after they met the labels, and what became of them."""
    write_captures(folder / "f.jsonl", captures)
    sides = ("endpointOutput", GROUND_TRUTH)
    source = CaptureSource(tuple(list_files(str(folder)).files), Reading(sides, apart=True, **reading), LAYOUT).meeting(
        Shelf.of(chosen([table(labels)], choice))
    )
    scan = Scan.of([JOINS])
    joined = scan.result(fold_batches(scan, (b for split in source.splits() for b in source.batches(split))))[JOINS]
    return read(source), joined or Joined()


def pairs(found: Read) -> list[tuple[object, object]]:
    return [(row["endpointOutput.0"], row.get("groundTruthData.0")) for row in found.rows]


def named(event: str | None, inference: str | None, output: str) -> dict[str, Any]:
    """A captured record with these ids."""
    record = capture(None, output)
    ids = {"eventId": event, "inferenceId": inference}
    record["eventMetadata"] |= {name: text for name, text in ids.items() if text is not None}
    if event is None:
        del record["eventMetadata"]["eventId"]
    return record


IDS = st.sampled_from(["a", "b", "c", "d"])
CAPTURED = st.lists(st.tuples(st.none() | IDS, st.none() | IDS), max_size=10)
LABELS = st.lists(st.builds(Truth, IDS, st.sampled_from(["0", "1"]), st.integers(HOUR, HOUR + 2)), max_size=10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=CAPTURED, labels=LABELS, choice=st.sampled_from([Choice(), ALL]), unlabelled=st.booleans())
def test_the_join_is_that_of_plain_python(
    tmp_path: Path, ids: list[tuple[str | None, str | None]], labels: list[Truth], choice: Choice, unlabelled: bool
) -> None:
    known = counting(labels, choice)
    expected: list[tuple[str, str | None]] = []
    joined = Joined(captured=len(ids))
    for at, (event, inference) in enumerate(ids):
        first = known.get(inference or event or "", [])
        found = first or (known.get(event or "", []) if inference else [])
        joined.by_event += bool(found) and not first
        joined.labelled += bool(found)
        joined.without_id += not (event or inference)
        expected += [(str(at), each.data) for each in found] or [(str(at), None)] * unlabelled
        for each in found:
            joined.delays[each.hour - HOUR] = joined.delays.get(each.hour - HOUR, 0) + 1  # type: ignore[operator]

    rows, counted = met(
        tmp_path, [named(*each, str(at)) for at, each in enumerate(ids)], labels, choice, unlabelled=unlabelled
    )

    # Rows whose label is missing are parsed apart from the others.
    assert sorted(pairs(rows), key=str) == sorted(expected, key=str)
    assert rows.intake.records == len(ids)
    assert counted.pairs == sum(label is not None for _, label in expected)
    for name in ("captured", "labelled", "by_event", "without_id", "delays"):
        assert getattr(counted, name) == getattr(joined, name), name


def test_ids_are_compared_as_text_without_blanks_around_them(tmp_path: Path) -> None:
    number = named("x", None, "0.1")
    number["eventMetadata"]["inferenceId"] = 58
    captures = [number, named("x", " 59\n", "0.2"), named("x", "60.0", "0.3")]

    rows, joined = met(tmp_path, captures, [Truth("58"), Truth("59 "), Truth("60")])

    assert pairs(rows) == [("0.1", "1"), ("0.2", "1")]
    assert joined.unmatched == ["60.0"]


def test_every_captured_record_of_an_id_gets_its_label(tmp_path: Path) -> None:
    captures = [named(f"e{at}", "same", str(at)) for at in range(5000)]

    rows, joined = met(tmp_path, captures, [Truth("same", "7")])

    assert pairs(rows) == [(str(at), "7") for at in range(5000)]
    assert (joined.labelled, joined.pairs) == (5000, 5000)


def test_labels_that_multiply_records_come_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "PAIRS", 16)
    captures = [named(f"e{at}", "same", str(at)) for at in range(50)]
    labels = [Truth("same", str(at)) for at in range(3)]

    rows, _ = met(tmp_path, captures, labels)

    assert pairs(rows) == [(str(at), str(label)) for at in range(50) for label in range(3)]
    assert rows.batches > 10


def test_only_records_in_the_window_meet_labels(tmp_path: Path) -> None:
    captures = [capture(None, str(hour), event=str(hour), time=f"2026-01-01T{hour:02}:30:00Z") for hour in range(4)]
    window = Window(parse_time("2026-01-01T01:00:00Z"), parse_time("2026-01-01T03:00:00Z"))

    rows, joined = met(tmp_path, captures, [Truth(str(hour)) for hour in range(4)], window=window)

    assert [output for output, _ in pairs(rows)] == ["1", "2"]
    assert (joined.captured, joined.labelled, rows.intake.outside) == (2, 2, 2)


def test_rows_of_a_request_meet_labels_one_by_one(tmp_path: Path) -> None:
    captures = [capture(None, "0.1\n0.2", event=name) for name in ("lines", "one line", "json", "too few")]
    labels = [
        Truth("lines", "1\n0"),
        Truth("one line", "1,0"),
        Truth("json", '{"instances": [{"label": 1}, {"label": 0}]}', encoding="JSON"),
        Truth("too few", "1"),
    ]

    found, joined = met(tmp_path, captures, labels)

    labelled = [row.get("groundTruthData.0") or row.get("groundTruthData.label") for row in found.rows]
    assert sorted(zip([row["endpointOutput.0"] for row in found.rows], labelled, strict=True)) == [
        *[("0.1", "1")] * 3,
        *[("0.2", "0")] * 3,
    ]
    assert found.intake.rejected == {"input and output hold different numbers of rows": 1}
    assert joined.labelled == 4


def test_a_script_sees_the_record_with_its_label(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "def preprocess_handler(record):\n"
        "    return {'label': record.ground_truth.data, 'id': record.event_metadata.event_id}\n"
    )
    write_captures(tmp_path / "in/f.jsonl", [capture(None, "0.1", event="a"), capture(None, "0.2", event="b")])
    source = CaptureSource(
        tuple(list_files(str(tmp_path / "in")).files), Reading(apart=True), script=str(script)
    ).meeting(Shelf.of(chosen([table([Truth("b", "7")])], ALL)))

    assert read(source).rows == [{"label": "7", "id": "b"}]


def test_samples_of_records_without_a_label_are_the_first_ones(tmp_path: Path) -> None:
    _, joined = met(tmp_path, [capture(None, "1", event="x" * 100 + str(at)) for at in range(30)], [])

    assert len(joined.unmatched) == 10
    assert {len(name) for name in joined.unmatched} == {64}


def test_keys_of_a_split_are_those_that_are_looked_up(tmp_path: Path) -> None:
    write_captures(tmp_path / "f.jsonl", [named("a", "b", "1"), named("a", None, "2"), named(None, None, "3")])
    with (tmp_path / "f.jsonl").open("a") as file:
        file.write("{broken\n" + json.dumps(named("c", "b", "4")) + "\n")
    source = CaptureSource(tuple(list_files(str(tmp_path)).files), Reading())

    [split] = source.splits()

    assert len(source.reader().keys(split)) == 3
