"""Wall time and peak memory of a command and all its children, and what machine this is.

Memory is sampled from /proc (Linux only; 0 elsewhere): the sum over the processes of the command's session. PSS divides
shared pages among those who share them, RSS counts them for each.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

SAMPLE_SECONDS = 0.05
PROC = Path("/proc")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Run:
    """One run of a command: wall seconds; peak of the summed PSS and RSS in bytes; what it printed; CPU seconds."""

    seconds: float
    pss: int
    rss: int
    output: str
    cpu: float = 0.0


class CommandFailed(Exception):
    """A measured command did not end well; its last lines are the message."""


def run(command: Sequence[str], environment: Mapping[str, str], *, watched: bool = True) -> Run:
    """Run the command in a session of its own until it ends.

    watched: sample its memory and CPU time, which takes a good part of a core where many Java processes run.
    """
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environment), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        pss, rss, cpu = 0, 0, 0.0
        while watched and process.poll() is None:
            cpu = max(cpu, cpu_seconds(process.pid))
            pss, rss = max(pss, _memory(process.pid, "Pss:")), max(rss, _memory(process.pid, "Rss:"))
            _wait(process)
        process.wait()
        seconds = time.perf_counter() - began
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise CommandFailed(f"{command[0]} ended with {process.returncode}:\n" + "\n".join(text.splitlines()[-15:]))
    return Run(seconds, pss, rss, text, cpu)


def cpu_seconds(session: int) -> float:
    """CPU time so far of all processes of a session, those that ended and were waited for included (Linux only).

    On a machine that is busy with other work it says more than wall time, though not the same as on a quiet one.
    """
    return sum(sum(map(int, fields[11:15])) for fields in _stats(session).values()) / os.sysconf("SC_CLK_TCK")


def best(runs: Sequence[Run]) -> Run:
    """The fastest of several runs."""
    return min(runs, key=lambda each: each.seconds)


def clean_environment(**settings: str) -> dict[str, str]:
    """What a fresh shell has, and the settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | settings


def machine() -> str:
    """Processor, cores and memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions(names: Sequence[str]) -> str:
    """Python and the named distributions."""
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)])


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(SAMPLE_SECONDS)
    except subprocess.TimeoutExpired:
        return


def _memory(session: int, field: str) -> int:
    """Sum of a field of smaps_rollup over the session, in bytes; 0 where /proc does not tell."""
    return sum(_field(process, field) for process in _processes(session))


def _field(process: Path, field: str) -> int:
    try:
        lines = (process / "smaps_rollup").read_text("ascii").splitlines()
    except OSError:  # the process ended meanwhile
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)


def _processes(session: int) -> Iterator[Path]:
    yield from _stats(session)


def _stats(session: int) -> dict[Path, list[str]]:
    """The numbers of /proc/*/stat from the third on, of all processes of a session."""
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # the process ended meanwhile
            continue
        if int(fields[3]) == session:
            found[folder] = fields
    return found


def _processor() -> str:
    try:
        lines = (PROC / "cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
