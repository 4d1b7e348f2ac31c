"""A real cluster of separate processes: the local engine's reports, also when an executor is killed on the way."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analyzer.engines.choice import spark_is_missing
from tests.engines.reports import reports, split_at
from tests.engines.traffic import write_traffic
from tests.jobs import CAPTURE, run_job

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
SCRIPT = """
import os, pathlib, time
print("loaded in process", os.getpid())
def preprocess_handler(record):
    pathlib.Path({marker!r}).touch()
    time.sleep({seconds})
    return dict(enumerate_cells(record))
def enumerate_cells(record):
    text = record.endpoint_output.data + "," + record.endpoint_input.data
    return ((str(at), cell) for at, cell in enumerate(text.split(",")))
"""


@dataclass(frozen=True)
class Cluster:
    """A standalone master and two workers of one core, processes of this test."""

    master: str
    workers: tuple[int, ...]
    environment: dict[str, str]

    def executors(self) -> list[int]:
        """Process ids of the executors, which are children of the workers."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:  # it ended meanwhile
                continue
            if int(fields[1]) in self.workers and b"CoarseGrainedExecutorBackend" in command:
                found.append(int(folder.name))
        return found


@pytest.fixture(scope="module")
def cluster(spark_python: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:  # noqa: ARG001
    import pyspark  # noqa: PLC0415 - where Spark is missing this cannot be imported

    home, folder = Path(next(iter(pyspark.__path__))), tmp_path_factory.mktemp("cluster")
    (folder / "spark-defaults.conf").write_text(
        "spark.executor.memory 512m\nspark.driver.memory 512m\nspark.executor.cores 1\nspark.ui.enabled false\n"
    )
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_DAEMON_MEMORY": "256m",
    }
    port, log = _free_port(), (folder / "log").open("ab")
    url = f"spark://127.0.0.1:{port}"

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *arguments]
        return subprocess.Popen([*command, "--webui-port", "0"], env=environment, stdout=log, stderr=log)

    def logged(text: str) -> int:
        return (folder / "log").read_text("utf-8", "replace").count(text)

    processes = [start("master.Master", "--port", str(port))]
    _wait_until(lambda: bool(logged("New state: ALIVE")))  # a worker that comes first tries again seconds later
    workers = [start("worker.Worker", "--cores", "1", "--memory", "1g", url) for _ in range(2)]
    processes += workers
    try:
        _wait_until(lambda: logged("Successfully registered with master") == 2)
        yield Cluster(url, tuple(worker.pid for worker in workers), environment | {"SPARK_MASTER": url})
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)
        log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until(holds: Callable[[], bool], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def _start(cluster: Cluster, output: Path, **settings: str) -> subprocess.Popen[str]:
    places = {
        "output_path": str(output),
        "output_message_file": str(output / "message"),
        "cloudwatch_metrics_directory": str(output / "metrics"),
        "dataset_format": CAPTURE,
        "analyzer_engine": "spark",
    }
    command = [sys.executable, "-m", "tests.engines.slow_cluster_job", "150000"]
    environment = cluster.environment | places | settings
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


@pytest.mark.slow
@pytest.mark.timeout(300)  # three Java processes beside this one, on a machine that may be busy
@pytest.mark.parametrize("killed", [False, True], ids=["in peace", "executor killed"])
def test_a_cluster_of_processes(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """The script makes the job slow enough to be disturbed, tells when it is under way, and speaks."""
    split_at(monkeypatch, 150_000)
    traffic = write_traffic(tmp_path / "traffic")
    quick, slow, marker = tmp_path / "quick.py", tmp_path / "slow.py", tmp_path / "under-way"
    quick.write_text(SCRIPT.format(marker=str(tmp_path / "unused"), seconds=0))
    slow.write_text(SCRIPT.format(marker=str(marker), seconds=0.0008 if killed else 0))
    expected = run_job(tmp_path / "local", traffic, dataset_format=CAPTURE, record_preprocessor_script=quick)

    job = _start(cluster, tmp_path / "spark", dataset_source=str(traffic), record_preprocessor_script=str(slow))
    if killed:
        _wait_until(marker.exists)
        time.sleep(0.5)
        os.kill(cluster.executors()[0], signal.SIGKILL)
    log, _ = job.communicate(timeout=200)

    assert job.returncode == 0, log[-3000:]
    assert re.search(r"analyzer\.sources\.script - INFO - script: loaded in process \d+\n", log), log[-3000:]
    assert bool(re.search(r"Lost (?:executor|task)", log)) == killed
    assert reports(tmp_path / "spark") == reports(expected.output)
