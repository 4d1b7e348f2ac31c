"""Planning of splits, manifests, and the bytes of stored files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import SourceUnreadable
from analyzer.sources import splits
from analyzer.sources.splits import (
    File,
    Piece,
    expand_manifest,
    looks_like_manifest,
    plan,
    quote_aware_cuts,
    read_all,
    stream,
)
from tests.conftest import Bucket

in_tmp = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stored(path: Path, data: bytes) -> File:
    path.write_bytes(data)
    return File(str(path), len(data))


def test_small_files_share_a_split_and_large_ones_are_cut(tmp_path: Path) -> None:
    files = [File("/a", 3), File("/b", 4), stored(tmp_path / "c", b"x" * 25), File("/d", 5), File("/e", 1)]
    c = files[2].path
    assert plan(files, size=10) == [
        (Piece("/a", 0, 3, whole=True), Piece("/b", 0, 4, whole=True)),
        (Piece(c, 0, 10, whole=False),),
        (Piece(c, 10, 20, whole=False),),
        (Piece(c, 20, 25, whole=False), Piece("/d", 0, 5, whole=True)),
        (Piece("/e", 0, 1, whole=True),),
    ]


@pytest.mark.parametrize(
    "head",
    [gzip.compress(b"x"), b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b"\xff\xfea\x00", b"\xfe\xff\x00a", b"\xfd7zXZ\x00"],
)
def test_packed_files_stay_whole_whatever_their_name(tmp_path: Path, head: bytes) -> None:
    file = stored(tmp_path / "x.jsonl", head + b"x" * 100)
    assert plan([file], size=10) == [(Piece(file.path, 0, file.size, whole=True),)]


def test_a_text_that_begins_like_an_archive_is_cut(tmp_path: Path) -> None:
    assert len(plan([stored(tmp_path / "x.csv", b"BZh9,b\n" * 10)], size=10)) == 7


def test_unreadable_and_unsplittable_files_stay_whole(tmp_path: Path) -> None:
    missing, real = File(str(tmp_path / "none"), 100), stored(tmp_path / "x", b"x" * 100)
    assert len(plan([missing], size=10)) == len(plan([real], splittable=False, size=10)) == 1


def test_nothing_is_no_split() -> None:
    assert plan([]) == []


@given(sizes=st.lists(st.integers(1, 100), max_size=30), size=st.integers(1, 60))
def test_every_byte_is_planned_once_in_order(sizes: list[int], size: int) -> None:
    files = [File(f"/{at:03}", length) for at, length in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_is_plain", lambda _path: True)
        planned = plan(files, size=size)
    covered = [(p.path, at) for split in planned for p in split for at in range(p.start, p.end)]
    assert covered == [(file.path, at) for file in files for at in range(file.size)]
    assert all(sum(p.end - p.start for p in split) <= size for split in planned)


fields = st.text(st.sampled_from('ab"\n,é'), max_size=8)


@in_tmp
@given(rows=st.lists(st.lists(fields, min_size=2, max_size=2), max_size=30), size=st.integers(1, 40))
def test_csv_is_cut_between_records_only(tmp_path: Path, rows: list[list[str]], size: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    data = text.getvalue().encode()
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    cuts = quote_aware_cuts(str(path), size, chunk_bytes=7)
    parts = [data[start:end].decode() for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert [row for part in parts for row in csv.reader(io.StringIO(part, newline=""))] == rows
    assert cuts == sorted(set(cuts)) == quote_aware_cuts(str(path), size)


def test_csv_pieces_begin_at_the_cuts(tmp_path: Path) -> None:
    file = stored(tmp_path / "x.csv", b'"a\nb"\n' * 5)
    assert [(p.start, p.end) for split in plan([file], size=10, cuts=quote_aware_cuts) for p in split] == [
        (0, 12),
        (12, 24),
        (24, 30),
    ]


def test_a_record_that_ends_at_the_wanted_size_is_cut_there(tmp_path: Path) -> None:
    assert quote_aware_cuts(stored(tmp_path / "x.csv", b'"a\nb"\n' * 3).path, 6) == [6, 12]


def test_an_unclosed_quote_leaves_one_large_piece(tmp_path: Path) -> None:
    assert quote_aware_cuts(stored(tmp_path / "x.csv", b'a\n"b\n' + b"c\n" * 50).path, 10) == []


ARRAY = b'[{"prefix":"s3://bucket/x/"},"part-0.csv.out","a/part-1"]'
OBJECT = b' [ {"prefix": "s3://bucket/in/test.json"} ,\n ""]\n'
LINES = b'{"prefix":"s3://bucket/x/"}\n"part-0"\r\n\n"part-1"\n'
ARRAYS = b'[{"prefix":"s3://b/x/"},"1"]\n[{"prefix":"s3://b/y/"},"2"]'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ARRAY, ["s3://bucket/x/part-0.csv.out", "s3://bucket/x/a/part-1"]),
        (OBJECT, ["s3://bucket/in/test.json"]),
        (LINES, ["s3://bucket/x/part-0", "s3://bucket/x/part-1"]),
        (ARRAYS, ["s3://b/x/1", "s3://b/y/2"]),
        (b"\xef\xbb\xbf" + ARRAY, ["s3://bucket/x/part-0.csv.out", "s3://bucket/x/a/part-1"]),
        (b'[{"prefix":"/data/x/"},"1"]', ["/data/x/1"]),
        (b'[{"prefix":"s3://bucket/x/"}]', []),
    ],
)
def test_manifests_of_every_spelling_are_recognised_and_expanded(data: bytes, expected: list[str]) -> None:
    assert looks_like_manifest(data)
    assert expand_manifest(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\n1,2\n",
        b'{"prefix":"Dr","name":"x"}\n',
        b'[{"prefix":"Dr"},{"prefix":"Mr"}]',
        b'[{"prefix":"s3://x/","more":1}]',
        b'{"captureData":{}}',
    ],
)
def test_data_is_not_taken_for_a_manifest(data: bytes) -> None:
    assert not looks_like_manifest(data)


@pytest.mark.parametrize(
    "value",
    [
        [{"prefix": "s3://bucket/x/"}, "../y"],
        [{"prefix": "s3://bucket/x/"}, "a/../../y"],
        [{"prefix": "/data/"}, "../etc/passwd"],
        [{"prefix": "/data/."}, "./etc/passwd"],
        [{"prefix": "s3://bucket/"}, "a\0b"],
        [{"prefix": "data/"}, "x"],
        [{"prefix": "s3://bucket"}, "x"],
        [{"prefix": "http://host/"}, "x"],
        ["x"],
        [1],
        "x",
    ],
)
def test_manifests_that_leave_their_prefix_or_have_none_are_refused(value: Any) -> None:
    with pytest.raises(SourceUnreadable, match="Hint: a manifest looks like"):
        expand_manifest(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"[" * 100_000, b'[{"prefix"', b"\xff\xfe", b'{"prefix":"s3://b/\xff"}\n"x"'])
def test_damaged_manifests_are_refused(data: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="not a manifest"):
        expand_manifest(data)


def test_a_manifest_on_s3_may_not_name_local_files(s3: Bucket, tmp_path: Path) -> None:
    data = b'[{"prefix":"/etc/"},"passwd"]'
    with pytest.raises(SourceUnreadable, match="'/etc/', which cannot be read"):
        expand_manifest(s3.put("manifest", data))
    assert expand_manifest(stored(tmp_path / "manifest", data).path) == ["/etc/passwd"]


def test_small_files_are_read_whole_up_to_a_limit(tmp_path: Path, s3: Bucket) -> None:
    data = b"1" * 300_000
    for path in (stored(tmp_path / "a", data).path, s3.put("a", data)):
        assert read_all(path, limit=300_000) == data
        with pytest.raises(SourceUnreadable, match="larger than 299999 bytes"):
            read_all(path, limit=299_999)


def test_what_cannot_be_read_whole_is_an_error(tmp_path: Path, s3: Bucket) -> None:
    for path in (str(tmp_path / "none"), str(tmp_path), s3.uri("none"), "gs://b/x"):
        with pytest.raises(SourceUnreadable, match=r"cannot be read.*Hint"):
            read_all(path)


def test_an_empty_object_is_empty(s3: Bucket) -> None:
    assert read_all(s3.put("empty", b"")) == b""


@pytest.mark.parametrize("start", [0, 1, 299_999, 300_000, 400_000])
def test_ranges_of_s3_objects_reach_to_their_end(s3: Bucket, start: int) -> None:
    data = bytes(range(250)) * 1200
    assert b"".join(stream(s3.put("a", data), start, start + 10)) == data[start:]


@contextmanager
def faulty_storage(monkeypatch: pytest.MonkeyPatch, data: bytes, faults: list[str]) -> Iterator[list[str]]:
    """A server of one object whose first answers fail: 'cut' halfway, 'drop' at once, '503', 'replaced' by another."""
    asked: list[str] = []
    version = ["one"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Range"])
            fault = faults.pop(0) if faults else ""
            version[0] = "two" if fault == "replaced" else version[0]
            if fault == "503" or self.headers.get("If-Match", version[0]) != version[0]:
                self.send_response(503 if fault == "503" else 412)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first, last = (int(part) for part in re.findall(r"\d+", asked[-1]))
            body = data[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(data)}")
            self.send_header("ETag", version[0])
            self.end_headers()
            sent = {"cut": len(body) // 2, "drop": 0}.get(fault, len(body))
            self.wfile.write(body[:sent])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(splits, "_REMOTE_CHUNK", 1000)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        try:
            yield asked
        finally:
            server.shutdown()


@pytest.mark.usefixtures("s3_endpoint")
def test_a_broken_stream_resumes_at_the_byte_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 100
    with faulty_storage(monkeypatch, data, ["cut", "503", *["cut"] * 8]) as asked:
        assert b"".join(stream("s3://bucket/key", 0, len(data))) == data
    begun = [int(re.findall(r"\d+", asked_range)[0]) for asked_range in asked]
    assert begun == sorted(begun)
    assert 0 < begun[1] < begun[-1] < len(data)


@pytest.mark.usefixtures("s3_endpoint")
def test_a_stream_that_never_advances_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        faulty_storage(monkeypatch, b"x" * 500, ["cut"] + ["drop"] * 50) as asked,
        pytest.raises(SourceUnreadable, match="S3 request failed"),
    ):
        read_all("s3://bucket/key")
    assert len(asked) == 6


@pytest.mark.usefixtures("s3_endpoint")
def test_an_object_replaced_while_it_is_read_is_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        faulty_storage(monkeypatch, b"x" * 50_000, ["cut", "replaced"]),
        pytest.raises(SourceUnreadable, match="replaced while it was read"),
    ):
        read_all("s3://bucket/key")
