"""Documents appear whole or not at all, and failures say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

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
