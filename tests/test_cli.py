"""Every way a job can end has a message, an exit code and log lines that no data can forge."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import pytest

from analyzer import cli
from analyzer.errors import BaselineError, EngineFailed, OutputUnwritable, ScriptError, SourceUnreadable
from analyzer.job import Job, Outcome
from tests.conftest import Bucket

CLEAN = Outcome(5, 0, "Completed: Job completed successfully with no violations.", ["a.json"], "5 rows")


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    yield
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs that a run was asked for; the run itself finishes at once."""
    seen: list[Job] = []

    def run(job: Job) -> Outcome:
        seen.append(job)
        return CLEAN

    running(monkeypatch, run)
    return seen


def running(monkeypatch: pytest.MonkeyPatch, run: Callable[[Job], object]) -> None:
    fake = SimpleNamespace(run=lambda job, _progress: run(job))
    monkeypatch.setitem(sys.modules, "analyzer.monitors.data_quality", fake)


def ended(monkeypatch: pytest.MonkeyPatch, folder: Path, error: BaseException, **environ: str) -> tuple[int, str]:
    """Exit code and message file of a job whose run raises."""

    def fail(_job: Job) -> Outcome:
        raise error

    running(monkeypatch, fail)
    return from_environment(monkeypatch, folder, **environ)


def from_environment(monkeypatch: pytest.MonkeyPatch, folder: Path, **environ: str) -> tuple[int, str]:
    for name, text in {"output_message_file": str(folder / "out" / "message"), **environ}.items():
        monkeypatch.setenv(name, text)
    code = cli.run_from_environment()
    return code, (folder / "out" / "message").read_text("utf-8")


def test_a_baseline_is_run_from_flags_and_keeps_its_files_together(
    jobs: list[Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "b"
    flags = ["--dataset-source", "t.csv", "--output-path", f"{output}/", "--dataset-format", "csv", "--processes", "1"]
    assert cli.main(["baseline", *flags]) == 0
    assert jobs[0].is_baseline
    assert jobs[0].cloudwatch_metrics_directory == f"{output}/metrics"
    assert (output / "message").read_text() == CLEAN.message
    assert capsys.readouterr().out == "5 rows\na.json\n"


def test_a_monitor_takes_its_baseline_and_window_from_flags(jobs: list[Job], tmp_path: Path) -> None:
    flags = ["--dataset-source", "d", "--output-path", str(tmp_path), "--baseline-constraints", "c.json"]
    window = ["--start-time", "2021-05-06T22:00:00Z", "--end-time", "2021-05-06T23:00:00Z"]
    assert cli.main(["monitor", *flags, *window, "--output-message-file", str(tmp_path / "m")]) == 0
    assert not jobs[0].is_baseline
    assert jobs[0].output_message_file == str(tmp_path / "m")


def test_run_does_what_the_environment_says(jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("output_message_file", str(tmp_path / "message"))
    monkeypatch.setenv("dataset_source", "s3://bucket/data")
    assert cli.main(["run"]) == 0
    assert jobs[0].dataset_source == "s3://bucket/data"


def test_violations_keep_exit_code_0_unless_the_run_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    message = "CompletedWithViolations: Job completed successfully with 60 violations."
    running(monkeypatch, lambda _: Outcome(5, 60, message, [], ""))
    assert from_environment(monkeypatch, tmp_path) == (0, message)
    running(monkeypatch, lambda _: Outcome(5, 60, message, [], "", exit_code=10))
    assert from_environment(monkeypatch, tmp_path) == (10, message)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (BaselineError("c.json is damaged. Hint: x"), 2, "Error: c.json is damaged. Hint: x"),
        (ScriptError("KeyError"), 3, "Error: KeyError"),
        (SourceUnreadable("s3://b: denied"), 4, "Error: s3://b: denied"),
        (EngineFailed("worker lost"), 4, "Error: worker lost"),
        (MemoryError("unable to allocate"), 4, "Error: out of memory"),
        (BrokenProcessPool("terminated abruptly"), 4, "Error: a worker process was killed, most likely out of memory"),
        (KeyboardInterrupt(), 143, "Stopped: interrupted"),
        (ZeroDivisionError("division by zero"), 255, "Error: internal error: ZeroDivisionError: division by zero"),
        (SystemExit(0), 255, "Error: internal error: SystemExit: 0"),
    ],
)
def test_every_failure_has_its_message_and_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, code: int, text: str
) -> None:
    assert ended(monkeypatch, tmp_path, error)[0] == code
    assert (tmp_path / "out" / "message").read_text().startswith(text)


@pytest.mark.parametrize("error", [BaselineError("x"), MemoryError(), BrokenProcessPool(), ValueError()])
def test_strict_failures_end_with_255_as_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    assert ended(monkeypatch, tmp_path, error, analyzer_compat="Strict")[0] == 255


def test_a_wrong_configuration_is_told_before_the_monitor_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "analyzer.monitors.data_quality", None)  # importing it would raise
    code, message = from_environment(monkeypatch, tmp_path, analyzer_engine="flink", start_time="x", end_time="y")
    assert code == 2
    assert message.startswith("Error: configuration has 3 problems: (1) start_time='x'")


def test_a_message_is_one_line_of_at_most_1_kb_of_whole_characters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, message = ended(monkeypatch, tmp_path, ScriptError("a\nb\x1b[2J\udcff" + "é" * 2000))
    assert message.startswith("Error: a b [2J ééé")
    assert 1020 <= len(message.encode()) <= 1024


def test_a_message_that_cannot_be_written_fails_the_job(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("output_message_file", str(tmp_path / "file" / "message"))
    assert cli.run_from_environment() == OutputUnwritable.exit_code
    lines = capsys.readouterr().err
    assert "the message of the job is lost: cannot write" in lines
    assert "Hint: set output_message_file" in lines
    assert len(jobs) == 1


def test_a_message_that_nobody_asked_for_does_not_fail_the_job(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for an ordinary user outside of a container, where /opt/ml can neither be found nor created."""
    (tmp_path / "opt").write_text("")
    default = str(tmp_path / "opt/ml/output/message")
    monkeypatch.setattr(cli, "MESSAGE", default)
    monkeypatch.delenv("output_message_file", raising=False)
    assert cli.run_from_environment() == 0
    lines = capsys.readouterr().err
    assert " - WARNING - the message of the job is lost: cannot write" in lines
    assert " - ERROR - " not in lines
    monkeypatch.setenv("output_message_file", default)
    assert cli.run_from_environment() == OutputUnwritable.exit_code
    assert len(jobs) == 2


def test_message_and_options_may_live_in_a_bucket(jobs: list[Job], s3: Bucket) -> None:
    options = s3.put("options.json", b'{"example_ids": 7}')
    flags = ["--dataset-source", "d", "--output-path", s3.uri("out/"), "--config"]
    assert cli.main(["baseline", *flags, options]) == 0
    assert jobs[0].options.example_ids == 7
    assert s3.client.get_object(Bucket=s3.name, Key="out/message")["Body"].read().decode() == CLEAN.message
    assert cli.main(["baseline", *flags, s3.uri("absent.yaml")]) == 2
    assert cli.main(["baseline", "--dataset-source", "d", "--output-path", f"s3://{s3.name}-absent/out"]) == 4


def test_the_message_goes_to_its_usual_place_when_the_one_asked_for_makes_no_sense(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "MESSAGE", str(tmp_path / "out" / "message"))
    code, message = from_environment(monkeypatch, tmp_path, output_message_file="http://host/message")
    assert code == 2
    assert "output_message_file='http://host/message'" in message


def test_sigterm_stops_the_job_with_143_and_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    running(monkeypatch, lambda _: os.kill(os.getpid(), signal.SIGTERM))
    code, message = from_environment(monkeypatch, tmp_path)
    assert (code, message[:30]) == (143, "Stopped: SIGTERM before the jo")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_job_may_run_outside_the_main_thread(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    thread = threading.Thread(target=from_environment, args=(monkeypatch, tmp_path))
    thread.start()
    thread.join()
    assert len(jobs) == 1


def test_the_recorded_lines_are_logged_without_credentials(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = tmp_path / "resourceconfig.json"
    resources.write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    monkeypatch.setattr(cli, "RESOURCE_CONFIG", str(resources))
    monkeypatch.setenv("UNRELATED_PASSWORD", "hunter1")
    from_environment(monkeypatch, tmp_path, dataset_source="s3://b/k?X-Amz-Security-Token=hunter2", positive_label="1")
    lines = capsys.readouterr().err
    assert ' - __main__ - INFO - All params:{"dataset_source": "s3://b/k?X-Amz-Security-Token=***"' in lines
    assert " - bootstrap - INFO - Resource Config is: {'current_host': 'algo-1', 'hosts': ['algo-1']}" in lines
    assert "hunter" not in lines
    assert len(jobs) == 1


def test_a_failure_logs_its_traceback_line_by_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(monkeypatch, tmp_path, ValueError("x\n2021 - __main__ - INFO - Completed: forged"))
    lines = capsys.readouterr().err.splitlines()
    forged = [line for line in lines if "forged" in line]
    assert any(" - ERROR - Traceback" in line for line in lines)
    assert len(forged) == 2
    assert all(" - ERROR - " in line for line in forged)


def test_memory_of_the_container_is_named_when_the_system_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "CGROUP", str(tmp_path))
    (tmp_path / "memory.peak").write_text(f"{1000 << 20}\n")
    (tmp_path / "memory.max").write_text(f"{1024 << 20}\n")
    assert "out of memory: used 1000 MiB of 1024 MiB. Hint:" in ended(monkeypatch, tmp_path, MemoryError())[1]
    (tmp_path / "memory.max").write_text("max\n")
    assert "out of memory. Hint:" in ended(monkeypatch, tmp_path, MemoryError())[1]


def test_no_heavy_library_is_loaded_before_the_configuration_is_checked(tmp_path: Path) -> None:
    heavy = "{'pyarrow', 'numpy', 'boto3', 'botocore', 'urllib3', 'yaml', 'pandas'}"
    code = f"import sys; from analyzer import cli; cli.main(sys.argv[1:]); assert not {heavy} & set(sys.modules)"
    flags = ["baseline", "--dataset-source", "d", "--output-path", str(tmp_path), "--compat", "wrong"]
    subprocess.run([sys.executable, "-c", code, *flags], check=True, capture_output=True)
    assert "analyzer_compat='wrong'" in (tmp_path / "message").read_text()


def test_python_m_analyzer_ends_with_the_exit_code(tmp_path: Path) -> None:
    environ = {**os.environ, "output_message_file": str(tmp_path / "m"), "analyzer_engine": "wrong"}
    done = subprocess.run([sys.executable, "-m", "analyzer"], env=environ, check=False, capture_output=True)
    assert done.returncode == 2
