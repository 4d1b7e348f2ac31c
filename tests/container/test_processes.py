"""How the end of a process, or of many, is told."""

from __future__ import annotations

import logging
import signal

import pytest

from container import host
from container.first import _tell_killed
from container.processes import HostLost, ending


def test_lost_tasks_are_explained_by_the_hosts_that_ran_out_of_memory() -> None:
    with pytest.raises(HostLost, match=r"out of memory: the system killed processes of host algo-2 \(3\)\. Hint: "):
        _tell_killed({"algo-1": 0, "algo-2": 3}, failed=True)


def test_when_others_did_the_work_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "cluster"):
        _tell_killed({"algo-1": 2, "algo-2": 3}, failed=False)
    assert "host algo-1 (2), host algo-2 (3)" in caplog.text


@pytest.mark.parametrize("failed", [True, False])
def test_without_kills_there_is_nothing_to_tell(failed: bool, caplog: pytest.LogCaptureFixture) -> None:
    _tell_killed({"algo-1": 0, "algo-2": 0}, failed=failed)
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("code", "kills", "words"),
    [
        (-signal.SIGKILL, 1, "ran out of memory"),
        (-signal.SIGKILL, 0, "ended with code -9"),
        (1, 1, "ended with code 1"),
    ],
)
def test_a_kill_for_memory_is_told_from_others(
    code: int, kills: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "memory_kills", lambda: kills)
    told = ending("Spark worker", code, 0)
    assert words in told
    assert "Hint: " in told
