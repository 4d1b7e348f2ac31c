"""What this host has, cores and memory, and how Spark shares it out.

Memory and cores come from the control group (version 2, else 1), then from the machine; the instance type's name is
never looked at, so an unknown one changes nothing. All memory is in MiB.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")

USED_SHARE = 0.9  # of the host; the rest is for the system and the platform's own agent
SMALLEST_HEAP = 480  # Spark refuses to start below 450
SMALLEST_REST = 200  # beside a heap: the virtual machine's own memory, and one Python process
LARGEST_HEAP = 32 << 10  # beyond this, object pointers double in size
DAEMON_HEAP, DAEMON = 128, 224  # a master or a worker: its heap, and all of it
TASK = 256  # a Python process that folds one split at a time


@dataclass(frozen=True, slots=True)
class Host:
    """Cores and memory (MiB) that this container may use."""

    cores: int
    memory: int


@dataclass(frozen=True, slots=True)
class Process:
    """A virtual machine and the Python beside it: heap and rest in MiB, tasks at a time. All zero: does not run."""

    heap: int = 0
    rest: int = 0
    tasks: int = 0

    @property
    def total(self) -> int:
        return self.heap + self.rest


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets what on one host; `daemons` in MiB is for Spark's master and worker together."""

    daemons: int = 0
    driver: Process = Process()
    executor: Process = Process()

    @property
    def total(self) -> int:
        return self.daemons + self.driver.total + self.executor.total


def here(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> Host:
    """Cores and memory of this container."""
    return Host(_cores(cgroup), _memory(cgroup, meminfo))


def peak_memory(cgroup: Path = CGROUP) -> int | None:
    """Most memory that was used at a time, in MiB; None when the system does not tell."""
    peak = _first_number(cgroup, ("memory.peak", "memory/memory.max_usage_in_bytes"))
    return None if peak is None else peak >> 20


def memory_kills(cgroup: Path = CGROUP) -> int:
    """How many processes the system has killed here for lack of memory; 0 when it does not tell."""
    for name in ("memory.events", "memory/memory.oom_control"):
        for line in _text(cgroup / name).splitlines():
            word, _, count = line.partition(" ")
            if word == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def driving(host: Host) -> Shares:
    """Shares of the host that runs master and driver; it works too when there is room for that."""
    usable = _usable(host)
    total = max(SMALLEST_HEAP + SMALLEST_REST, min(usable // 4, LARGEST_HEAP))
    heap = max(SMALLEST_HEAP, total // 2)
    driver = Process(heap, total - heap, 1)
    left = usable - total - 2 * DAEMON
    if left < SMALLEST_HEAP + SMALLEST_REST:
        return Shares(DAEMON, driver)
    return Shares(2 * DAEMON, driver, _executor(host, left))


def working(host: Host) -> Shares:
    """Shares of a host that only works."""
    return Shares(DAEMON, executor=_executor(host, _usable(host) - DAEMON))


def _executor(host: Host, total: int) -> Process:
    """Data is folded in Python, beside the heap; as many tasks at a time as there are cores and memory for."""
    heap = max(SMALLEST_HEAP, min(total * 2 // 5, LARGEST_HEAP))
    rest = max(0, total - heap)
    return Process(heap, rest, max(1, min(host.cores, (rest - SMALLEST_REST) // TASK)))


def _usable(host: Host) -> int:
    return int(host.memory * USED_SHARE)


def _cores(cgroup: Path) -> int:
    allowed = len(os.sched_getaffinity(0))
    quota, _, period = _text(cgroup / "cpu.max").strip().partition(" ")
    quota = quota or _text(cgroup / "cpu/cpu.cfs_quota_us").strip()
    period = period or _text(cgroup / "cpu/cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(period):  # "max" and -1 are no limit
        return max(1, min(allowed, -(-int(quota) // int(period))))
    return allowed


def _memory(cgroup: Path, meminfo: Path) -> int:
    machine = int(_text(meminfo).partition("MemTotal:")[2].split()[0]) >> 10
    limit = _first_number(cgroup, ("memory.max", "memory/memory.limit_in_bytes"))
    return machine if limit is None else min(machine, limit >> 20)


def _first_number(folder: Path, names: tuple[str, ...]) -> int | None:
    texts = (_text(folder / name).strip() for name in names)
    return next((int(text) for text in texts if text.isdigit()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):  # another version of control groups, or a system without them
        return ""
