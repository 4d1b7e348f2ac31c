"""Which files a job reads and as what: told by first bytes, manifests, hours, and the sentence on where it looked."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import SourceUnreadable
from analyzer.monitors.detection import MANIFEST_BYTES, detected
from analyzer.monitors.inputs import Input, open_input
from analyzer.sources.files import list_files
from tests.asked import from_nothing_else
from tests.conftest import Bucket
from tests.jobs import capture, run_job


def parquet() -> bytes:
    """A Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), file)
    return file.getvalue()


TEXTS = {
    "a header": (b"age,name,info\n1,Ann,x\n", ("csv", True)),
    "a header in quotes": (b'\xef\xbb\xbf"age","name"\r\n"1","Ann"\r\n', ("csv", True)),
    "names that begin like words for numbers": (b"inference,nano,inf_count\n1,2,3\n", ("csv", True)),
    "no header": (b"Ann,1,x\nBob,2,y\n", ("csv", False)),
    "no header but signs and blanks": (b"\n Ann , -.5\n", ("csv", False)),
    "no header but quotes": (b'"Ann","1"\n', ("csv", False)),
    "no header but infinities": (b"Ann,-inf\r\n", ("csv", False)),
    "no header but a NaN": (b"NaN,Ann\n", ("csv", False)),
    "a row that no line ends": (b"Ann," * 40_000 + b"1", ("csv", True)),
    "one JSON document": (b' [{"a": 1},\n {"a": 2}]', ("json", False)),
    "a list of numbers": (b"[1, 2]", ("json", False)),
    "JSON Lines": (b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', ("jsonlines", False)),
    "JSON that mentions captures": (json.dumps({"text": '{"captureData": {}}'}).encode(), ("jsonlines", False)),
    "captures": (json.dumps(capture("1,2", "0.5")).encode() + b"\n", ("capture", False)),
    "captures below damage": (b"\n\x00{\n" + json.dumps(capture("1,2", "0.5")).encode(), ("capture", False)),
    "nothing but blanks": (b" \n\n", ("csv", True)),
}
every_text = pytest.mark.parametrize("name", TEXTS)


def told(source: Path | str) -> tuple[str, bool]:
    """The layout of what lies below a path."""
    form = detected(list_files(str(source)).files)
    return form.kind, form.header


@every_text
def test_the_first_bytes_tell_the_layout(tmp_path: Path, name: str) -> None:
    data, expected = TEXTS[name]
    (tmp_path / "data").write_bytes(data)
    assert told(tmp_path) == expected


@every_text
def test_gzip_is_looked_into(tmp_path: Path, name: str) -> None:
    data, expected = TEXTS[name]
    (tmp_path / "data").write_bytes(gzip.compress(b"") + gzip.compress(data))
    assert told(tmp_path) == expected


@every_text
def test_what_a_manifest_lists_is_looked_at(tmp_path: Path, name: str) -> None:
    data, expected = TEXTS[name]
    (tmp_path / "b").write_bytes(data)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.manifest").write_text(json.dumps([{"prefix": f"{tmp_path}/"}, "b"]))
    assert told(tmp_path / "in") == expected


def test_the_first_bytes_tell_parquet(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(parquet())
    assert told(tmp_path) == ("parquet", False)


def test_capture_formats_read_both_sides(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(TEXTS["captures"][0])
    assert detected(list_files(str(tmp_path)).files).capture_sides == ("endpointInput", "endpointOutput")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(b"Ann,1\n" * 9)[:-9], "csv"),
        (b"\x1f\x8b\x08broken", "csv"),
        (gzip.compress(b"1,2\n" * 10**7, 1), "csv"),
        (b"\x28\xb5\x2f\xfd rejected whatever it is", "capture"),
        (b'[{"prefix": "s3://bucket/"}' + b" " * MANIFEST_BYTES + b"]", "json"),
        (b"\xff" * 10_000, "csv"),
    ],
    ids=["cut gzip", "damaged gzip", "swelling gzip", "zstd", "large manifest", "binary"],
)
def test_a_damaged_beginning_is_a_layout_too_and_reading_tells(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "data").write_bytes(data)
    assert told(tmp_path)[0] == kind


def test_without_a_readable_file_there_is_a_layout(tmp_path: Path) -> None:
    assert detected([]).kind == "csv"
    (tmp_path / "data").write_bytes(b"{}")
    files = list_files(str(tmp_path)).files
    (tmp_path / "data").unlink()
    assert detected(files).kind == "csv"


def test_manifests_and_gzip_in_a_bucket_need_no_format(s3: Bucket, tmp_path: Path) -> None:
    s3.put("out/part-0.csv.out", gzip.compress(b"Ann,1\n" * 30_000))
    s3.put("out/part-1.csv.out", b"Bob,2\n")
    uri = s3.put("in/a", json.dumps([{"prefix": s3.uri("out/")}, "part-0.csv.out", "part-1.csv.out"]).encode())

    done = run_job(tmp_path, uri)

    assert {name: each["inferred_type"] for name, each in done.features.items()} == {"_c0": "String", "_c1": "Integral"}
    assert done.document("statistics.json")["dataset"]["item_count"] == 30_001


def test_a_manifest_that_lists_nothing_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('[{"prefix": "s3://bucket/x/"}]')
    given = open_input(from_nothing_else(dataset_source=str(tmp_path)), None)
    assert (given.files, given.size_text) == (0, "0 files of 0.0 MiB")


def test_a_manifest_in_a_bucket_cannot_name_files_of_the_machine(s3: Bucket, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a,b\n1,2\n")
    uri = s3.put("in/a", json.dumps([{"prefix": f"{tmp_path}/"}, "secret"]).encode())
    for named in ({}, {"dataset_format": "csv"}):
        with pytest.raises(SourceUnreadable, match="cannot be read"):
            open_input(from_nothing_else(dataset_source=uri, **named), None)


def hours(folder: Path, *names: str, **settings: str) -> Input:
    """The input of a job from 10 to 12 o'clock over a CSV file in each of these hour folders."""
    for name in names:
        (folder / f"2026/01/01/{name}").mkdir(parents=True)
        (folder / f"2026/01/01/{name}/f.csv").write_text("a\n1\n")
    window = {"start_time": "2026-01-01T10:00:00Z", "end_time": "2026-01-01T12:00:00Z", **settings}
    return open_input(from_nothing_else(dataset_source=str(folder), dataset_format="csv", **window), None)


def test_tabular_files_count_with_their_hour_and_the_neighbouring_hours_are_named(tmp_path: Path) -> None:
    given = hours(tmp_path, "08", "09", "10", "11", "12", "13")
    paths = [piece.path[-8:] for split in given.plain.splits() for piece in split]
    assert paths == ["10/f.csv", "11/f.csv"]
    assert "nearest hours with data: 2026-01-01T09:00Z and 2026-01-01T12:00Z" in given.searched


def test_hours_that_a_window_only_touches_count(tmp_path: Path) -> None:
    given = hours(tmp_path, "09", "10", "11", "12", start_time="2026-01-01T10:59:59Z", end_time="2026-01-01T11:00:01Z")
    assert given.files == 2


def test_the_sentence_on_where_was_looked_counts_like_people(tmp_path: Path) -> None:
    given = hours(tmp_path, "10")
    assert given.size_text.startswith("1 file of")
    assert given.searched.endswith("; 1 file there")
    (tmp_path / "empty").touch()
    assert hours(tmp_path).searched.endswith("; 1 file there; 1 file was left out (empty file)")
    (tmp_path / "void").touch()
    (tmp_path / "more").write_text("a\n2\n")
    assert hours(tmp_path).searched.endswith("; 2 files there; 2 files were left out (empty file)")
