"""The first process of a container: whatever becomes of the job, there is a message and the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import os, signal, sys, time
from container.supervisor import supervise
def work():
{}
sys.exit(supervise(work))
"""


@dataclass
class Supervised:
    """A supervisor with its job, and where the message goes."""

    process: subprocess.Popen[bytes]
    message: Path

    def ended(self) -> tuple[int, str]:
        """Exit code and message."""
        code = self.process.wait(timeout=30)
        return code, self.message.read_text("utf-8") if self.message.exists() else ""


def supervised(folder: Path, *lines: str, **variables: str) -> Supervised:
    """Start a supervisor whose job has these lines."""
    program = PROGRAM.format("\n".join(f"    {line}" for line in lines))
    environment = {**os.environ, "output_message_file": str(folder / "message"), **variables}
    return Supervised(subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=ROOT), folder / "message")


@pytest.mark.parametrize("code", [0, 2, 143, 255])
def test_the_exit_code_of_the_job_is_handed_on(tmp_path: Path, code: int) -> None:
    assert supervised(tmp_path, f"return {code}").ended() == (code, "")


def test_wrong_usage_keeps_its_exit_code(tmp_path: Path) -> None:
    assert supervised(tmp_path, "raise SystemExit(2)").ended() == (2, "")


def test_a_killed_job_gets_a_message(tmp_path: Path) -> None:
    code, message = supervised(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)").ended()
    assert code == 4
    assert message.startswith("Error: the job's process was killed (SIGKILL)")
    assert "Hint:" in message


def test_a_crashed_job_gets_a_message(tmp_path: Path) -> None:
    code, message = supervised(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)").ended()
    assert (code, message.startswith("Error: the job's process was ended by SIGSEGV")) == (255, True)


def test_in_strict_mode_every_failure_is_255(tmp_path: Path) -> None:
    killed = supervised(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", analyzer_compat="strict")
    assert killed.ended()[0] == 255


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_reaches_the_job(tmp_path: Path, number: int) -> None:
    """The job here handles it, as the analyzer does."""
    job = supervised(
        tmp_path,
        "for each in (signal.SIGTERM, signal.SIGINT): signal.signal(each, lambda number, _: sys.exit(40 + number))",
        f"open({str(tmp_path / 'ready')!r}, 'w')",
        "time.sleep(60)",
    )
    _wait_for(tmp_path / "ready")
    job.process.send_signal(number)
    assert job.ended() == (40 + number, "")


def test_a_job_that_has_no_handler_yet_is_stopped_with_a_message(tmp_path: Path) -> None:
    job = supervised(tmp_path, f"open({str(tmp_path / 'ready')!r}, 'w')", "time.sleep(60)")
    _wait_for(tmp_path / "ready")
    job.process.send_signal(signal.SIGTERM)
    code, message = job.ended()
    assert (code, message.startswith("Stopped: SIGTERM")) == (143, True)


@pytest.mark.slow
def test_a_job_that_does_not_heed_the_signal_is_killed_within_ten_seconds(tmp_path: Path) -> None:
    job = supervised(
        tmp_path,
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        f"open({str(tmp_path / 'ready')!r}, 'w')",
        "while True: time.sleep(1)",
    )
    _wait_for(tmp_path / "ready")
    job.process.send_signal(signal.SIGTERM)
    assert job.process.wait(timeout=10) == 143
    assert job.message.read_text("utf-8").startswith("Stopped: SIGTERM")


def test_workers_that_outlive_the_job_are_ended(tmp_path: Path) -> None:
    worker = tmp_path / "worker"
    lines = (
        "process = os.fork()",
        "if process == 0: time.sleep(60)",
        f"open({str(worker)!r}, 'w').write(str(process))",
        "return 0",
    )
    assert supervised(tmp_path, *lines).ended()[0] == 0
    state = Path(f"/proc/{worker.read_text()}/stat")
    deadline = time.monotonic() + 5
    while state.exists() and state.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not state.exists() or state.read_text().split()[2] == "Z"


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
