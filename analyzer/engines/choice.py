"""Choice of the engine: what was asked for, what the data needs and what this machine has.

Nothing heavy is imported here, so that what is missing is known before anything loads.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import ConfigError

if TYPE_CHECKING:
    from analyzer.engines.task import Report
    from analyzer.fold import Scan
    from analyzer.join.join import Join
    from analyzer.split import Source

RESOURCE_CONFIG = "/opt/ml/config/resourceconfig.json"
SPARK_FROM_BYTES = 64 << 30  # stored; about half an hour of one 8-core host
_INSTALL = "install the extra: pip install 'model-monitor-analyzer[spark]', and Java 17"


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine, local or spark, and why."""

    engine: str
    reason: str

    def run(self, scan: Scan, source: Source | Join, processes: int, report: Report) -> Any:
        """The state of a scan over a source. processes: of this machine; a Spark cluster has its own."""
        from analyzer.join.join import Join  # noqa: PLC0415 - loads Arrow

        if isinstance(source, Join):
            return self._run_join(scan, source, processes, report)
        if self.engine == "spark":
            from analyzer.engines import spark  # noqa: PLC0415 - only here pyspark may be loaded

            return spark.run(scan, source, spark.session(processes, scans_only=True), report)
        from analyzer.engines import local  # noqa: PLC0415 - loads Arrow

        return local.run(scan, source, processes, report)

    def _run_join(self, scan: Scan, join: Join, processes: int, report: Report) -> Any:
        if self.engine == "spark":
            from analyzer.engines import spark, spark_join  # noqa: PLC0415 - as above

            return spark_join.run(scan, join, spark.session(processes, scans_only=True), report)
        from analyzer.engines import local_join  # noqa: PLC0415 - as above

        return local_join.run(scan, join, processes, report)


def choose(wanted: str, size_bytes: int, hosts: int = 1, *, needs_spark: bool = False) -> Choice:
    """The engine for a job.

    wanted: auto, local or spark. size_bytes: of the input, as stored. needs_spark: users' own checks run on it.
    Raises ConfigError when the job cannot do without Spark and it is not there.
    """
    if wanted == "local" and needs_spark:
        raise ConfigError("analyzer_engine=local: checks of your own run on Spark. Hint: set analyzer_engine=auto.")
    if wanted != "auto":
        reason = f"analyzer_engine={wanted}"
    elif needs_spark:
        reason = "checks of your own run on Spark"
    elif hosts > 1:
        reason = f"the job has {hosts} hosts"
    elif is_submitted():
        reason = "started by spark-submit"
    elif size_bytes > SPARK_FROM_BYTES:
        missing = spark_is_missing()
        if missing:
            return Choice("local", f"the input is larger than {_gibibytes(SPARK_FROM_BYTES)}, but {missing}")
        return Choice("spark", f"the input is larger than {_gibibytes(SPARK_FROM_BYTES)}")
    else:
        return Choice("local", f"one host, and at most {_gibibytes(SPARK_FROM_BYTES)} of input")
    if wanted != "local":
        require_spark(reason, or_local=not needs_spark)
        return Choice("spark", reason)
    return Choice("local", reason)


def require_spark(reason: str, *, or_local: bool = True) -> None:
    """ConfigError when Spark cannot start here. reason: why it is needed. or_local: the local engine would do, too."""
    missing = spark_is_missing()
    if missing:
        instead = ", or set analyzer_engine=local" if or_local else "; the image has both"
        raise ConfigError(f"{reason}: this needs Spark, but {missing}. Hint: {_INSTALL}{instead}.")


def spark_is_missing() -> str:
    """What Spark lacks on this machine; empty when it can start. Loads neither pyspark nor Java."""
    absent = [name for name in ("pyspark", "pandas") if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed"
    if is_submitted():  # by Java, then
        return ""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")  # noqa: PTH118
    if found:
        return ""
    return f"JAVA_HOME={home!r} holds no bin/java" if home else "Java is neither on the PATH nor named by JAVA_HOME"


def is_submitted() -> bool:
    """Whether spark-submit started this process."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def start_submitted() -> None:
    """Start Spark now if spark-submit started this process, whatever engine will run.

    A cluster ends drivers that have not asked for Spark within a time (YARN: 100 s), and those that never do.
    """
    if is_submitted():
        from analyzer.engines import spark  # noqa: PLC0415 - only here pyspark may be loaded

        spark.session()


def host_count(path: str = RESOURCE_CONFIG) -> int:
    """Hosts of the processing job; 1 outside SageMaker."""
    try:
        hosts = json.loads(Path(path).read_bytes())["hosts"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # no such file, or not as documented
        return 1
    return max(1, len(hosts)) if isinstance(hosts, list) else 1


def _gibibytes(size: int) -> str:
    return f"{size >> 30} GiB"
