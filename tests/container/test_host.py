"""Memory and cores of a host, and how they are shared out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from container.host import SMALLEST_HEAP, TASK, Host, driving, here, memory_kills, peak_memory, working

HOSTS = st.builds(Host, st.integers(1, 96), st.integers(1 << 10, 768 << 10))
MEMINFO = "MemTotal:       8388608 kB\nMemFree:        1000 kB\n"


def machine(folder: Path, **files: str) -> Path:
    """A control group's files, `/` in their names written as `__`, and meminfo of 8 GiB beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "meminfo").write_text(MEMINFO, "ascii")
    for name, text in files.items():
        file = folder / "cgroup" / name.replace("__", "/").replace("_DOT_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "ascii")
    return folder / "cgroup"


@given(HOSTS, st.integers(2, 20))
def test_every_cluster_has_an_executor_and_no_host_uses_more_than_nine_tenths(host: Host, hosts: int) -> None:
    shares = [driving(host), *[working(host)] * (hosts - 1)]
    assert sum(share.executor.tasks for share in shares) >= 1
    assert all(share.total <= host.memory * 0.9 for share in shares)
    assert sum(bool(share.driver.tasks) for share in shares) == 1


@given(HOSTS)
def test_no_heap_is_smaller_than_spark_accepts_and_no_task_starves(host: Host) -> None:
    for process in (driving(host).driver, driving(host).executor, working(host).executor):
        assert process.tasks == 0 or process.heap >= SMALLEST_HEAP
        assert process.tasks <= min(host.cores, max(1, process.rest // TASK))


@given(HOSTS)
def test_more_memory_never_means_fewer_tasks(host: Host) -> None:
    larger = Host(host.cores, host.memory + 1024)
    assert working(larger).executor.tasks >= working(host).executor.tasks


def test_a_large_host_uses_all_its_cores() -> None:
    assert working(Host(96, 768 << 10)).executor.tasks == 96
    assert driving(Host(4, 16 << 10)).executor.tasks == 4


@pytest.mark.parametrize(
    ("files", "memory"),
    [
        ({}, 8192),
        ({"memory_DOT_max": "max\n"}, 8192),
        ({"memory_DOT_max": "1073741824\n"}, 1024),
        ({"memory_DOT_max": "99999999999999\n"}, 8192),
        ({"memory__memory_DOT_limit_in_bytes": "2147483648\n"}, 2048),
        ({"memory__memory_DOT_limit_in_bytes": "9223372036854771712\n"}, 8192),
    ],
)
def test_memory_is_the_smaller_of_machine_and_control_group(tmp_path: Path, files: dict[str, str], memory: int) -> None:
    assert here(machine(tmp_path, **files), tmp_path / "meminfo").memory == memory


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu_DOT_max": "100000 100000\n"}, 1),
        ({"cpu_DOT_max": "50000 100000\n"}, 1),
        ({"cpu_DOT_max": "max 100000\n"}, len(os.sched_getaffinity(0))),
        ({"cpu__cpu_DOT_cfs_quota_us": "100000\n", "cpu__cpu_DOT_cfs_period_us": "100000\n"}, 1),
        ({"cpu__cpu_DOT_cfs_quota_us": "-1\n", "cpu__cpu_DOT_cfs_period_us": "100000\n"}, len(os.sched_getaffinity(0))),
        ({}, len(os.sched_getaffinity(0))),
    ],
)
def test_cores_are_those_the_quota_leaves(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert here(machine(tmp_path, **files), tmp_path / "meminfo").cores == cores


def test_kills_and_peak_are_read_from_both_versions(tmp_path: Path) -> None:
    second = machine(tmp_path, memory_DOT_events="low 0\noom 3\noom_kill 2\n", memory_DOT_peak="1048576\n")
    assert (memory_kills(second), peak_memory(second)) == (2, 1)
    first = machine(
        tmp_path / "first",
        memory__memory_DOT_oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
        memory__memory_DOT_max_usage_in_bytes="3145728\n",
    )
    assert (memory_kills(first), peak_memory(first)) == (5, 3)


def test_a_system_that_tells_nothing_counts_no_kills(tmp_path: Path) -> None:
    assert (memory_kills(tmp_path), peak_memory(tmp_path)) == (0, None)
