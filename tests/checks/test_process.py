"""Whole processes with checks: they end by themselves, whatever happens, and say what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import jars
from tests.checks.jobs import checks_file, traffic

pytestmark = [pytest.mark.deequ, pytest.mark.timeout(900), pytest.mark.usefixtures("deequ_is_there", "spark_python")]
SECONDS = 600
SLEEP = "java_method('java.lang.Thread', 'sleep', bigint(1000)) IS NULL"


def started(folder: Path, *rules: object, **environment: str) -> subprocess.Popen[bytes]:
    """A job over the traffic in `folder/in`; its log is `folder/log`."""
    checks = checks_file(folder / "checks.yaml", *rules)  # type: ignore[arg-type]
    values = {
        "dataset_source": str(folder / "in"),
        "output_path": str(folder / "out"),
        "output_message_file": str(folder / "message"),
        "analyzer_checks": str(checks),
        "analyzer_processes": "2",
    }
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "analyzer"], env={**os.environ, **values, **environment}, stdout=log, stderr=log
        )


def ended(process: subprocess.Popen[bytes], folder: Path) -> tuple[int, str]:
    """Exit code and message; the process ends without help."""
    try:
        return process.wait(SECONDS), (folder / "message").read_text("utf-8")
    finally:
        process.kill()


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[1,1,1024]"])
def test_the_process_ends_by_itself(tmp_path: Path, master: str) -> None:
    """Also with what starts a callback server in PyDeequ; on executors of their own, too."""
    traffic(tmp_path / "in")
    rules = [
        {"check": "isContainedIn", "column": "plan", "values": ["basic"]},
        {"check": "hasPattern", "column": "mail", "pattern": "@"},
        {"check": "hasMin", "column": "age", "assert": ">= 0"},
        'IsComplete "name"',
    ]
    process = started(tmp_path, *rules, SPARK_MASTER=master)

    assert ended(process, tmp_path)[0] == 0, (tmp_path / "log").read_text("utf-8")[-3000:]
    rules = json.loads((tmp_path / "out/checks.json").read_text("utf-8"))["rules"]
    assert [rule["outcome"] for rule in rules] == ["failed", "failed", "passed", "failed"]
    assert rules[0]["event_ids"] == ["e1", "e2", "e4", "e5", "e7"]


def test_a_stopped_job_stops(tmp_path: Path) -> None:
    traffic(tmp_path / "in")
    process = started(tmp_path, {"check": "satisfies", "condition": SLEEP})
    deadline = time.monotonic() + SECONDS
    while b"number of columns" not in (tmp_path / "log").read_bytes() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert ended(process, tmp_path) == (143, "Stopped: SIGTERM before the job was done. Its reports are not complete.")
    assert time.monotonic() - began < 30  # a busy machine; two seconds on a quiet one


@pytest.mark.parametrize(("present", "named"), [("", "Deequ"), ("deequ", "DQDL")])
def test_a_jar_that_is_missing_is_named_before_data_is_read(tmp_path: Path, present: str, named: str) -> None:
    found = [str(file) for file in jars.present() if present and file.name.startswith(present)]
    submit = f"--jars {','.join(found)} pyspark-shell" if found else "pyspark-shell"
    process = started(tmp_path, 'IsComplete "name"', PYSPARK_SUBMIT_ARGS=submit)

    code, message = ended(process, tmp_path)
    assert (code, f"the jar of {named}" in message, "Hint: " in message) == (2, True, True), message


def test_java_that_is_missing_is_named_before_anything_starts(tmp_path: Path) -> None:
    process = started(tmp_path, 'IsComplete "name"', JAVA_HOME=str(tmp_path))

    code, message = ended(process, tmp_path)
    assert (code, "analyzer_checks: they run on Spark, but JAVA_HOME" in message) == (2, True), message
