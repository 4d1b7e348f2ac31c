"""Processes of this host that live as long as the job, and the error for a host that does not."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from analyzer.errors import EngineFailed
from container import host

MORE_MEMORY = "Hint: use an instance type with more memory, or more hosts."
STOP_SECONDS = 5.0  # from SIGTERM to SIGKILL

Running = dict[str, "subprocess.Popen[bytes]"]


class HostLost(EngineFailed):
    """A host failed, fell silent or never came; the text names it."""


def ending(name: str, code: int, kills: int) -> str:
    """How a process of this host ended; kills: how many the system had killed for lack of memory before."""
    if code == -signal.SIGKILL and host.memory_kills() > kills:
        return f"it ran out of memory ({host.here().memory} MiB), and the system killed its {name}. {MORE_MEMORY}"
    return f"its {name} ended with code {code}. Hint: see its log."


@contextmanager
def running() -> Iterator[Running]:
    """Processes to be put in by name; those still there at the end are ended."""
    processes: Running = {}
    try:
        yield processes
    finally:
        _end(list(processes.values()))


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        process.kill()
        process.wait()
