"""The first process of a Kubernetes pod: Spark's `driver` and `executor` become the commands Spark means by them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clusters.submission import ROOT

ECHO = '#!/bin/sh\nfor word in "$0" "$@"; do printf \'%s\\n\' "$word"; done\n'


def started(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """The words of the command a pod runs, with programs that only repeat them."""
    for name in ("java", "bin/spark-submit"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(ECHO)
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "SPARK_HOME": str(folder), **variables}
    done = subprocess.run([ROOT / "emr/pod", *arguments], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_driver_runs_spark_submit_in_its_own_pod(tmp_path: Path) -> None:
    wanted = [
        "--properties-file",
        "/opt/spark/conf/spark.properties",
        "local:///opt/analyzer/driver.py",
        "--a={}",
        "b c",
    ]

    words = started(tmp_path, "driver", *wanted, SPARK_DRIVER_BIND_ADDRESS="10.0.0.7")

    assert words[0] == f"{tmp_path}/bin/spark-submit"
    assert words[1:3] == ["--deploy-mode", "client"]
    assert "spark.driver.bindAddress=10.0.0.7" in words
    assert words[-len(wanted) :] == wanted


def test_an_executor_runs_the_backend_with_what_spark_put_into_variables(tmp_path: Path) -> None:
    variables = {
        "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078",
        "SPARK_EXECUTOR_ID": "3",
        "SPARK_EXECUTOR_CORES": "4",
        "SPARK_EXECUTOR_MEMORY": "2048m",
        "SPARK_APPLICATION_ID": "spark-1",
        "SPARK_EXECUTOR_POD_IP": "10.0.0.8",
        "SPARK_EXECUTOR_POD_NAME": "monitor-exec-3",
        "SPARK_RESOURCE_PROFILE_ID": "0",
        **{f"SPARK_JAVA_OPT_{at}": f"-Dat={at} blank" for at in range(12)},
    }

    words = started(tmp_path, "executor", **variables)

    assert words[1:13] == [f"-Dat={at} blank" for at in range(12)]
    assert words[13:17] == ["-Xms2048m", "-Xmx2048m", "-cp", f":{tmp_path}/jars/*"]
    assert words[17] == "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
    options = dict(zip(words[18::2], words[19::2], strict=True))
    assert options == {
        "--driver-url": "spark://CoarseGrainedScheduler@driver:7078",
        "--executor-id": "3",
        "--cores": "4",
        "--app-id": "spark-1",
        "--hostname": "10.0.0.8",
        "--resourceProfileId": "0",
        "--podName": "monitor-exec-3",
    }


def test_spark_has_the_classes_and_the_client_for_kubernetes() -> None:
    """Names of jars that emr/kubernetes.Dockerfile puts back."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
    names = {path.name.split("-")[0] for path in Path(next(iter(pyspark.__path__)), "jars").glob("*.jar")}

    assert {"kubernetes", "okhttp", "okio", "spark"} <= names
