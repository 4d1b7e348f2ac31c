"""Bytes of stored files: whole, in ranges, and from storage that fails on the way."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.sources import storage
from analyzer.sources.storage import read_all, stream
from tests.conftest import Bucket
from tests.sources.raw import stored


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
        monkeypatch.setattr(storage, "_REMOTE_CHUNK", 1000)
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
