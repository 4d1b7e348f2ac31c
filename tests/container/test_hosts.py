"""Two hosts named as the platform names them: one job, one report, and an end for all when one fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.box import SOURCE, Box, Ended, docker, until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.xdist_group("docker")]

NAMES = ("algo-1", "algo-2")
MAIN = "/opt/analyzer/lib/python3.11/site-packages/analyzer/__main__.py"
PROBE = f"--volume={Path(__file__).with_name('probe.py')}:{MAIN}:ro"
ROWS = "age,city\n" + "".join(f"{20 + row % 50},{'ABC'[row % 3]}\n" for row in range(500))
REQUEST = {"ProcessingJobArn": "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/test"}


class Pair:
    """Two hosts of one job on a network of their own."""

    def __init__(self, image: str, folder: Path, network: str) -> None:
        self.boxes = [Box(image, folder / name, f"{network}-{name}") for name in NAMES]
        self._network = network
        for box, name in zip(self.boxes, NAMES, strict=True):
            box.put("train.csv", ROWS)
            resources = {"current_host": name, "hosts": list(NAMES)}
            box.configure({"resourceconfig.json": resources, "processingjobconfig.json": REQUEST})

    def start(self, *flags: str, only: tuple[int, ...] = (0, 1), **variables: str) -> None:
        """Start the hosts, each with 2 GiB of memory."""
        for at in only:
            named = (f"--network={self._network}", f"--network-alias={NAMES[at]}", f"--hostname={NAMES[at]}")
            self.boxes[at].start(*named, "--memory=2g", *flags, **variables)

    def ended(self) -> tuple[Ended, Ended]:
        """What both left."""
        first, second = (box.wait(box.name) for box in self.boxes)
        return first, second

    def log(self, at: int) -> str:
        return docker("logs", self.boxes[at].name)


@pytest.fixture
def pair(image: str, network: str, tmp_path: Path) -> Iterator[Pair]:
    """Two hosts that are gone after the test."""
    pair = Pair(image, tmp_path, network)
    yield pair
    for box in pair.boxes:
        box.remove()


def test_a_job_of_two_hosts_has_the_report_of_one(pair: Pair, box: Box) -> None:
    pair.start()
    first, second = pair.ended()
    box.put("train.csv", ROWS)
    alone = box.run("--network=none")
    assert (first.code, second.code) == (0, 0), first.log
    assert "Engine spark" in first.log
    assert (first.message, second.message, second.files) == (alone.message, "", set())
    for name in ("statistics.json", "constraints.json"):
        assert json.dumps(first.document(name)) == json.dumps(alone.document(name))


def test_hosts_that_have_a_part_of_the_files_each_report_on_all_of_them(pair: Pair, box: Box) -> None:
    """Files are dealt out over the hosts, as ShardedByS3Key does it; the report is that of a host with all files."""
    storage = {"LocalPath": SOURCE, "S3Uri": "s3://bucket/data", "S3DataDistributionType": "ShardedByS3Key"}
    request = REQUEST | {"ProcessingInputs": [{"InputName": "data", "S3Input": storage}]}
    for at in range(6):
        rows = ROWS.replace(",A\n", f",{at}\n")
        pair.boxes[at % 2].put(f"part-{at}.csv", rows)
        box.put(f"part-{at}.csv", rows)
    for host in pair.boxes:
        (host.root / "input/train.csv").unlink()
        host.configure({"processingjobconfig.json": request})
    pair.start()
    first, second = pair.ended()
    alone = box.run("--network=none")
    assert (first.code, second.code, second.message) == (0, 0, ""), first.log + second.log
    assert "2 hosts have a part of the input each" in first.log
    for name in ("statistics.json", "constraints.json"):
        assert json.dumps(first.document(name)) == json.dumps(alone.document(name))


@pytest.mark.parametrize("user", ["--user=1000:0", "--user=12345"])
def test_executors_of_both_hosts_work(pair: Pair, user: str) -> None:
    pair.start(PROBE, user)
    first, second = pair.ended()
    assert (first.code, second.code) == (0, 0), first.log + second.log
    assert "hosts: algo-1 algo-2" in first.log


def test_all_hosts_end_with_the_exit_code_of_the_job(pair: Pair) -> None:
    pair.start(PROBE, PROBE_CODE="10")
    assert [ended.code for ended in pair.ended()] == [10, 10]


@pytest.mark.parametrize("lost", [0, 1])
def test_the_death_of_a_host_ends_the_other_with_its_name(pair: Pair, lost: int) -> None:
    pair.start(PROBE, PROBE_SECONDS="100")
    until(lambda: "has joined" in pair.log(0))
    began = time.monotonic()
    docker("kill", pair.boxes[lost].name)
    left = pair.ended()[1 - lost]
    assert (left.code, f"host {NAMES[lost]}" in left.message) == (4, True), left.message
    assert time.monotonic() - began < 60


@pytest.mark.timeout(600)  # the system takes its time to find a process to kill
def test_hosts_without_memory_are_named_with_a_remedy(pair: Pair) -> None:
    pair.start(PROBE, "--memory-swap=2g", PROBE_HUNGRY="yes")
    first, second = pair.ended()
    assert (first.code, second.code, second.message) == (4, 4, ""), first.log
    assert first.message.startswith("Error: out of memory: the system killed processes of host algo-"), first.log
    assert "Hint: use an instance type with more memory" in first.message


def test_a_host_that_is_cut_off_is_noticed(pair: Pair, network: str) -> None:
    """No connection is closed here; only silence tells."""
    pair.start(PROBE, PROBE_SECONDS="100")
    until(lambda: "has joined" in pair.log(0))
    began = time.monotonic()
    docker("network", "disconnect", network, pair.boxes[1].name)
    first, second = pair.ended()
    assert (first.code, second.code) == (4, 4)
    assert ("host algo-2" in first.message, "host algo-1" in second.message) == (True, True)
    assert time.monotonic() - began < 60


def test_stop_signals_end_both_hosts(pair: Pair) -> None:
    pair.start(PROBE, PROBE_SECONDS="100")
    until(lambda: "has joined" in pair.log(0))
    began = time.monotonic()
    docker("kill", "--signal=TERM", *(box.name for box in pair.boxes))
    first, second = pair.ended()
    assert (first.code, second.code in (143, 4)) == (143, True)
    assert first.message.startswith("Stopped: SIGTERM")
    assert time.monotonic() - began < 10


def test_a_late_host_is_waited_for(pair: Pair) -> None:
    pair.start(PROBE, only=(1,))
    time.sleep(8)
    pair.start(PROBE, only=(0,))
    assert [ended.code for ended in pair.ended()] == [0, 0]


def test_the_secret_is_not_to_be_seen(pair: Pair) -> None:
    pair.start(PROBE, PROBE_SECONDS="3")
    until(lambda: "has joined" in pair.log(0))
    commands = docker("top", pair.boxes[0].name, "-eo", "pid,args")
    assert "spark" in commands
    assert "authenticate.secret" not in commands + "".join(ended.log for ended in pair.ended())
