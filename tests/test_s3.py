"""S3: what is an address, one client for each process, and every failure as OSError with the fitting number."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from analyzer import s3 as module
from tests.conftest import Bucket


@pytest.mark.parametrize(
    ("path", "remote"),
    [("s3://b/k", True), ("s3:/b", False), ("/s3://b", False), ("a://b/../c", None), ("C:\\x", False), ("", False)],
)
def test_a_path_is_local_or_an_s3_uri_and_other_schemes_are_refused(path: str, remote: bool | None) -> None:
    if remote is None:
        with pytest.raises(OSError, match="only local paths and s3://"):
            module.is_remote(path)
    else:
        assert module.is_remote(path) is remote


def test_a_path_object_is_local() -> None:
    assert not module.is_remote(Path("s3://bucket/key"))  # pathlib makes it s3:/bucket/key


@given(st.text(st.characters(exclude_characters="/"), min_size=1), st.text())
def test_any_key_comes_back_from_its_uri(bucket: str, key: str) -> None:
    assert module.address(f"s3://{bucket}/{key}") == (bucket, key)


@pytest.mark.parametrize("uri", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://bucket/folder/"])
def test_what_names_no_object_is_refused(uri: str) -> None:
    with pytest.raises(OSError, match="s3://bucket/key"):
        module.object_address(uri)


def test_an_object_is_read_up_to_a_limit(s3: Bucket) -> None:
    uri = s3.put("a ü?#%.json", b"12345")
    assert module.read(uri, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as caught:
        module.read(uri, 4)
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(FileNotFoundError, match="NoSuchKey"):
        module.read(s3.uri("absent"), 5)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("404", errno.ENOENT),
        ("ExpiredToken", errno.EACCES),
        ("412", errno.ESTALE),
        ("SlowDown", errno.EBUSY),
        ("X", errno.EIO),
    ],
)
def test_answers_of_s3_have_their_number(code: str, number: int) -> None:
    with pytest.raises(OSError, match=f"S3 answered {code}") as caught, module.storage_errors():
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "GetObject")
    assert caught.value.errno == number


def test_a_code_cannot_forge_a_message() -> None:
    with pytest.raises(OSError, match=r"S3 answered ab$"), module.storage_errors():
        raise ClientError({"Error": {"Code": "a\n\x1b b"}}, "GetObject")


def test_a_failed_connection_names_no_address() -> None:
    with pytest.raises(OSError, match=r"S3 request failed: EndpointConnectionError$"), module.storage_errors():
        raise EndpointConnectionError(endpoint_url="https://user:secret@host")


@pytest.mark.usefixtures("s3_endpoint")
def test_each_process_has_one_client_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first = module.client()
    assert module.client() is first
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert module.client() is not first
