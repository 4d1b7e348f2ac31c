"""One job, both engines: byte-identical reports, on local tasks, on a real cluster, and when an executor is killed."""

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
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from analyzer.engines.choice import spark_is_missing
from demo.generate import START, Size, generate
from tests.engines.traffic import write_traffic
from tests.jobs import CAPTURE, Finished, monitor, run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
REPORTS = ("statistics.json", "constraints.json", "constraint_violations.json", "quarantine.jsonl")
SCRIPT = """
import pathlib, time
def preprocess_handler(record):
    pathlib.Path({marker!r}).touch()
    time.sleep({seconds})
    return dict(enumerate_cells(record))
def enumerate_cells(record):
    text = record.endpoint_output.data + "," + record.endpoint_input.data
    return ((str(at), cell) for at, cell in enumerate(text.split(",")))
"""


def reports(folder: Path) -> dict[str, bytes]:
    """Contents of the reports that were written."""
    return {name: (folder / name).read_bytes() for name in REPORTS if (folder / name).exists()}


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captures with damage, 3 MB in several files."""
    return write_traffic(tmp_path_factory.mktemp("traffic"))


@pytest.fixture(scope="module")
def baseline(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run_job(tmp_path_factory.mktemp("baseline"), traffic, dataset_format=CAPTURE)


Partitions = list[int]


@pytest.fixture
def partitions(session: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Partitions:
    """How many partitions each scan of the test was spread over."""
    seen: Partitions = []
    spread = session.sparkContext.parallelize

    def noting(blocks: list[tuple[int, bytes]], slices: int) -> object:
        seen.append(slices)
        return spread(blocks, slices)

    monkeypatch.setattr(session.sparkContext, "parallelize", noting)
    return seen


def split_at(monkeypatch: pytest.MonkeyPatch, split_bytes: int) -> None:
    """Plan smaller splits than in production."""
    monkeypatch.setattr("analyzer.sources.splits.plan.__defaults__", (True, split_bytes, None))


@pytest.mark.parametrize(("split_bytes", "expected"), [(4_000_000, 1), (2_200_000, 2), (120_000, 7)])
def test_generated_traffic(
    partitions: Partitions, traffic: Path, baseline: Finished, split_bytes: int, expected: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        split_at(patch, split_bytes)
        patch.setattr("analyzer.engines.spark.BLOCKS_PER_CORE", 4)
        local, spark = (
            monitor(Path(folder, engine), traffic, baseline.output, dataset_format=CAPTURE, analyzer_engine=engine)
            for engine in ("local", "spark")
        )

        assert reports(local.output).keys() == set(REPORTS)
        assert reports(spark.output) == reports(local.output)
    assert partitions == [expected]


@pytest.mark.golden
@pytest.mark.parametrize("mode", ["default", "strict"])
def test_the_recorded_baseline(partitions: Partitions, golden: Path, tmp_path: Path, mode: str) -> None:
    form = '{"csv": {"header": true, "output_columns_position": "START"}}'
    source = golden / "dq_churn_baseline/inputs"

    for engine in ("local", "spark"):
        run_job(tmp_path / engine, source, dataset_format=form, analyzer_compat=mode, analyzer_engine=engine)

    assert reports(tmp_path / "spark") == reports(tmp_path / "local")
    assert partitions == [1]


def test_the_demo(partitions: Partitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = Size(baseline_rows=500, hours=2, requests_per_hour=300)
    generate(tmp_path / "demo", size)
    split_at(monkeypatch, 50_000)
    window = {"start_time": START.isoformat(), "end_time": size.end.isoformat()}

    for engine in ("local", "spark"):
        good = run_job(tmp_path / f"good-{engine}", tmp_path / "demo/baseline", analyzer_engine=engine)
        monitor(tmp_path / engine, tmp_path / "demo/captured", good.output, analyzer_engine=engine, **window)

    assert reports(tmp_path / "good-spark") == reports(tmp_path / "good-local")
    assert reports(tmp_path / "spark") == reports(tmp_path / "local")
    assert min(partitions) > 1


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

    processes = [start("master.Master", "--port", str(port))]
    workers = [start("worker.Worker", "--cores", "1", "--memory", "1g", url) for _ in range(2)]
    processes += workers
    try:
        _wait_until(
            lambda: (folder / "log").read_text("utf-8", "replace").count("Successfully registered with master") == 2
        )
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


def _wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
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
@pytest.mark.parametrize("killed", [False, True], ids=["in peace", "executor killed"])
def test_a_cluster_of_processes(
    cluster: Cluster, traffic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """The script makes the job slow enough to be disturbed, and tells when it is under way."""
    split_at(monkeypatch, 150_000)
    quick, slow, marker = tmp_path / "quick.py", tmp_path / "slow.py", tmp_path / "under-way"
    quick.write_text(SCRIPT.format(marker=str(tmp_path / "unused"), seconds=0))
    slow.write_text(SCRIPT.format(marker=str(marker), seconds=0.0008 if killed else 0))
    expected = run_job(tmp_path / "local", traffic, dataset_format=CAPTURE, record_preprocessor_script=quick)

    job = _start(cluster, tmp_path / "spark", dataset_source=str(traffic), record_preprocessor_script=str(slow))
    if killed:
        _wait_until(marker.exists)
        time.sleep(0.5)
        os.kill(cluster.executors()[0], signal.SIGKILL)
    log, _ = job.communicate(timeout=100)

    assert job.returncode == 0, log[-3000:]
    assert bool(re.search(r"Lost (?:executor|task)", log)) == killed
    assert reports(tmp_path / "spark") == reports(expected.output)
