"""Capture records to rows: sides by their own encoding, rows paired, columns named, nothing lost."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.batch import Batch
from analyzer.errors import ContractError
from analyzer.sources.capture import CaptureSource
from analyzer.sources.files import list_files
from analyzer.sources.layout import Layout, Shape, layout_of
from analyzer.sources.reading import Reading
from analyzer.sources.window import Window, parse_time
from tests.jobs import capture, write_captures

POSITIONS = Layout({"endpointOutput": ("p",), "endpointInput": ("a", "b")})


def read(folder: Path, records: list[Any], layout: Layout = POSITIONS, **reading: Any) -> Batch:
    """The one batch (or the concatenation of the batches) of some records."""
    write_captures(folder / "in/f.jsonl", records)
    source = CaptureSource(tuple(list_files(str(folder / "in")).files), Reading(**reading), layout)
    batches = [batch for split in source.splits() for batch in source.batches(split)]
    tables = [pa.table(dict(batch.columns)) for batch in batches if batch.rows]
    table = pa.concat_tables(tables, promote_options="default").combine_chunks() if tables else pa.table({})
    ids = [str(batch.ids[row]) for batch in batches if batch.ids is not None for row in range(batch.rows)]
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    return Batch(columns, sum(batch.rows for batch in batches), ids, batches[-1].intake)


def rows(batch: Batch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pa.table(dict(batch.columns)).to_pylist()
    return found


def test_output_columns_come_first_and_cells_stay_text(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,02", "0.50\n", event="e1"), capture(",x", "0.1", event="e2")])

    assert rows(found) == [{"p": "0.50", "a": "1", "b": "02"}, {"p": "0.1", "a": None, "b": "x"}]
    assert found.ids == ["e1", "e2"]


def test_inputs_come_first_when_the_outputs_are_at_the_end(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,2", "0.5")], sides=("endpointInput", "endpointOutput"))

    assert list(found.columns) == ["a", "b", "p"]


def test_several_rows_in_a_request_are_paired_with_their_answers(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,2\r\n3,4\r\n", "0.1\n0.2", event="e1"), capture("5,6", "0.3", event="e2")])

    assert rows(found) == [
        {"p": "0.1", "a": "1", "b": "2"},
        {"p": "0.2", "a": "3", "b": "4"},
        {"p": "0.3", "a": "5", "b": "6"},
    ]
    assert found.ids == ["e1", "e1", "e2"]


def test_rows_that_do_not_match_are_rejected_and_their_neighbours_kept(tmp_path: Path) -> None:
    records = [capture("1,2\n3,4", "0.1"), capture("5,6", "0.2"), capture("7,8,9", "0.3"), capture("5", "0.4")]

    found = read(tmp_path, records)

    assert [row["a"] for row in rows(found)] == ["5"]
    assert found.intake.rejected == {
        "input and output hold different numbers of rows": 1,
        "row has another number of cells": 2,
    }
    assert sorted((sample.line, sample.detail) for sample in found.intake.samples) == [
        (1, "1 and 2"),
        (3, "expected 2, found 3"),
        (4, "expected 2, found 1"),
    ]


def test_a_quoted_cell_may_hold_commas_and_line_ends(tmp_path: Path) -> None:
    found = read(tmp_path, [capture('"x, ""y""\nz",2', "0.1"), capture("3,4", "0.2")])

    expected = [{"p": "0.1", "a": 'x, "y"\nz', "b": "2"}, {"p": "0.2", "a": "3", "b": "4"}]
    assert sorted(rows(found), key=str) == expected


def test_an_unclosed_quote_spoils_its_own_record_only(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,2", "0.1"), capture('"3,4', "0.2"), capture("5,6", "0.3")])

    assert [row["a"] for row in rows(found)] == ["1", "5"]
    assert found.intake.rejected == {"CSV quoting is broken": 1}


PAYLOADS = {
    "CSV": ("CSV", "1,2"),
    "JSON": ("JSON", '{"a": 1, "b": 2}'),
    "BASE64 of CSV": ("BASE64", base64.b64encode(b"1,2\n").decode()),
    "BASE64 of JSON": ("BASE64", base64.b64encode(b'{"a": 1, "b": 2}').decode()),
    "JSON Lines": ("JSON", '{"a": 1, "b": 2}\n'),
    "instances": ("JSON", '{"instances": [{"a": 1, "b": 2}]}'),
    "columns": ("JSON", '{"a": [1], "b": [2]}'),
    "rows of lists": ("JSON", "[[1, 2]]"),
    "inline object": ("JSON", {"a": 1, "b": 2}),
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_each_side_is_decoded_by_its_own_encoding(tmp_path: Path, payload: tuple[str, Any]) -> None:
    encoding, data = payload
    record = capture(data, "0.5", encodings=(encoding, "CSV"))
    record["captureData"]["endpointInput"]["observedContentType"] = "text/html; charset=utf-8"

    assert rows(read(tmp_path, [record])) == [{"p": "0.5", "a": "1", "b": "2"}]


def test_a_list_of_answers_belongs_to_as_many_rows(tmp_path: Path) -> None:
    record = capture("1,2\n3,4", "[0.1, 0.2]", encodings=("CSV", "JSON"))

    assert [row["p"] for row in rows(read(tmp_path, [record]))] == ["0.1", "0.2"]


def test_lists_by_name_are_one_row_beside_one_row_and_many_beside_many(tmp_path: Path) -> None:
    answer = '{"scores": [0.1, 0.9]}'
    one = capture("1,2", answer, encodings=("CSV", "JSON"))
    two = capture("1,2\n3,4", answer, encodings=("CSV", "JSON"))

    assert rows(read(tmp_path / "a", [one])) == [{"scores.0": "0.1", "scores.1": "0.9", "a": "1", "b": "2"}]
    assert [row["scores"] for row in rows(read(tmp_path / "b", [two]))] == ["0.1", "0.9"]


def test_nested_json_becomes_dotted_columns_and_colliding_names_are_kept_apart(tmp_path: Path) -> None:
    data = {"id": 7, "user": {"age": 3, "tags": ["x", "y"], "none": {}, "void": None}}
    record = capture(json.dumps(data), '{"id": 8, "score": 0.5}', encodings=("JSON", "JSON"))

    found = rows(read(tmp_path, [record], Layout()))

    assert found == [
        {
            "id": "8",
            "score": "0.5",
            "endpointInput.id": "7",
            "user.age": "3",
            "user.tags.0": "x",
            "user.tags.1": "y",
            "user.none": None,
            "user.void": None,
        }
    ]


def test_json_columns_are_the_union_over_records(tmp_path: Path) -> None:
    records = [capture('{"a": 1}', None, encodings=("JSON", "")), capture('{"b": 2}', None, encodings=("JSON", ""))]

    assert rows(read(tmp_path, records, Layout())) == [{"a": "1", "b": None}, {"a": None, "b": "2"}]


def test_a_missing_side_leaves_its_columns_empty(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,2", None), capture("3,4", "0.5"), capture(None, "0.6"), capture(None, None)])

    assert sorted(rows(found), key=str) == sorted(
        [
            {"p": None, "a": "1", "b": "2"},
            {"p": "0.5", "a": "3", "b": "4"},
            {"p": "0.6", "a": None, "b": None},
        ],
        key=str,
    )
    assert found.intake.rejected == {"record has no captured payload": 1}


WINDOW = Window(parse_time("2026-01-01T10:00:00Z"), parse_time("2026-01-01T11:00:00Z"))
TIMES = {
    "2026-01-01T10:00:00Z": True,
    "2026-01-01T10:59:59Z": True,
    "2026-01-01T11:00:00Z": False,
    "2026-01-01T09:59:59Z": False,
    "2026-01-01T12:30:00+02:00": True,
    "2026-01-01T10:30:00.123Z": True,
    "2026-01-01T10:30:00": True,
    "gestern": True,
}


def test_the_window_is_half_open_and_understands_any_iso_time(tmp_path: Path) -> None:
    records = [capture("1,2", "0.5", event=time, time=time) for time in TIMES]

    found = read(tmp_path, records, window=WINDOW)

    assert isinstance(found.ids, list)
    assert set(found.ids) == {time for time, inside in TIMES.items() if inside}
    assert (found.intake.outside, found.intake.untimed, found.intake.records) == (2, 1, len(TIMES))


def test_only_the_chosen_sides_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, [capture("1,2", "<html>", encodings=("CSV", "?"))], sides=("endpointInput",))

    assert rows(found) == [{"a": "1", "b": "2"}]


def test_mixed_encodings_end_the_job_only_where_the_original_is_imitated(tmp_path: Path) -> None:
    record = capture("1,2", '{"p": 1}', encodings=("CSV", "JSON"))

    assert rows(read(tmp_path, [record])) == [{"p": "1", "a": "1", "b": "2"}]
    with pytest.raises(ContractError, match="Encoding is CSV for endpointInput, but Encoding is JSON for endpointOut"):
        read(tmp_path, [record], one_encoding=True)


def test_the_shape_of_most_records_decides_unless_another_fits_the_baseline(tmp_path: Path) -> None:
    records = [capture("1,2", "0.5")] * 5 + [capture("1,2,3", "0.5")] * 3
    write_captures(tmp_path / "in/f.jsonl", records)
    source = CaptureSource(tuple(list_files(str(tmp_path / "in")).files), Reading())

    assert dict(source.shape(None)) == {"endpointOutput": Shape(1), "endpointInput": Shape(2)}
    assert dict(source.shape(4)) == {"endpointOutput": Shape(1), "endpointInput": Shape(3)}


SHAPE = (("endpointOutput", Shape(1)), ("endpointInput", Shape(2)))


def test_unnamed_cells_get_the_baselines_names_by_position() -> None:
    assert layout_of(SHAPE, ["x", "y", "z"]).sides == {"endpointOutput": ("x",), "endpointInput": ("y", "z")}
    assert layout_of(SHAPE, None).sides == {"endpointOutput": ("_c0",), "endpointInput": ("_c1", "_c2")}


def test_named_cells_take_their_names_and_leave_the_rest_to_the_others() -> None:
    shape = (("endpointOutput", Shape(1)), ("endpointInput", Shape(names=("a", "b"))))

    assert layout_of(shape, ["prediction", "a", "b"]).sides == {"endpointOutput": ("prediction",)}


def test_a_baseline_without_predictions_is_matched_to_the_inputs_and_explained() -> None:
    layout = layout_of(SHAPE, ["a", "b"])

    assert layout.sides["endpointInput"] == ("a", "b")
    assert layout.aligned
    assert "captureIndexNames" in layout.explanation


def test_columns_that_cannot_be_told_apart_are_not_aligned() -> None:
    layout = layout_of(SHAPE, ["a", "b", "c", "d", "e"])

    assert not layout.aligned
    assert layout.sides == {"endpointOutput": ("a",), "endpointInput": ("b", "c")}


def test_json_keys_the_baseline_does_not_know_are_matched_by_position() -> None:
    shape = (("endpointInput", Shape(names=("f1", "f2"))),)

    assert layout_of(shape, ["a", "b"]).renamed == (("f1", "a"), ("f2", "b"))
    assert layout_of(shape, ["f1", "b"]).renamed == ()
