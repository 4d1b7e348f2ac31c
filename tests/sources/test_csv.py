"""CSV files become text columns, and every line that does not is told."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

from analyzer.errors import ScriptError
from analyzer.sources.csv import NO_HEADER, CsvSource
from analyzer.sources.csv_rows import BROKEN, HEADER_INSIDE, NOT_UTF8
from analyzer.sources.sides import CELLS_DIFFER
from analyzer.sources.splits import File
from analyzer.sources.tabular import Bounds
from tests.conftest import Bucket
from tests.sources.reading import read, stored

TINY = Bounds(block_bytes=16)


def rows(folder: Path, *contents: bytes | str, header: bool = True, bounds: Bounds = TINY) -> list[tuple[object, ...]]:
    """Rows of files in which nothing is wrong."""
    found = read(CsvSource(stored(folder, *contents), header, bounds=bounds))
    assert not found.intake.rejected
    assert found.reconciles
    return [tuple(row.values()) for row in found.rows]


def rejected(
    folder: Path, content: bytes | str, bounds: Bounds = TINY
) -> tuple[list[tuple[object, ...]], dict[int, str]]:
    """Rows, and the reason of every rejected line."""
    found = read(CsvSource(stored(folder, content), bounds=bounds))
    assert found.reconciles
    return [tuple(row.values()) for row in found.rows], {bad.line: bad.reason for bad in found.intake.samples}


def test_the_first_line_of_every_file_names_its_columns(tmp_path: Path) -> None:
    found = read(CsvSource(stored(tmp_path, "a,b\n1,2\n", "b,a\n3,4\n", "a,b\n5,6\n")))
    assert found.rows == [{"a": "1", "b": "2"}, {"b": "3", "a": "4"}, {"a": "5", "b": "6"}]
    assert found.intake.records == 3


def test_an_empty_cell_is_missing_and_a_quoted_empty_cell_is_present(tmp_path: Path) -> None:
    assert rows(tmp_path, 'a,b\n,""\n') == [(None, "")]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, "\n \na,b\n\n1,2\n   \n\t\n3,4\n\n") == [("1", "2"), ("3", "4")]


def test_blank_lines_of_one_column_are_no_rows_but_a_quoted_empty_text_is(tmp_path: Path) -> None:
    assert rows(tmp_path, 'a\n1\n\n  \n""\n2\n') == [("1",), ("",), ("2",)]
    assert rows(tmp_path, "a\n1\n\n  \n2\n") == [("1",), ("2",)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(tmp_path: Path, end: str) -> None:
    assert rows(tmp_path, end.join(["a,b", "1,2", "", "3,4"])) == [("1", "2"), ("3", "4")]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert list(read(CsvSource(stored(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n"))).rows[0]) == ["a", "b"]


def test_names_may_hold_anything_and_repeated_ones_are_numbered(tmp_path: Path) -> None:
    header = '"a ""b""",a.b,<b>,"x\ny",../..,a.b,,select\n'
    found = read(CsvSource(stored(tmp_path, header + "1,2,3,4,5,6,7,8\n"), bounds=TINY))
    assert list(found.rows[0]) == ['a "b"', "a.b", "<b>", "x\ny", "../..", "a.b_2", "_c6", "select"]


def test_repeated_names_are_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(CsvSource(stored(tmp_path, "told,told\n1,2\n")))
    assert "told_2" in caplog.text


def test_without_a_header_columns_are_named_by_position(tmp_path: Path) -> None:
    files = stored(tmp_path, "1,2,3\n")
    assert list(read(CsvSource(files, header=False)).rows[0]) == ["_c0", "_c1", "_c2"]
    assert list(read(CsvSource(files, header=False, names=("x", "y"))).rows[0]) == ["x", "y", "_c2"]
    assert list(read(CsvSource(files, header=False, names=("x", "y", "z", "q"))).rows[0]) == ["x", "y", "z"]


def test_without_a_header_most_of_the_first_rows_tell_the_width(tmp_path: Path) -> None:
    found = read(CsvSource(stored(tmp_path, "title\n1,2\n3,4\n"), header=False))
    assert len(found.rows) == 2
    assert [(bad.line, bad.detail) for bad in found.intake.samples] == [(1, "expected 2, found 1")]


def test_a_row_with_another_number_of_cells_is_rejected_with_its_place(tmp_path: Path) -> None:
    found = read(CsvSource(stored(tmp_path, "a,b\n1,2\n", "a,b\n\n1\n3,4\n1,2,3\n"), bounds=Bounds(excerpt=20)))
    assert len(found.rows) == 2
    places = [(Path(bad.path).name, bad.line, bad.reason, bad.detail) for bad in found.intake.samples]
    assert places == [
        ("part-00001", 3, CELLS_DIFFER, "expected 2, found 1"),
        ("part-00001", 5, CELLS_DIFFER, "expected 2, found 3"),
    ]
    assert [bad.excerpt for bad in found.intake.samples] == ["1", "1,2,3"]


def test_a_header_line_inside_the_data_is_rejected(tmp_path: Path) -> None:
    content = "a,b\n1,2\na,b\nxa,b\n3,4\n"
    assert rejected(tmp_path, content) == ([("1", "2"), ("xa", "b"), ("3", "4")], {3: HEADER_INSIDE})
    assert rejected(tmp_path, content, Bounds())[1] == {3: HEADER_INSIDE}


def test_lines_that_are_not_utf8_are_rejected_one_by_one(tmp_path: Path) -> None:
    content = "a,b\n1,é\n2,".encode() + b"\xe9\n\xff\n3,x\n"
    assert rejected(tmp_path, content) == ([("1", "é"), ("3", "x")], {3: NOT_UTF8, 4: CELLS_DIFFER})


def test_quoted_cells_hold_newlines_commas_and_quotes_across_blocks(tmp_path: Path) -> None:
    content = 'a,b\n"x\n\ny, ""z""\r\n",2\n1,"\n"\n'
    for size in (1, 5, 9, 1000):
        assert rows(tmp_path, content, bounds=Bounds(block_bytes=size)) == [('x\n\ny, "z"\r\n', "2"), ("1", "\n")]


def test_quotes_inside_a_cell_are_ordinary_characters(tmp_path: Path) -> None:
    assert rows(tmp_path, 'a,b\n5" pipe,1\n"ab" c,2\nx,3"\n') == [('5" pipe', "1"), ("ab c", "2"), ("x", '3"')]


@pytest.mark.parametrize("size", [1, 20, 1000])
def test_a_quote_never_closed_costs_its_own_line_only(tmp_path: Path, size: int) -> None:
    content = 'a,b\n1,2\n"3,4\n' + "5,6\n" * 50 + '7,"fine"\n8,9\n"x,1\n10,11\n'
    found, bad = rejected(tmp_path, content, Bounds(block_bytes=size))
    assert bad == {3: BROKEN, 56: BROKEN}
    assert found == [("1", "2"), *[("5", "6")] * 50, ("7", "fine"), ("8", "9"), ("10", "11")]


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_quote_never_closed_does_not_reach_into_the_next_file(tmp_path: Path, size: int) -> None:
    files = stored(tmp_path, 'a,b\n1,"2\n', 'a,b\n3,"4"\n')
    found = read(CsvSource(files, bounds=Bounds(block_bytes=size)))
    assert [tuple(row.values()) for row in found.rows] == [("3", "4")]
    assert found.intake.rejected == {BROKEN: 1}


def test_an_unfinished_row_is_held_up_to_the_limit_only(tmp_path: Path) -> None:
    content = 'a,b\n"1,2\n' + "3,4\n" * 500
    found = read(CsvSource(stored(tmp_path, content), bounds=Bounds(block_bytes=64, max_record_bytes=256)))
    assert (len(found.rows), found.intake.rejected) == (500, {BROKEN: 1})


def test_a_large_file_is_cut_outside_quotes_and_every_piece_knows_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "a,b\n" + "".join(f'{number},"x\n{number}"\n' for number in range(2000)) + "only one\n"
    monkeypatch.setattr("analyzer.sources.splits.plan.__defaults__", (True, 4096, None))
    source = CsvSource(stored(tmp_path, content))
    assert len(source.splits()) > 5
    found = read(source)
    assert found.rows == [{"a": str(number), "b": f"x\n{number}"} for number in range(2000)]
    assert found.intake.rejected == {CELLS_DIFFER: 1}
    bad = found.intake.samples[0]
    before = sum(count for start, count in found.intake.lines[bad.path].items() if start < bad.start)
    assert before + bad.line == 4002


def test_a_file_whose_header_was_left_out_is_rejected_as_a_whole(tmp_path: Path) -> None:
    found = read(CsvSource(stored(tmp_path, "a" * 100 + ",b\n1,2\n"), bounds=Bounds(max_record_bytes=50)))
    assert not found.rows
    assert found.intake.rejected[NO_HEADER] == 1
    assert found.reconciles


def test_more_columns_than_memory_is_for_are_refused(tmp_path: Path) -> None:
    found = read(CsvSource(stored(tmp_path, "," * 200_000 + "\n1,2\n")))
    assert not found.rows
    assert found.reconciles


def test_compressed_files_are_read_and_a_cut_one_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (at, at * 7919 % 1000) for at in range(5000)))
    assert len(rows(tmp_path, packed)) == 5000
    found = read(CsvSource(stored(tmp_path, packed[: len(packed) // 2])))
    assert 0 < len(found.rows) < 5000
    assert sum(found.intake.rejected.values()) == 1
    assert found.reconciles


def test_empty_files_and_files_of_a_header_only_give_no_rows(tmp_path: Path) -> None:
    for contents in ([""], ["\n\n"], ["a,b\n"], ["a,b"]):
        found = read(CsvSource(stored(tmp_path, *contents)))
        assert (found.rows, found.intake.records) == ([], 0)


def test_ids_of_batch_transform_leave_the_columns(tmp_path: Path) -> None:
    named = read(CsvSource(stored(tmp_path, "a,SageMakerInferenceId,SageMakerInferenceTime\n1,id-1,now\n2,,now\n")))
    assert (named.rows, named.ids) == ([{"a": "1"}, {"a": "2"}], ["id-1", ""])
    files = stored(tmp_path, "1,2,id-1,now\n")
    last = read(CsvSource(files, header=False, inference_id_columns=True))
    assert (last.rows, last.ids) == ([{"_c0": "1", "_c1": "2"}], ["id-1"])
    assert len(read(CsvSource(files, header=False)).rows[0]) == 4


def test_a_script_gets_every_line_and_names_the_cells(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "def preprocess_handler(line):\n"
        "    if line.startswith('a,'):\n        return []\n"
        "    first, *rest = line.split(',')\n    return {'x': first, 'y': len(rest)}\n"
    )
    found = read(CsvSource(stored(tmp_path, "a,b\n1,2\n\n3\n"), script=str(script)))
    assert found.rows == [{"x": "1", "y": "1"}, {"x": "3", "y": "0"}]
    assert (found.intake.records, found.intake.dropped) == (3, 1)


def test_a_failing_script_tells_file_and_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def preprocess_handler(line):\n    return {'x': float(line)}\n")
    source = CsvSource(stored(tmp_path, "1\n2\n", "3\n\nsecret-cell,x\n"), script=str(script))
    with pytest.raises(ScriptError, match=r"script\.py, line 2: ValueError.*part-00001, line 3"):
        read(source)


def test_a_script_does_not_get_what_is_not_text(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def preprocess_handler(line):\n    return line\n")
    found = read(CsvSource(stored(tmp_path, b"1,2\n\xff\n3,4\n"), names=("x", "y"), script=str(script)))
    assert found.rows == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]
    assert found.intake.rejected == {NOT_UTF8: 1}


def test_a_wrong_row_among_many_is_found_in_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.sources.csv._PART_BYTES", 100)
    lines = [f"{number},x" for number in range(500)]
    lines[300] = "odd"
    found = read(CsvSource(stored(tmp_path, "a,b\n" + "\n".join(lines), "a,b\n1\n")))
    assert [row["a"] for row in found.rows] == [str(number) for number in range(500) if number != 300]
    assert [bad.line for bad in found.intake.samples] == [302, 2]


def test_files_in_s3_are_read(s3: Bucket) -> None:
    files = tuple(File(s3.put(f"d/{number}.csv", b"a,b\n%d,x\n" % number), 8) for number in range(3))
    assert [row["a"] for row in read(CsvSource(files)).rows] == ["0", "1", "2"]


def test_a_source_crosses_processes(tmp_path: Path) -> None:
    source = CsvSource(stored(tmp_path, "a\n1\n"), names=("x",))
    assert read(pickle.loads(pickle.dumps(source))).rows == [{"a": "1"}]  # noqa: S301 - our own bytes


def test_ten_thousand_files_are_parsed_together(tmp_path: Path) -> None:
    files = stored(tmp_path, *(f"a,b\n{number},x\n" for number in range(10_000)))
    found = read(CsvSource(files))
    assert (len(found.rows), found.rows[-1], found.batches) == (10_000, {"a": "9999", "b": "x"}, 1)
