"""docker-compose.yml: the demo reads s3:// on one host and on two, with the same result, with either Docker Compose."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.container.box import docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]

ROOT = Path(__file__).parents[2]
PROJECT = f"analyzer-test-{os.getpid()}"
STAND_IN = "model-monitor-analyzer-s3"
VERSIONS = ("docker-compose", "docker compose")
COMPARE = """\
from analyzer import s3
from demo.faults import FAULTS
import json
for name in ("statistics.json", "constraints.json", "constraint_violations.json"):
    one, two = (json.loads(s3.read(f"s3://demo/report-of-{hosts}/{name}", 1 << 26)) for hosts in ("one", "two"))
    assert one == two, name
found = {(each["feature_name"], each["constraint_check_type"]) for each in two["violations"]}
print(sum((fault.column, fault.check) in found for fault in FAULTS) == len(FAULTS))
"""

Up = Callable[[str], str]


def installed(compose: str) -> bool:
    """Whether this Docker Compose can be called."""
    try:
        return not subprocess.run([*compose.split(), "version"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


@pytest.fixture(params=VERSIONS)
def up(image: str, request: pytest.FixtureRequest) -> Iterator[Up]:
    """Starts the jobs on one or two hosts; the log of the last."""
    if not installed(request.param):
        missing = f"`{request.param}` is not installed"
        if os.environ.get("ANALYZER_REQUIRE_DOCKER") and not any(map(installed, VERSIONS)):
            pytest.fail(f"{missing}, nor any other Docker Compose")
        pytest.skip(missing)
    chosen = {"COMPOSE": request.param, "COMPOSE_PROJECT_NAME": PROJECT, "S3_PORT": "0", "ANALYZER_IMAGE": image}
    environment = os.environ | chosen

    def start(hosts: str) -> str:
        command = ["container/up", hosts]
        answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        environment["ANALYZER_S3_IMAGE"] = STAND_IN  # built by the first call, and not again
        return answer.stderr

    yield start
    subprocess.run(["make", "down"], cwd=ROOT, env=environment, capture_output=True, check=True)  # noqa: S607


def test_the_demo_finds_its_faults_on_one_host_and_the_same_on_two(up: Up) -> None:
    assert "CompletedWithViolations" in up("one")
    assert "Engine spark" in up("two")
    labels = [f"--filter=label=com.docker.compose.{key}" for key in (f"project={PROJECT}", "service=s3")]
    stand_in = docker("ps", "--quiet", *labels)
    address = "--env=AWS_ENDPOINT_URL=http://127.0.0.1:5000"
    assert docker("exec", address, stand_in, "python", "-c", COMPARE) == "True"
