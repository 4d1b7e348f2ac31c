"""Settings of a Spark that the analyzer starts by itself on this machine; a cluster's own are left alone."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from analyzer.engines import spark_daemon
from analyzer.engines.spark_daemon import PRELOADED

CGROUP = Path("/sys/fs/cgroup")
LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # of control groups, version 2 and 1
USED_SHARE = 0.9  # of the memory this process may use
SMALLEST_HEAP, LARGEST_HEAP = 512, 8 << 10  # MiB
LOOPBACK = "127.0.0.1"
# For a Java that only hands splits out: compile quickly, for there is little to run, and collect garbage on one thread.
# Halves the CPU time of starting and of the first scan, which the Python processes beside it need.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def memory_limit(cgroup: Path = CGROUP) -> int:
    """Bytes this process may use: the limit of its control group, or the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for name in LIMITS if (limit := _number(cgroup / name)))])


def heap(limit: int) -> int:
    """MiB of Java's heap: half of what is used, for the Python processes beside it do the counting."""
    return max(SMALLEST_HEAP, min(int(limit * USED_SHARE / 2) >> 20, LARGEST_HEAP))


def local_settings(processes: int) -> dict[str, str]:
    """Settings of a Spark without a cluster: so many tasks at a time, bound to loopback, nothing left behind."""
    return {
        "spark.master": f"local[{processes},4]",  # as on a cluster, a task that dies is tried four times
        "spark.driver.memory": f"{heap(memory_limit())}m",
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.driver.maxResultSize": "0",
        "spark.log.level": "WARN",
        "spark.python.worker.reuse": "true",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir(), "model-monitor-warehouse")),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def settings(processes: int, *, scans_only: bool = False) -> dict[str, str]:
    """Settings for a new session: SPARK_MASTER's cluster, the one of spark-submit, or a Spark of our own.

    scans_only: Java itself counts nothing; otherwise it may (frames, users' checks).
    """
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return {}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", QUICK_JAVA)  # of the Java that only works out Spark's command line
    master = os.environ.get("SPARK_MASTER")
    own = {"spark.master": master, "spark.ui.showConsoleProgress": "false"} if master else local_settings(processes)
    java = {f"spark.{where}.defaultJavaOptions": QUICK_JAVA for where in ("driver", "executor")} if scans_only else {}
    return own | java | python_settings()


def python_settings() -> dict[str, str]:
    """Settings of the Python processes: what the analyzer has loaded by now is loaded once for all of them."""
    loaded = [name for name in sorted(sys.modules) if name.startswith("analyzer.") and "__main__" not in name]
    return {"spark.python.daemon.module": spark_daemon.__name__, f"spark.executorEnv.{PRELOADED}": " ".join(loaded)}


def _number(path: Path) -> int:
    """The number in the file; 0 without one, as in `max`."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return 0
