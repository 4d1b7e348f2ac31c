"""Fixtures shared by all tests: a real S3 API, served by moto in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests import jars


def pytest_configure(config: pytest.Config) -> None:
    """Deequ's jars are known to Java from its start, so they must be there before any test starts it."""
    jars.prepare(may_fetch=not hasattr(config, "workerinput"))


@dataclass(frozen=True)
class Bucket:
    """A fresh bucket of the moto server."""

    name: str
    client: Any

    def put(self, key: str, data: bytes) -> str:
        """Store an object; its URI."""
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return self.uri(key)

    def uri(self, key: str) -> str:
        """URI of a key or prefix."""
        return f"s3://{self.name}/{key}"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """URL of a moto server, also in AWS_ENDPOINT_URL, with credentials that open nothing."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    endpoint = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port, server)
            yield endpoint
        finally:
            server.terminate()
            server.wait(timeout=10)


@pytest.fixture
def s3(s3_endpoint: str) -> Bucket:
    """An empty bucket."""
    import boto3  # noqa: PLC0415 - only tests of S3 wait for it

    client = boto3.session.Session().client("s3", endpoint_url=s3_endpoint)
    name = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    return Bucket(name, client)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the moto server ended with {server.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the moto server did not start")
