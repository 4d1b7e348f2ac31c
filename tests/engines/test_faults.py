"""Faults of storage, memory and disks on both engines: repeated where that helps, then named with the remedy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.engines import local
from analyzer.engines.choice import spark_is_missing
from analyzer.errors import EngineFailed, OutputUnwritable, SourceUnreadable
from analyzer.fold import Scan
from analyzer.split import Source
from tests.conftest import Bucket
from tests.engines.proxy import Fault, Kind, proxied
from tests.engines.sources import SCAN, Numbers
from tests.jobs import CAPTURE, Finished, capture, run_job, write_captures

LISTING, READING = "list-type=2", ".jsonl"
ENGINES = [
    "local",
    pytest.param(
        "spark",
        marks=[
            pytest.mark.spark,
            pytest.mark.slow,
            pytest.mark.skipif(bool(spark_is_missing()), reason=spark_is_missing()),
        ],
    ),
]


@dataclass(frozen=True)
class Engine:
    """An engine, and how to tell its processes where S3 is."""

    name: str
    request: pytest.FixtureRequest
    patch: pytest.MonkeyPatch

    def surround(self, **variables: str) -> None:
        """Environment variables of this process and of all workers."""
        for name, value in variables.items():
            self.patch.setenv(name, value)
            if self.name == "spark":
                self._tell_workers(name, value)
        if self.name == "spark":  # its workers may be older than the credentials of the S3 stand-in
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                self._tell_workers(name, os.environ[name])

    def _tell_workers(self, name: str, value: str) -> None:
        session = self.request.getfixturevalue("session")
        self.patch.setitem(session.sparkContext.environment, name, value)

    def scan(self, scan: Scan, source: Source) -> Any:
        """The state of a scan."""
        if self.name == "local":
            return local.run(scan, source, 2)
        from analyzer.engines import spark  # noqa: PLC0415 - where Spark is missing this cannot be imported

        return spark.run(scan, source, self.request.getfixturevalue("session"))

    def run(self, output: Path, source: str | Path, **settings: object) -> Finished:
        """A baseline job with two workers and a split for every few files."""
        return run_job(
            output,
            source,
            dataset_format=CAPTURE,
            analyzer_engine=self.name,
            analyzer_processes=2,
            **settings,
        )


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("analyzer.sources.splits.plan.__defaults__", (True, 3000, None))
    monkeypatch.setattr("analyzer.monitors.inputs.SPLIT_BYTES", 3000)
    return Engine(request.param, request, monkeypatch)


@pytest.fixture
def bucket(s3: Bucket, tmp_path: Path) -> Bucket:
    """Six files of ten captures, one larger than a split."""
    for hour in range(6):
        records = [capture(f"{at},{hour}", f"0.{at}", event=f"{hour}-{at}") for at in range(40 if hour == 3 else 10)]
        path = write_captures(tmp_path / f"captured/ep/v/2026/01/01/0{hour}/{hour}.jsonl", records)
        s3.put(f"ep/v/2026/01/01/0{hour}/{hour}.jsonl", path.read_bytes())
    return s3


def statistics(finished: Finished) -> bytes:
    return (finished.output / "statistics.json").read_bytes()


@pytest.mark.parametrize("kind", ["throttled", "broken", "reset", "cut"])
def test_what_fails_for_a_moment_is_asked_again(engine: Engine, bucket: Bucket, tmp_path: Path, kind: Kind) -> None:
    """Every listing and every range of every file fails once, and the report is that of a good day."""
    with proxied(bucket.client.meta.endpoint_url, Fault(kind, LISTING, 1), Fault(kind, READING, 1)) as (url, proxy):
        engine.surround(AWS_ENDPOINT_URL=url)
        found = engine.run(tmp_path / "found", bucket.uri(""))
    good = run_job(tmp_path / "good", tmp_path / "captured", dataset_format=CAPTURE)

    assert sum(READING in target for target in proxy.failed) == 6
    assert any(LISTING in target for target in proxy.failed)
    assert statistics(found).replace(bucket.uri("").encode(), b"") == statistics(good)


@dataclass(frozen=True)
class Cause:
    """A fault that does not end, and what is said about it."""

    kind: Kind
    told: str
    hint: str


CAUSES = (
    Cause("throttled", r"S3 answered SlowDown 2 times", "S3 limits the requests"),
    Cause("broken", r"S3 answered InternalError 2 times", "check that the storage can be reached"),
    Cause("reset", r"S3 request failed: \w*Connection\w*", "check that the storage can be reached"),
)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.kind)
@pytest.mark.parametrize("where", [LISTING, "05/5.jsonl"], ids=["listing", "reading"])
def test_what_keeps_failing_ends_the_job_with_the_object_and_the_cause(
    engine: Engine, bucket: Bucket, tmp_path: Path, cause: Cause, where: str
) -> None:
    """A report without a part of the data would look like any other."""
    shown = bucket.uri("ep/v/2026/01/01/05/5.jsonl" if where != LISTING else "")
    with proxied(bucket.client.meta.endpoint_url, Fault(cause.kind, where)) as (url, _):
        engine.surround(AWS_ENDPOINT_URL=url, AWS_MAX_ATTEMPTS="2")
        with pytest.raises(SourceUnreadable, match=rf"^'{shown}' cannot be read: {cause.told}\. Hint: {cause.hint}"):
            engine.run(tmp_path / "out", bucket.uri(""))

    assert not (tmp_path / "out/statistics.json").exists()


@pytest.mark.parametrize(("kind", "code"), [("denied", "AccessDenied"), ("missing", "NoSuchKey")])
def test_an_object_that_cannot_be_read_is_told_and_the_others_go_on(
    engine: Engine, bucket: Bucket, tmp_path: Path, kind: Kind, code: str
) -> None:
    with proxied(bucket.client.meta.endpoint_url, Fault(kind, "05/5.jsonl")) as (url, _):
        engine.surround(AWS_ENDPOINT_URL=url)
        found = engine.run(tmp_path / "out", bucket.uri(""))

    dataset = found.document("statistics.json")["dataset"]
    assert dataset["item_count"] == 80
    assert dataset["analyzer"]["rejected"] == {"file cannot be read": 1}
    assert f"S3 answered {code}" in (found.output / "quarantine.jsonl").read_text()


@pytest.mark.parametrize("fails", ["killed", "memory"])
def test_a_worker_without_memory_is_named_with_the_remedy(engine: Engine, fails: str) -> None:
    """Killed by the system, or refused more by it."""
    with pytest.raises((EngineFailed, MemoryError)) as caught:
        engine.scan(SCAN, Numbers(8, fails))

    if not isinstance(caught.value, MemoryError):  # of which the command line says the same
        assert re.search(r"memory.* Hint: use .* with more memory", str(caught.value))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)],  # noqa: S607 - the system's mount
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - the same


def test_a_full_disk_for_the_reports_is_named(engine: Engine, tmp_path: Path, small_disk: Path) -> None:
    captured = write_captures(tmp_path / "a.jsonl", [capture("1,2", "3")])
    (small_disk / "ballast").write_bytes(bytes(250_000))

    with pytest.raises(OutputUnwritable, match=r"No space left on device.* Hint: free space"):
        engine.run(small_disk / "out", captured)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize(
    ("surroundings", "states", "message"),
    [
        (
            {"SPARK_LOCAL_DIRS": "small"},
            (20, 100_000),
            r"A working folder of Spark is full\. Hint: free space.*spark\.local\.dir",
        ),
        (
            {"SPARK_MASTER": "local-cluster[1,1,1024]"},
            (2, 400 << 20),
            r"A Java process of Spark ran out of memory\. Hint: give",
        ),
    ],
    ids=["disk", "memory"],
)
@pytest.mark.usefixtures("spark_python")
def test_what_spark_itself_lacks_is_named(
    small_disk: Path, surroundings: dict[str, str], states: tuple[int, int], message: str
) -> None:
    """A Spark of its own, whose tasks return so many states of so many bytes."""
    given = {name: value.replace("small", str(small_disk)) for name, value in surroundings.items()}
    given["SPARK_WORKER_DIR"] = str(small_disk.parent / "work")
    given["PYSPARK_SUBMIT_ARGS"] = "--conf spark.task.maxFailures=1 pyspark-shell"  # four would take four times as long
    done = subprocess.run(
        [sys.executable, "-m", "tests.engines.heavy_job", *map(str, states)],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )

    assert re.search(rf"^EngineFailed: {message}", done.stdout, re.MULTILINE), done.stdout + done.stderr[-3000:]
