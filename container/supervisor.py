"""Run the job in a child process, so that somebody is left to say how it ended.

The first process of a container hands stop signals on, reaps orphans, and writes the message when the job could not:
killed by the system for lack of memory, or too slow to stop. Source: contract.md 2.1 and 10; exit codes as in
docs/reference/settings.md.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from container import host

STOPPED, LOST, INTERNAL = 143, 4, 255
GRACE_SECONDS = 8.0  # from the stop signal to the end, for the job; the platform waits longer than that
_ORPHANS = 1.0  # seconds between looks at other processes when nothing happens
_STOPS = (signal.SIGTERM, signal.SIGINT)


def supervise(work: Callable[[], int]) -> int:
    """Exit code of the work, which runs in a child process; a death without a message gets one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOPS, signal.SIGCHLD})
    kills = host.memory_kills()
    child = os.fork()
    if child == 0:
        os._exit(_child(work))
    status, stopped = _attend(child)
    if stopped and os.WIFSIGNALED(status):
        return say(STOPPED, f"Stopped: {stopped.name} before the job was done. Its reports are not complete.")
    if os.WIFSIGNALED(status):
        return _died(os.WTERMSIG(status), for_memory=host.memory_kills() > kills)
    return os.WEXITSTATUS(status)


def death(number: int, *, for_memory: bool) -> str:
    """The message for a process that a signal ended."""
    if number != signal.SIGKILL:
        return f"Error: the job's process was ended by {signal.Signals(number).name}. Hint: the log may say why."
    if not for_memory:
        return (
            "Error: the job's process was killed (SIGKILL); the system counts no lack of memory in this container. "
            "Hint: look for who stopped it, or use an instance type with more memory."
        )
    peak, limit = host.peak_memory(), host.here().memory
    used = f" (used {peak} MiB of {limit} MiB)" if peak is not None else f" (limit {limit} MiB)"
    return (
        f"Error: out of memory{used}: the system killed the job. Hint: use an instance type with more memory, "
        "fewer processes (analyzer_processes=1), or less data in one job."
    )


def leave_message(text: str) -> None:
    """Write the job's message where its settings want it; what fails is logged."""
    from analyzer.job import PROCESSING_CONFIG, given_values  # noqa: PLC0415 - the parent stays small until then
    from analyzer.log import configure  # noqa: PLC0415
    from analyzer.reports.message import write_message  # noqa: PLC0415
    from analyzer.settings import MESSAGE  # noqa: PLC0415

    configure()
    values, _ = given_values(os.environ, PROCESSING_CONFIG)
    write_message(values.get("output_message_file", MESSAGE), text)


def _child(work: Callable[[], int]) -> int:
    """Run the work in its own process group, first in line when memory runs out."""
    os.setpgid(0, 0)
    with suppress(OSError):  # a system without it; the largest process is killed first anyway
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_STOPS, signal.SIGCHLD})
    try:
        return work()
    except SystemExit as stop:  # wrong usage, as argparse tells it
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _attend(child: int) -> tuple[int, signal.Signals | None]:
    """Wait for the child, handing on the first stop signal; its status, and that signal."""
    stopped, deadline = None, float("inf")
    while (status := _reap(child)) is None:
        if time.monotonic() > deadline:
            _kill(child, signal.SIGKILL)
        arrived = signal.sigtimedwait({*_STOPS, signal.SIGCHLD}, _ORPHANS)
        if arrived and arrived.si_signo in _STOPS and not stopped:
            stopped, deadline = signal.Signals(arrived.si_signo), time.monotonic() + GRACE_SECONDS
            _kill(child, stopped, group=False)
    _kill(child, signal.SIGKILL)  # workers that outlived the job
    return status, stopped


def _reap(child: int) -> int | None:
    """Collect every process that has ended; the child's status when it is among them."""
    while True:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process in (0, child):
            return status if process else None


def _kill(child: int, number: int, *, group: bool = True) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        (os.killpg if group else os.kill)(child, number)


def _died(number: int, *, for_memory: bool) -> int:
    if number in _STOPS:
        name = signal.Signals(number).name
        return say(STOPPED, f"Stopped: {name} before the job was done. Its reports are not complete.")
    return say(LOST if number == signal.SIGKILL else INTERNAL, death(number, for_memory=for_memory))


def say(code: int, message: str) -> int:
    """Leave the message; the exit code, which is 255 for every failure in strict mode."""
    leave_message(message)
    return INTERNAL if code != STOPPED and _is_strict() else code


def _is_strict() -> bool:
    from analyzer.job import PROCESSING_CONFIG, given_values  # noqa: PLC0415 - see leave_message

    return given_values(os.environ, PROCESSING_CONFIG)[0].get("analyzer_compat", "").lower() == "strict"
