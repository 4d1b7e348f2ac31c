"""Documents appear whole or not at all, and failures say what to do."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import boto3
import pytest
from moto import mock_aws

from analyzer import s3
from analyzer.errors import OutputUnwritable
from analyzer.reports import document
from analyzer.reports.storage import join, publish, read, remove

DEVICE_WITHOUT_SPACE = "/dev/full"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "processing" / "output"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("out", "out/a.json"),
        ("out/", "out/a.json"),
        ("s3://bucket", "s3://bucket/a.json"),
        ("s3://bucket/x/", "s3://bucket/x/a.json"),
        (Path("out"), "out/a.json"),
    ],
)
def test_names_join_folders_and_prefixes(folder: str | Path, expected: str) -> None:
    assert join(folder, "a.json") == expected


def test_other_schemes_are_refused_before_a_folder_of_that_name_is_made() -> None:
    for attempt in (lambda: join("gs://bucket", "a.json"), lambda: document.write("gs://bucket/a.json", {})):
        with pytest.raises(OutputUnwritable, match=r"gs://bucket.*Hint: write to a local folder or to S3"):
            attempt()


def test_a_document_is_written_with_its_folders_and_nothing_else_stays(folder: Path) -> None:
    document.write(folder / "a.json", {"a": 1})
    assert names(folder) == ["a.json"]
    assert names(folder.parent) == ["output"]
    assert (folder / "a.json").read_bytes() == document.render({"a": 1})


def test_while_it_is_written_the_output_folder_shows_nothing(folder: Path) -> None:
    seen: list[list[str]] = []

    def fill(file: TextIO) -> None:
        file.write("x" * 100_000)
        seen.append(names(folder))

    publish(folder / "a.json", fill)
    assert seen == [[]]


def test_a_document_replaces_that_of_an_earlier_run(folder: Path) -> None:
    document.write(folder / "a.json", [1, 2, 3])
    document.write(folder / "a.json", [])
    assert (folder / "a.json").read_text() == "[ ]"


def test_a_failure_half_way_leaves_the_old_document_and_no_draft(folder: Path) -> None:
    document.write(folder / "a.json", {"old": True})
    with pytest.raises(TypeError):
        document.write(folder / "a.json", {"new": "x" * 100_000, "bad": object()})
    assert b"old" in (folder / "a.json").read_bytes()
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


def test_another_users_agent_may_read_the_document(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        document.write(folder / "a.json", {})
    finally:
        os.umask(before)
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o644


def test_where_the_parent_takes_no_folder_the_draft_is_hidden_inside(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder.parent / ".partial").write_text("in the way")
    seen: list[list[str]] = []
    publish(folder / "a.json", lambda _: seen.append(names(folder)))
    assert [name[:8] for name in seen[0]] == [".a.json."]
    assert names(folder) == ["a.json"]


def test_an_output_folder_that_is_a_mount_of_its_own_gets_the_whole_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", across)
    document.write(folder / "a.json", ["x" * 3_000_000])
    assert (folder / "a.json").read_bytes() == document.render(["x" * 3_000_000])
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


def test_a_parent_on_another_device_is_left_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def elsewhere(self: Path, **options: bool) -> Any:
        return SimpleNamespace(st_dev=-1) if self.name == ".partial" else stat(self, **options)

    monkeypatch.setattr(Path, "stat", elsewhere)
    seen: list[list[str]] = []
    publish(folder / "a.json", lambda _: seen.append(names(folder.parent)))
    assert seen == [["output"]]
    assert names(folder) == ["a.json"]


def test_a_rename_that_fails_leaves_no_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(OutputUnwritable, match="busy"):
        document.write(folder / "a.json", {})
    assert (names(folder), names(folder.parent)) == ([], ["output"])


def test_a_pipe_in_place_of_a_document_is_written_to_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        document.write(tmp_path / "pipe", {})
        assert os.read(reader, 10) == b"{ }"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_many_writers_do_not_disturb_each_other(folder: Path) -> None:
    def many(worker: int) -> None:
        for index in range(20):
            document.write(folder / f"{worker}-{index}.json", [worker])

    threads = [threading.Thread(target=many, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(folder)) == 80


def test_a_parent_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable, match=r"file/out/a\.json: .*Hint: .*is a file"):
        document.write(tmp_path / "file" / "out" / "a.json", {})


def test_a_folder_with_the_name_of_the_document_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputUnwritable, match="Hint: a folder has the name"):
        document.write(tmp_path / "a.json", {})


@pytest.mark.skipif(not Path(DEVICE_WITHOUT_SPACE).exists(), reason="the system has no full device")
def test_a_full_disk_is_explained_and_a_device_is_never_replaced() -> None:
    with pytest.raises(OutputUnwritable, match="Hint: free space"):
        document.write(DEVICE_WITHOUT_SPACE, {"a": 1})
    assert not Path(DEVICE_WITHOUT_SPACE).is_file()


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "free space"), (errno.EROFS, "let the job's user write"), (errno.EBUSY, "check that the output")],
)
def test_a_refused_write_is_explained(folder: Path, number: int, hint: str) -> None:
    def fails(_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(OutputUnwritable, match=f"a\\.json: {os.strerror(number)}. Hint: {hint}"):
        publish(folder / "a.json", fails)
    assert names(folder) == []


def test_reading_never_waits_at_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        read(tmp_path / "pipe", 10)


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12345")
    assert read(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read(tmp_path / "a", 4)


def test_removing_what_is_not_there_is_fine(tmp_path: Path) -> None:
    remove(tmp_path / "a")
    remove("s3://bucket/a")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="reports")
        yield client


def test_a_document_goes_to_s3_and_comes_back(bucket: Any) -> None:
    large = ["x" * 9_000_000]  # more than one part
    document.write("s3://reports/run 1/ü/a.json", large)
    assert bucket.head_object(Bucket="reports", Key="run 1/ü/a.json")["ContentType"] == "application/json"
    assert read("s3://reports/run 1/ü/a.json", 10_000_000) == document.render(large)
    with pytest.raises(OSError, match="larger than"):
        read("s3://reports/run 1/ü/a.json", 100)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("uri", "why"),
    [("s3://absent/a.json", "NoSuchBucket"), ("s3://reports", "s3://bucket/key"), ("s3:///a", "s3://bucket/key")],
)
def test_s3_that_refuses_is_explained(uri: str, why: str) -> None:
    with pytest.raises(OutputUnwritable, match=f"{uri}: .*{why}.*Hint: "):
        document.write(uri, {})


@pytest.mark.usefixtures("bucket")
def test_an_absent_object_is_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        read("s3://reports/absent.json", 10)


def test_s3_without_credentials_is_an_error_of_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(s3, "_client", s3._client.__wrapped__)  # a new client looks for credentials anew
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", raising=False)
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", raising=False)
    with pytest.raises(OutputUnwritable, match="NoCredentialsError"):
        document.write("s3://reports/a.json", {})
