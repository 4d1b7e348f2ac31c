"""JSON Lines and JSON files become rows, and every record that does not is told."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import ScriptError
from analyzer.sources.json import (
    FILE_NOT_UTF8,
    FILE_TOO_LARGE,
    NO_ROWS,
    NOT_JSON,
    NOT_UTF8,
    TOO_DEEP,
    JsonSource,
)
from analyzer.sources.payload import Flattening, json_rows
from analyzer.sources.tabular import Bounds
from tests.sources.reading import Read, read, stored

QUIET = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines(folder: Path, *contents: bytes | str) -> Read:
    """JSON Lines files, whose records reconcile when each is one row."""
    return read(JsonSource(stored(folder, *contents)))


def whole(folder: Path, *contents: bytes | str) -> Read:
    """Files of one JSON value each."""
    found = read(JsonSource(stored(folder, *contents), lines=False))
    assert not found.intake.rejected
    return found


def test_every_line_is_a_record(tmp_path: Path) -> None:
    found = lines(tmp_path, '{"a":1,"b":"x"}\n\n{"a":2.0,"b":null}\r\n', '{"b":true,"c":""}')
    assert found.rows == [
        {"a": "1", "b": "x", "c": None},
        {"a": "2.0", "b": None, "c": None},
        {"a": None, "b": "true", "c": ""},
    ]
    assert found.intake.records == 3


def test_nested_objects_and_lists_are_flattened(tmp_path: Path) -> None:
    found = lines(tmp_path, '{"a":{"b":{"c":1}},"d":[1,[2,3]],"e":[]}\n')
    assert found.rows == [{"a.b.c": "1", "d.0": "1", "d.1.0": "2", "d.1.1": "3", "e": None}]


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_one_record_may_hold_many_rows(tmp_path: Path, count: int) -> None:
    flat = [{"a": at, "b": "x"} for at in range(count)]
    shapes = (flat, {"instances": flat}, {"a": [row["a"] for row in flat], "b": ["x"] * count})
    expected = [{"a": str(at), "b": "x"} for at in range(count)]
    for shape in shapes:
        assert lines(tmp_path, json.dumps(shape)).rows == expected
        assert whole(tmp_path, json.dumps(shape, indent=1)).rows == expected


def test_unnamed_cells_are_named_by_position(tmp_path: Path) -> None:
    files = stored(tmp_path, "[1,2]\n[3,4,5]\n7\n")
    assert read(JsonSource(files)).rows[1] == {"0": "3", "1": "4", "2": "5"}
    named = read(JsonSource(files, names=("x", "y")))
    assert named.rows[0]["x"] == "1"
    assert named.rows[1]["2"] == "5"


def test_wrong_lines_are_rejected_with_their_place(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    wrong = [b'{"a":', b"\xff", b"nonsense", deep.encode(), b"{} {}", b"[]"]
    found = lines(tmp_path, b'{"a":1}\n' + b"\n".join(wrong) + b'\n{"a":2}\n')
    assert [row["a"] for row in found.rows] == ["1", "2"]
    reasons = [NOT_JSON, NOT_UTF8, NOT_JSON, TOO_DEEP, NOT_JSON, NO_ROWS]
    assert [(bad.line, bad.reason) for bad in found.intake.samples] == list(enumerate(reasons, 2))
    assert found.reconciles


def test_numbers_json_does_not_know_are_understood(tmp_path: Path) -> None:
    found = lines(tmp_path, '{"a":NaN,"b":-Infinity,"c":1e400,"d":12345678901234567890123}\n')
    assert found.rows == [{"a": "nan", "b": "-inf", "c": "inf", "d": "12345678901234567890123"}]


def test_a_record_with_too_many_columns_is_rejected(tmp_path: Path) -> None:
    files = stored(tmp_path, '{"a":[[1],2,3]}\n{"a":1}\n')
    found = read(JsonSource(files, flattening=Flattening(limit=2)))
    assert found.rows == [{"a": "1"}]
    assert found.reconciles


def test_keys_that_differ_in_every_record_do_not_fill_the_memory(tmp_path: Path) -> None:
    found = read(JsonSource(stored(tmp_path, "".join(f'{{"k{at}":1}}\n' for at in range(5000)))))
    assert found.batches > 1
    assert found.intake.records == 5000


def test_a_file_is_one_value_however_it_is_laid_out(tmp_path: Path) -> None:
    found = whole(tmp_path, '[\n {"a": 1},\n {"a": 2}\n]\n', '{"a": 3}', "\n", '{"a":4}\n{"a":5}\n')
    assert [row["a"] for row in found.rows] == ["1", "2", "3", "4", "5"]
    assert (found.intake.records, found.batches) == (5, 1)


def test_a_wrong_file_is_rejected_and_the_others_go_on(tmp_path: Path) -> None:
    cut = gzip.compress(b'{"a":"' + bytes(range(65, 91)) * 9999 + b'"}')[:-40]
    large = '{"a":[\n' + "1,\n" * 500 + "1]}"
    files = stored(tmp_path, '{"a":1}', "{", b"\xff", large, cut, '{"a":2}')
    found = read(JsonSource(files, lines=False, max_bytes=300, bounds=Bounds(gzip_max_ratio=10**6)))
    assert [row["a"] for row in found.rows] == ["1", "2"]
    assert {FILE_NOT_UTF8, FILE_TOO_LARGE} <= found.intake.rejected.keys()
    assert sorted({Path(bad.path).name[-1] for bad in found.intake.samples}) == ["1", "2", "3", "4"]
    assert found.reconciles


def test_an_element_without_rows_is_rejected_by_number(tmp_path: Path) -> None:
    found = read(JsonSource(stored(tmp_path, '[{"a":1},[],{"a":2}]'), lines=False))
    assert [(bad.reason, bad.detail) for bad in found.intake.samples] == [(NO_ROWS, "element 2")]


def test_output_of_batch_transform_comes_first_and_its_id_names_the_row(tmp_path: Path) -> None:
    record = {
        "SageMakerInferenceId": "id-1",
        "SageMakerInferenceTime": "2024-01-01T00:00:00Z",
        "SageMakerOutput": {"predictions": [{"score": 0.5}, {"score": 0.7}]},
        "instances": [{"x": 1}, {"x": 2}],
    }
    text = json.dumps(record)
    for found in (lines(tmp_path, text), whole(tmp_path, f"[{text}]")):
        assert found.rows == [{"score": "0.5", "x": "1"}, {"score": "0.7", "x": "2"}]
        assert list(found.rows[0]) == ["score", "x"]
        assert found.ids == ["id-1", "id-1"]


def test_output_and_input_of_different_length_are_rejected(tmp_path: Path) -> None:
    found = lines(tmp_path, '{"SageMakerInferenceId":"i","SageMakerOutput":[[1],[2]],"instances":[[1]]}\n')
    assert not found.rows
    assert [(bad.event_id, bad.detail) for bad in found.intake.samples] == [("i", "1 and 2")]


def test_output_and_input_without_names_or_with_the_same_stay_apart(tmp_path: Path) -> None:
    found = lines(tmp_path, '{"SageMakerOutput":[[0.5]],"instances":[[1,2]]}\n')
    assert found.rows == [{"0": "0.5", "1": "1", "2": "2"}]
    found = lines(tmp_path, '{"SageMakerOutput":{"x":0.5,"y":{"z":1}},"x":1}\n')
    assert found.rows == [{"x": "0.5", "y.z": "1", "input.x": "1"}]


def test_files_that_fill_several_blocks_stay_whole(tmp_path: Path) -> None:
    files = stored(tmp_path, *(f'[\n{{"a":{number}}},\n{{"a":{number}}}]' for number in range(20)))
    found = read(JsonSource(files, lines=False, bounds=Bounds(block_bytes=30)))
    assert [row["a"] for row in found.rows] == [str(number) for number in range(20) for _ in range(2)]
    assert found.batches > 1


def test_a_script_gets_the_text_of_every_record(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json\ndef preprocess_handler(text):\n    n = json.loads(text)['a']\n"
        "    return None if n == 1 else {'n': 10 // n}\n"
    )
    found = read(JsonSource(stored(tmp_path, '{"a":1}\n{"a":2}\n'), script=str(script)))
    assert (found.rows, found.intake.dropped, found.intake.records) == ([{"n": "5"}], 1, 2)
    files = stored(tmp_path, '[{"a":5},{"a":1}]')
    assert read(JsonSource(files, lines=False, script=str(script))).rows == [{"n": "2"}]
    with pytest.raises(ScriptError, match=r"ZeroDivisionError.*part-00000, line 2"):
        read(JsonSource(stored(tmp_path, '{"a":1}\n{"a":0}\n'), script=str(script)))


def test_a_source_crosses_processes(tmp_path: Path) -> None:
    source = JsonSource(stored(tmp_path, '{"a":1}\n'))
    assert read(pickle.loads(pickle.dumps(source))).rows == [{"a": "1"}]  # noqa: S301 - our own bytes


NAMES = st.sampled_from(["a", "b", "data", "instances", "c.d", ""])
SCALAR = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=4)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@QUIET
@given(st.dictionaries(NAMES, VALUE, max_size=4))
def test_the_fast_way_gives_the_rows_the_payload_rules_give(tmp_path: Path, value: dict[str, object]) -> None:
    text = json.dumps(value)
    expected = json_rows(text, Flattening())
    names = dict.fromkeys(name for row in expected for name in row)
    assert lines(tmp_path, text + "\n").rows == [{name: row.get(name) for name in names} for row in expected]


@QUIET
@given(
    st.lists(st.sampled_from([b'{"a":1}', b"[1]", b"{", b"\xff", b"", b"  ", b"nul", b'"\xc3"', b'{"a":[]}', b"[]"])),
    st.sampled_from([1, 20, 1000]),
)
def test_whatever_the_lines_every_record_is_a_row_or_rejected(tmp_path: Path, data: list[bytes], size: int) -> None:
    files = stored(tmp_path, b"\n".join(data))
    found = read(JsonSource(files, bounds=Bounds(block_bytes=size)))
    assert found.intake.records == sum(bool(line.strip()) for line in data)
    assert len(found.rows) == sum(line in (b'{"a":1}', b"[1]") for line in data)
    assert found.reconciles
    assert read(JsonSource(files, lines=False, bounds=Bounds(block_bytes=size))).reconciles
