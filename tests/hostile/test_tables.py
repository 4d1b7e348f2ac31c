"""Data sets in CSV, JSON, JSON Lines and Parquet that are damaged, empty, ragged or endless."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import ContractError
from tests.hostile.ledger import account, put, reconciled
from tests.jobs import monitor, run_job

pytestmark = pytest.mark.timeout(60)
DEEP = 100_000
ROW = b'{"a":1,"b":"x"}\n'
TRIED = 54


def _parquet(rows: int) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": range(rows), "long_name": ["x"] * rows}), file, store_schema=False)
    return file.getvalue()


# Format, content; rows, rejected by reason, lines of the rejected.
Case = tuple[str, bytes, int, dict[str, int], list[int]]
TOO_DEEP = "JSON is nested too deeply"
CELLS, QUOTES, NOT_UTF8 = "row has another number of cells", "CSV quoting is broken", "line is not UTF-8"
CASES: dict[str, Case] = {
    "a header inside": ("csv", b"a,b\n1,x\na,b\n2,y\na,b\n", 2, {"header line inside the data": 2}, [3, 5]),
    "a header only nearly repeated": ("csv", b"a,b\n1,x\na,b \nA,b\n", 3, {}, []),
    "a cell too many": ("csv", b"a,b\n1,x\n2,y,z\n3,w\n", 2, {CELLS: 1}, [3]),
    "a cell too few": ("csv", b"a,b\n1,x\n2\n3,w\n", 2, {CELLS: 1}, [3]),
    "every row of another length": ("csv", b"a,b\n1,2\n1\n1,2,3\n1,2,3,4\n", 1, {CELLS: 3}, [3, 4, 5]),
    "a quote never closed": ("csv", b'a,b\n1,x\n2,"y\n3,z\n4,w\n', 3, {QUOTES: 1}, [3]),
    "a quote closed too early": ("csv", b'a,b\n1,x\n2,"y"z\n3,w\n', 3, {}, []),
    "quoted line feeds": ("csv", b'a,b\n1,"x\ny"\n2\n3,z\n', 2, {CELLS: 1}, [4]),
    "Latin-1": ("csv", b"a,b\n1,x\n2,\xe9\n3,z\n", 2, {NOT_UTF8: 1}, [3]),
    "null bytes": ("csv", b"a,b\n1,x\n\0\0,\0\n3,z\n", 3, {}, []),
    "blank lines": ("csv", b"a,b\n\n1,x\n  \n\n2,y\n\n", 2, {}, []),
    "no line end at the end": ("csv", b"a,b\n1,x\n2,y", 2, {}, []),
    "Windows line ends": ("csv", b"a,b\r\n1,x\r\n2,y\r\n", 2, {}, []),
    "a byte-order mark": ("csv", b"\xef\xbb\xbfa,b\n1,x\n", 1, {}, []),
    "one row": ("csv", b"a,b\n1,x\n", 1, {}, []),
    "one column": ("csv", b"a\n1\n\n2\n", 2, {}, []),
    "a line cut off": ("jsonlines", ROW + b'{"a":1,"b\n' + ROW, 2, {"line is not JSON": 1}, [2]),
    "JSON in Latin-1": ("jsonlines", ROW + b'{"a":"\xe9"}\n' + ROW, 2, {NOT_UTF8: 1}, [2]),
    "deep lists": ("jsonlines", ROW + b"[" * DEEP + b"]" * DEEP + b"\n" + ROW, 2, {TOO_DEEP: 1}, [2]),
    "deep objects": (
        "jsonlines", ROW + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"\n" + ROW, 2, {TOO_DEEP: 1}, [2],
    ),
    "an empty object": ("jsonlines", ROW + b"{}\n" + ROW, 3, {}, []),
    "an empty list": ("jsonlines", ROW + b"[]\n" + ROW, 2, {"record holds no rows": 1}, [2]),
    "a key given twice": ("jsonlines", ROW + b'{"a":1,"a":2,"b":"x"}\n' + ROW, 3, {}, []),
    "bare NaN": ("jsonlines", ROW + b'{"a":NaN,"b":-Infinity}\n' + ROW, 3, {}, []),
    "1,000 digits": ("jsonlines", ROW + b'{"a":' + b"9" * 1000 + b"}\n" + ROW, 3, {}, []),
    "5,000 digits": ("jsonlines", ROW + b'{"a":' + b"9" * 5000 + b"}\n" + ROW, 3, {}, []),
    "a cell of 10 MB": ("jsonlines", ROW + b'{"a":"' + b"x" * 10_000_000 + b'"}\n' + ROW, 3, {}, []),
    "another type in every line": (
        "jsonlines", b'{"a":1}\n{"a":"x"}\n{"a":true}\n{"a":null}\n{"a":{"b":1}}\n{"a":[1]}\n{"b":1}\n', 7, {}, [],
    ),
    "another key in every line": ("jsonlines", b"".join(b'{"k%d":1}\n' % at for at in range(2000)), 2000, {}, []),
    "too many keys": (
        "jsonlines", ROW + json.dumps({"x": {str(at): 1 for at in range(5000)}}).encode() + b"\n" + ROW, 2,
        {"payload has too many columns": 1}, [2],
    ),
    "names that multiply": (
        "jsonlines", ROW + b'{"x":1,"' + (b"K" * 7000 + b'":{"x":1,"') * 900 + b'a":1' + b"}" * 901 + b"\n" + ROW, 2,
        {"column names of a payload are too long": 1}, [2],
    ),
    "a document cut off": ("json", b'[{"a":1},{"a":2', 0, {"payload is not JSON": 1}, [0]),
    "a document of one row": ("json", b'[{"a":1}]', 1, {}, []),
    "a document that is empty": ("json", b"[]", 0, {"record holds no rows": 1}, [0]),
    "a document too deep": ("json", b"[" * DEEP + b"]" * DEEP, 0, {TOO_DEEP: 1}, [0]),
    "a document of mixed rows": ("json", b'[{"a":1},[],{"a":{"b":[1,2]}}]', 2, {"record holds no rows": 1}, [0]),
    "Parquet of no rows": ("parquet", _parquet(0), 0, {}, []),
    "Parquet of one row": ("parquet", _parquet(1), 1, {}, []),
    "Parquet cut off": ("parquet", _parquet(50)[:-100], 0, {"file is not readable Parquet": 1}, [0]),
    "Parquet with a name that is not UTF-8": (
        "parquet", _parquet(5).replace(b"long_name", b"\xff\xfeng_name"), 0, {"file is not readable Parquet": 1}, [0],
    ),
    "Parquet that is CSV": ("parquet", b"a,b\n1,2\n", 0, {"file is not readable Parquet": 1}, [0]),
}  # fmt: skip
EMPTY: dict[str, tuple[str, bytes]] = {
    "an empty CSV": ("csv", b""),
    "a CSV of a header only": ("csv", b"a,b\n"),
    "a CSV of blank lines": ("csv", b"\n\n \n"),
    "a CSV of nothing sound": ("csv", b"a,b\n1\n2,3,4\n"),
    "an empty JSON document": ("json", b""),
    "a JSON document of no rows": ("json", b"[]"),
    "empty JSON Lines": ("jsonlines", b""),
    "JSON Lines of nothing sound": ("jsonlines", b"{\n}\n"),
    "Parquet without rows": ("parquet", _parquet(0)),
    "a capture file without records": ("capture", b"\n\n"),
    "a capture file of nothing sound": ("capture", b"{}\n[]\n"),
    "an empty capture file": ("capture", b""),
}


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    return run_job(folder / "out", put(folder, "x.csv", b"a,b\n1,x\n2,y\n"), dataset_format="csv").output


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_data_set_is_read_as_far_as_it_is_sound(tmp_path: Path, baseline: Path, name: str) -> None:
    """Monitoring, because a baseline of no rows is an error."""
    form, data, rows, rejected, lines = CASES[name]

    finished = monitor(tmp_path / "out", put(tmp_path, "x.data", data), baseline, dataset_format=form)

    told = reconciled(finished)
    assert (told.rows, told.rejected, told.places) == (rows, rejected, lines)


def test_a_binary_file_read_as_csv_is_only_nonsense(tmp_path: Path, baseline: Path) -> None:
    finished = monitor(tmp_path / "out", put(tmp_path, "x.csv", _parquet(50)), baseline, dataset_format="csv")

    assert reconciled(finished).records


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_is_no_baseline_but_can_be_monitored(tmp_path: Path, baseline: Path, name: str) -> None:
    form, data = EMPTY[name]
    source = put(tmp_path, "x.data", data)

    told = account(monitor(tmp_path / "out", source, baseline, dataset_format=form))
    with pytest.raises(ContractError, match="holds no rows to learn a baseline from"):
        run_job(tmp_path / "new", source, dataset_format=form)

    assert told.rows == 0
    assert told.records == sum(told.rejected.values())
    assert not (tmp_path / "new").exists()


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(CASES) + 1 + len(EMPTY) == TRIED
