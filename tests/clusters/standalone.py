"""A Spark standalone cluster: a master and two workers of one core, processes of this test."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Address of the master of a cluster that lives as long as the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    master, path = f"spark://127.0.0.1:{port}", folder / "log"
    program = f"{environment['SPARK_HOME']}/bin/spark-class"
    processes = []
    with path.open("ab") as log:
        for kind, *arguments in (
            ("master.Master", "--port", str(port)),
            *[("worker.Worker", "--cores", "1", "--memory", "1g", master)] * 2,
        ):
            command = [program, f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1", "--webui-port", "0"]
            variables = dict(environment)
            processes.append(subprocess.Popen([*command, *arguments], env=variables, stdout=log, stderr=log))
    try:
        deadline = time.monotonic() + 180
        while path.read_text("utf-8", "replace").count("Successfully registered with master") < 2:
            assert time.monotonic() < deadline, path.read_text("utf-8", "replace")[-2000:]
            time.sleep(0.2)
        yield master
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)
