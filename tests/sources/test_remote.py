"""An object of S3 is a file to seek and read in, however reads fall and whatever breaks on the way."""

from __future__ import annotations

import errno
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.sources.parquet import ParquetSource
from analyzer.sources.remote import RemoteFile, opened
from analyzer.sources.splits import File
from tests.conftest import Bucket
from tests.sources.faulty import faulty_storage
from tests.sources.reading import read

DATA = bytes(range(250)) * 40
STEPS = st.lists(
    st.tuples(st.just("seek"), st.integers(0, 12_000), st.just(0))
    | st.tuples(st.just("seek"), st.integers(-10_000, 0), st.just(2))
    | st.tuples(st.just("read"), st.integers(0, 12_000), st.just(0)),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.integers(1, 500) | st.just(20_000))
def test_seeking_and_reading_are_those_of_any_file(s3: Bucket, steps: list[tuple[str, int, int]], buffer: int) -> None:
    known = io.BytesIO(DATA)
    with opened(s3.put("a ü?#%", DATA), buffer) as file:
        for verb, number, whence in steps:
            if verb == "seek":
                assert file.seek(number, whence) == known.seek(number, whence)
            else:
                assert file.read(number) == known.read(number)
            assert file.tell() == known.tell()
        assert file.read() == known.read()


def test_a_file_may_be_empty_and_nothing_is_before_its_beginning(s3: Bucket) -> None:
    with opened(s3.put("empty", b"")) as file:
        assert (file.read(), file.seek(0, io.SEEK_END), file.readable(), file.seekable()) == (b"", 0, True, True)
        with pytest.raises(OSError, match="before the beginning"):
            file.seek(-1)


def test_a_missing_object_cannot_be_opened(s3: Bucket) -> None:
    for uri in (s3.uri("none"), "s3://no-such-bucket-anywhere/x"):
        with pytest.raises(FileNotFoundError):
            opened(uri)


def test_small_reads_share_a_request(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(RemoteFile, "readinto", _counted(asked))
    with opened(s3.put("a", DATA), 4000) as file:
        assert b"".join(iter(lambda: file.read(100), b"")) == DATA
    assert asked == [(0, 4000), (4000, 4000), (8000, 4000), (10_000, 4000)]


def _counted(asked: list[tuple[int, int]]) -> object:
    plain = RemoteFile.readinto

    def readinto(self: RemoteFile, buffer: bytearray, /) -> int:
        asked.append((self.tell(), len(buffer)))
        return plain(self, buffer)

    return readinto


@pytest.mark.usefixtures("s3_endpoint")
def test_a_broken_read_resumes_at_the_byte_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_storage(monkeypatch, DATA, ["cut", "503", "drop", "cut"]) as asked, opened("s3://bucket/key") as file:
        file.seek(2000)
        assert file.read(6000) == DATA[2000:8000]
    begun = [int(re.findall(r"\d+", asked_range)[0]) for asked_range in asked]
    assert begun == sorted(begun)
    assert begun[0] == 2000 < begun[1]


@pytest.mark.usefixtures("s3_endpoint")
def test_a_read_that_never_advances_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        faulty_storage(monkeypatch, DATA, ["drop"] * 50) as asked,
        opened("s3://bucket/key") as file,
        pytest.raises(OSError, match="S3 request failed"),
    ):
        file.read()
    assert len(asked) == 6


def test_two_versions_of_an_object_are_never_mixed(s3: Bucket) -> None:
    with opened(s3.put("a", DATA), 100) as file:
        assert file.read(50) == DATA[:50]
        s3.put("a", bytes(len(DATA)))
        with pytest.raises(OSError, match="PreconditionFailed") as caught:
            file.read(200)
    assert caught.value.errno == errno.ESTALE


@pytest.mark.usefixtures("s3_endpoint")
def test_parquet_is_read_through_storage_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    pq.write_table(pa.table({"a": range(3000), "b": [[at, at] for at in range(3000)]}), data, row_group_size=500)
    faults = ["503", "drop", *["cut"] * 20]
    with faulty_storage(monkeypatch, data.getvalue(), faults):
        found = read(ParquetSource((File("s3://bucket/key", len(data.getvalue())),)))
    assert [row["b.1"] for row in found.rows] == list(range(3000))
    assert found.intake.rejected == {}
