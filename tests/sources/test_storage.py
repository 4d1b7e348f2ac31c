"""Bytes of stored files: whole, in ranges, and from storage that fails on the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.sources.storage import read_all, stream
from tests.conftest import Bucket
from tests.sources.faulty import faulty_storage
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
