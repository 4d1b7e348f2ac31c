"""Clusters for tests: the packaged archive, a standalone Spark and a YARN, all of them real and on this machine.

They take minutes, so only `-m clusters` (`make clusters`) starts them. What is missing fails them where
ANALYZER_REQUIRE_CLUSTERS is set.
"""

from __future__ import annotations

import os
import shutil
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.engines.choice import spark_is_missing
from emr import package
from tests.clusters import standalone, yarn
from tests.clusters.submission import Submission, storage, surroundings
from tests.engines.traffic import write_traffic
from tests.jobs import CAPTURE, Finished, run_job


@pytest.fixture(scope="session")
def clusters(request: pytest.FixtureRequest) -> None:
    """Clusters were asked for, and this machine can run them."""
    if "clusters" not in request.config.option.markexpr:
        pytest.skip("tests of clusters take minutes. Hint: `make clusters` runs them.")
    missing = spark_is_missing()
    if not missing and sys.version_info[:2] != (3, 11):
        missing = f"the archive is for Python {package.PYTHON}, and this one is another"
    if missing:
        absent(missing)


def absent(what: str) -> None:
    """Skip, or fail where clusters are required."""
    if os.environ.get("ANALYZER_REQUIRE_CLUSTERS"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def archive(clusters: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - it skips
    """What `make package` builds."""
    folder = tmp_path_factory.mktemp("dist")
    assert package.main(["--output", str(folder)]) == 0
    return folder / package.name_of("x86_64")


@pytest.fixture(scope="session")
def environment(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked."""
    folder = tmp_path_factory.mktemp("environment")
    shutil.unpack_archive(archive, folder, filter="fully_trusted")
    return folder


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without a single package: what jobs import comes from the archive or from Spark."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    return folder


@pytest.fixture(scope="session")
def traffic(clusters: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - it skips
    """Captures with damage, 3 MB in several files."""
    return write_traffic(tmp_path_factory.mktemp("traffic"))


@pytest.fixture(scope="session")
def baseline(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The baseline of the first hour of the traffic, so that the others show drift."""
    return run_job(tmp_path_factory.mktemp("baseline"), traffic / "ep/v/2026/01/01/00", dataset_format=CAPTURE)


@pytest.fixture(scope="session")
def standalone_cluster(
    archive: Path, environment: Path, bare_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Submission]:
    """A standalone Spark: a master and two workers of one core."""
    folder = tmp_path_factory.mktemp("standalone")
    variables = surroundings(bare_python, SPARK_WORKER_DIR=str(folder / "work"), SPARK_DAEMON_MEMORY="256m")
    settings = {
        "spark.archives": f"{archive}#environment",
        "spark.pyspark.driver.python": str(environment / "bin/python"),
        "spark.pyspark.python": "./environment/bin/python",
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.ui.enabled": "false",
    }
    with standalone.running(variables, folder) as master:
        yield Submission(settings, variables, folder / "submit.log", ("--master", master))


@pytest.fixture(scope="session")
def hadoop(clusters: None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:  # noqa: ARG001 - it skips
    """Jars of Hadoop's test kit."""
    for program in ("mvn", "javac"):
        if not shutil.which(program):
            absent(f"{program} is not on the PATH. Hint: the tests on YARN need Maven and a JDK.")
    try:
        return yarn.fetch(tmp_path_factory.mktemp("hadoop"))
    except OSError as error:
        absent(f"{error} Hint: the tests on YARN need the network, or the jars in Maven's cache.")
        raise


@pytest.fixture(scope="session")
def yarn_cluster(
    bare_python: Path, hadoop: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[yarn.Yarn]:
    """A running YARN."""
    home = Path(surroundings(bare_python)["SPARK_HOME"])
    with yarn.running(hadoop, home, tmp_path_factory.mktemp("yarn")) as found:
        yield found


@pytest.fixture
def on_yarn(yarn_cluster: yarn.Yarn, archive: Path, bare_python: Path, s3_endpoint: str, tmp_path: Path) -> Submission:
    """spark-submit in cluster mode, as on EMR: driver and executors have nothing but the archive and S3."""
    assert s3_endpoint
    variables = surroundings(bare_python, HADOOP_CONF_DIR=str(yarn_cluster.configuration))
    settings = {
        "spark.pyspark.python": "./environment/bin/python",
        "spark.yarn.jars": f"local:{variables['SPARK_HOME']}/jars/*",  # they are on every node of this cluster
        "spark.yarn.stagingDir": (yarn_cluster.folder / "staging").as_uri(),
        "spark.yarn.maxAppAttempts": "1",
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.executor.instances": "1",
        "spark.ui.enabled": "false",
    }
    for name, value in {**storage(), "PATH": variables["PATH"]}.items():
        settings |= {f"spark.yarn.appMasterEnv.{name}": value, f"spark.executorEnv.{name}": value}
    flags = ("--master", "yarn", "--deploy-mode", "cluster", "--archives", f"{archive}#environment")
    return Submission(settings, variables, tmp_path / "submit.log", flags)
