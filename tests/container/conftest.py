"""The image under test, and a Docker engine to run it; without either, the tests say what they skipped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.box import Box, docker


@pytest.fixture(scope="session")
def image() -> str:
    """Name of the image; ANALYZER_REQUIRE_DOCKER makes its absence a failure."""
    missing = _missing()
    if missing and os.environ.get("ANALYZER_REQUIRE_DOCKER"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return os.environ["ANALYZER_IMAGE"]


@pytest.fixture
def box(image: str, tmp_path: Path) -> Iterator[Box]:
    """Fresh folders for one host, and a way to start containers that are gone after the test."""
    box = Box(image, tmp_path / "host")
    yield box
    box.remove()


@pytest.fixture
def network(image: str) -> Iterator[str]:
    """A network of its own on which hosts find each other by name."""
    name = f"analyzer-test-{os.getpid()}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)
    assert image


def _missing() -> str:
    if not os.environ.get("ANALYZER_IMAGE"):
        return "ANALYZER_IMAGE names no image to test. Hint: `make image contract` builds one and runs these tests."
    try:
        answer = subprocess.run(
            ["docker", "image", "inspect", os.environ["ANALYZER_IMAGE"]],  # noqa: S607 - the one on the PATH
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return "docker is not installed. Hint: the container tests need a local Docker engine."
    return answer.stderr.strip() if answer.returncode else ""
