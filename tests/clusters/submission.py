"""spark-submit as a user calls it, with the packaged archive; the surroundings hold no other copy of the analyzer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "emr/driver.py"
STORAGE = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
)


@dataclass(frozen=True)
class Submission:
    """A cluster to submit to: its settings of Spark, and the environment of spark-submit."""

    spark: Mapping[str, str]
    environment: Mapping[str, str]
    log: Path
    flags: Sequence[str] = field(default_factory=tuple)

    def start(self, *settings: str, program: Path = DRIVER, spark: Mapping[str, str] | None = None) -> Submitted:
        """Submit a job; settings: its arguments. The log of spark-submit goes to a file, which pipes would block."""
        configured = {**self.spark, **(spark or {})}
        flags = [part for name, value in configured.items() for part in ("--conf", f"{name}={value}")]
        command = [f"{self.environment['SPARK_HOME']}/bin/spark-submit", *self.flags, *flags, str(program), *settings]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=dict(self.environment), stdout=log, stderr=log)
        return Submitted(process, self.log)


@dataclass(frozen=True)
class Submitted:
    """A job under way."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def log(self) -> str:
        return self.path.read_text("utf-8", "replace")

    def finished(self, seconds: float = 240) -> int:
        """Exit code of spark-submit."""
        try:
            return self.process.wait(timeout=seconds)
        finally:
            self.process.kill()


def surroundings(bare_python: Path, **variables: str) -> dict[str, str]:
    """Environment of a machine with Spark, Java and a Python that has no packages."""
    import pyspark  # noqa: PLC0415 - where Spark is missing this cannot be imported

    kept = ("HOME", "JAVA_HOME", "LANG", "TMPDIR", "USER")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    java = subprocess.run(["which", "java"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    path = os.pathsep.join([str(bare_python / "bin"), str(Path(java).parent), "/usr/bin", "/bin"])
    return found | {"PATH": path, "SPARK_HOME": next(iter(pyspark.__path__)), "SPARK_LOCAL_IP": "127.0.0.1"} | variables


def storage() -> dict[str, str]:
    """The variables that lead to the S3 of the tests."""
    return {name: os.environ[name] for name in STORAGE}
