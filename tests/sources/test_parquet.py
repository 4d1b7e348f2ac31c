"""Parquet files keep their types, nested columns become flat, damaged files do not stop the others."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import ScriptError
from analyzer.sources.nested import flat_columns
from analyzer.sources.parquet import DAMAGED_FILE, DAMAGED_GROUP, NOT_UTF8, ParquetSource
from analyzer.sources.splits import File
from analyzer.split import Piece
from tests.conftest import Bucket
from tests.sources.reading import Read, read

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stored(folder: Path, *tables: pa.Table, **options: Any) -> tuple[File, ...]:
    """Parquet files with these tables, in order."""
    files = []
    for number, table in enumerate(tables):
        path = folder / f"part-{number}.parquet"
        pq.write_table(table, path, **options)
        files.append(File(str(path), path.stat().st_size))
    return tuple(files)


def flat(folder: Path, *columns: pa.Array, **options: Any) -> Read:
    """What is read of one file with columns a, b, ..."""
    return read(ParquetSource(stored(folder, pa.table(dict(zip("abcdef", columns, strict=False))), **options)))


def test_numbers_booleans_and_texts_keep_their_types(tmp_path: Path) -> None:
    number = decimal.Decimal("12345678901234567890.123")
    columns = [
        pa.array([2**63 - 1, None]),
        pa.array([0.5, float("nan")]),
        pa.array([True, False]),
        pa.array([number, None]),
        pa.array(["", None]),
        pa.array(["x", "y"]).dictionary_encode(),
    ]
    found = flat(tmp_path, *columns)
    assert found.rows[0] == {"a": 2**63 - 1, "b": 0.5, "c": True, "d": number, "e": "", "f": "x"}
    assert [str(kind) for kind in found.types.values()][:3] == ["int64", "double", "bool"]
    assert found.types["f"] == pa.string()
    assert found.rows[1]["e"] is None


def test_dates_and_times_become_iso_text(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 3, 1, 12, 30, 0, 250_000, tzinfo=dt.UTC)
    columns = [
        pa.array([dt.date(2024, 3, 1)]),
        pa.array([moment], pa.timestamp("us", "Europe/Berlin")),
        pa.array([moment.replace(microsecond=0, tzinfo=None)], pa.timestamp("ms")),
        pa.array([dt.time(12, 30)], pa.time64("us")),
        pa.array([dt.timedelta(seconds=2)], pa.duration("ms")),
    ]
    assert flat(tmp_path, *columns).rows == [
        {"a": "2024-03-01", "b": "2024-03-01T12:30:00.250000Z", "c": "2024-03-01T12:30:00", "e": 2000}
        | {"d": "12:30:00.000000"}
    ]


def test_structs_become_columns_and_a_null_struct_is_missing_everywhere(tmp_path: Path) -> None:
    kind = pa.struct([("x", pa.int64()), ("y", pa.struct([("z", pa.string())]))])
    found = flat(tmp_path, pa.array([{"x": 1, "y": {"z": "t"}}, {"x": 2, "y": None}, None], kind))
    assert found.rows == [
        {"a.x": 1, "a.y.z": "t"},
        {"a.x": 2, "a.y.z": None},
        {"a.x": None, "a.y.z": None},
    ]


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 2)])
def test_lists_of_one_length_become_columns(tmp_path: Path, kind: pa.DataType) -> None:
    found = flat(tmp_path, pa.array([[1, 2], None, [3, None]], kind))
    assert found.rows == [{"a.0": 1, "a.1": 2}, {"a.0": None, "a.1": None}, {"a.0": 3, "a.1": None}]


def test_lists_of_different_lengths_count_as_present_or_missing(tmp_path: Path) -> None:
    assert flat(tmp_path, pa.array([[1], [1, 2], None, []])).rows == [
        {"a": "<list>"},
        {"a": "<list>"},
        {"a": None},
        {"a": "<list>"},
    ]


def test_a_list_longer_than_the_limit_is_not_flattened(tmp_path: Path) -> None:
    files = stored(tmp_path, pa.table({"a": [[1, 2, 3]]}))
    assert list(read(ParquetSource(files, flatten_limit=3)).rows[0]) == ["a.0", "a.1", "a.2"]
    assert read(ParquetSource(files, flatten_limit=2)).rows == [{"a": "<list>"}]


def test_all_files_flatten_lists_as_the_first_one_and_odd_lists_are_shown(tmp_path: Path) -> None:
    found = read(ParquetSource(stored(tmp_path, pa.table({"a": [[1, 2]]}), pa.table({"a": [[3], [4, 5]]}))))
    assert found.rows == [
        {"a.0": 1, "a.1": 2},
        {"a": "<list>", "a.0": None, "a.1": None},
        {"a": None, "a.0": 4, "a.1": 5},
    ]


def test_lists_of_structs_of_lists_are_flattened(tmp_path: Path) -> None:
    found = flat(tmp_path, pa.array([[{"x": [1, 2]}], [{"x": [3, 4]}]]))
    assert found.rows == [{"a.0.x.0": 1, "a.0.x.1": 2}, {"a.0.x.0": 3, "a.0.x.1": 4}]


def test_maps_and_binary_values_count_as_present_or_missing(tmp_path: Path) -> None:
    columns = [pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), pa.array([b"\xff", None])]
    assert flat(tmp_path, *columns).rows == [{"a": "<map>", "b": "<binary>"}, {"a": None, "b": None}]


def test_names_that_meet_after_flattening_are_numbered(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([{"b": 2}]), pa.array([3])], names=["a.b", "a", "a.b"])
    assert read(ParquetSource(stored(tmp_path, table))).rows == [{"a.b": 1, "a.b_2": 2, "a.b_3": 3}]


def test_every_row_group_is_read_once_wherever_the_file_is_cut(tmp_path: Path) -> None:
    table = pa.table({"a": np.arange(10_000), "b": np.random.default_rng(1).random(10_000)})
    (file,) = stored(tmp_path, table, row_group_size=700)
    source = ParquetSource((file,))
    for size in (997, 5000, 20_000, file.size):
        cuts = [*range(0, file.size, size), file.size]
        pieces = [Piece(file.path, start, end, whole=False) for start, end in pairwise(cuts)]
        batches = [batch for piece in pieces for batch in source.batches((piece,))]
        assert [row for batch in batches if batch.rows for row in batch.columns["a"].to_pylist()] == list(range(10_000))
        assert sum(batch.intake.records for batch in batches) == 10_000


def test_a_damaged_file_is_rejected_and_the_others_go_on(tmp_path: Path) -> None:
    files = stored(tmp_path, *(pa.table({"a": [number]}) for number in range(5)))
    Path(files[0].path).write_bytes(b"PAR1 nothing of it PAR1")
    Path(files[1].path).write_bytes(Path(files[1].path).read_bytes()[:-20])
    Path(files[2].path).write_bytes(b"")
    Path(files[3].path).unlink()
    found = read(ParquetSource(files))
    assert found.rows == [{"a": 4}]
    assert found.intake.rejected == {DAMAGED_FILE: 4}
    assert [bad.path for bad in found.intake.samples] == [file.path for file in files[:4]]
    assert found.reconciles


def test_a_damaged_row_group_costs_its_own_rows_only(tmp_path: Path) -> None:
    table = pa.table({"a": np.random.default_rng(1).integers(0, 2**60, 3000)})
    (file,) = stored(tmp_path, table, row_group_size=1000, use_dictionary=False, compression="snappy")
    path = Path(file.path)
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)
    found = read(ParquetSource((file,)))
    assert [row["a"] for row in found.rows] == table["a"].to_pylist()[:1000] + table["a"].to_pylist()[2000:]
    assert found.intake.rejected == {DAMAGED_GROUP: 1000}
    assert (found.intake.records, len(found.intake.samples)) == (3000, 1)


def test_a_cell_that_is_not_utf8_costs_its_row(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(pa.string(), 3, pa.array([b"x", b"\xff", b"y"]).buffers())
    found = flat(tmp_path, texts, pa.array([1, 2, 3]))
    assert found.rows == [{"a": "x", "b": 1}, {"a": "y", "b": 3}]
    assert [(bad.reason, bad.detail) for bad in found.intake.samples] == [(NOT_UTF8, "column 'a', row 2")]
    assert found.reconciles


def test_files_without_rows_or_columns_give_no_rows(tmp_path: Path) -> None:
    found = read(ParquetSource(stored(tmp_path, pa.table({"a": pa.array([], pa.int64())}), pa.table({}))))
    assert (found.rows, found.intake.records) == ([], 0)


def test_a_script_gets_every_row_as_a_dict(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def preprocess_handler(row):\n    return {'n': 10 // row['a']} if row['a'] != 1 else []\n")
    files = stored(tmp_path, pa.table({"a": [1, 2]}))
    found = read(ParquetSource(files, script=str(script)))
    assert (found.rows, found.intake.dropped, found.intake.records) == ([{"n": "5"}], 1, 2)
    with pytest.raises(ScriptError, match=r"ZeroDivisionError.*part-0\.parquet, line 2"):
        read(ParquetSource(stored(tmp_path, pa.table({"a": [1, 0]})), script=str(script)))


def test_files_in_s3_are_read_and_missing_ones_rejected(s3: Bucket, tmp_path: Path) -> None:
    (local,) = stored(tmp_path, pa.table({"a": [[1, 2]]}))
    uri = s3.put("d/a.parquet", Path(local.path).read_bytes())
    found = read(ParquetSource((File(s3.uri("d/0.parquet"), 9), File(uri, local.size))))
    assert found.rows == [{"a.0": 1, "a.1": 2}]
    assert found.intake.rejected == {DAMAGED_FILE: 1}


def test_less_common_types_are_cells() -> None:
    columns = [pa.array([np.float16(0.5)]), pa.array(["x"], pa.string_view()), pa.array([None])]
    batch = pa.record_batch(columns, names=["a", "b", "c"])
    found = flat_columns(batch, {})
    assert [str(column.type) for column in found.values()] == ["float", "string", "null"]
    empty = pa.StructArray.from_arrays([], fields=[], mask=pa.array([False]))
    assert flat_columns(pa.record_batch([empty], names=["a"]), {})["a"].to_pylist() == ["<struct>"]


def test_a_source_crosses_processes(tmp_path: Path) -> None:
    source = ParquetSource(stored(tmp_path, pa.table({"a": [1]})))
    assert read(pickle.loads(pickle.dumps(source))).rows == [{"a": 1}]  # noqa: S301 - our own bytes


@QUIET
@given(
    st.lists(st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3), min_size=1, max_size=8),
    st.integers(0, 3),
)
def test_sliced_lists_are_flattened_as_whole_ones(cells: list[list[int | None] | None], cut: int) -> None:
    """Arrow's offsets and values are those of the unsliced array."""
    array = pa.array(cells, pa.list_(pa.int64()))[min(cut, len(cells) - 1) :]
    columns = flat_columns(pa.record_batch({"a": array}), {"a": 2})
    kept = cells[min(cut, len(cells) - 1) :]
    for at in (0, 1):
        assert columns[f"a.{at}"].to_pylist() == [cell[at] if cell and len(cell) == 2 else None for cell in kept]
    odd = ["<list>" if cell is not None and len(cell) != 2 else None for cell in kept]
    assert columns.get("a", pa.nulls(len(kept))).to_pylist() == odd


@QUIET
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_whatever_is_damaged_every_row_is_counted_or_the_file_is(tmp_path: Path, seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    table = pa.table({"a": np.arange(300), "b": [f"text {at % 7}" for at in range(300)]})
    (file,) = stored(tmp_path, table, row_group_size=100)
    data = np.frombuffer(Path(file.path).read_bytes(), np.uint8).copy()
    data[random.integers(0, len(data), count)] = random.integers(0, 256, count)
    Path(file.path).write_bytes(data.tobytes())
    found = read(ParquetSource((file,)))
    assert found.reconciles
