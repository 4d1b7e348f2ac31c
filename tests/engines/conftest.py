"""Spark for tests: a session on two local tasks for each pytest process, and sources that any process can read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analyzer.engines.choice import spark_is_missing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def spark_python() -> Iterator[None]:
    """Surroundings in which Spark's Python processes find the tests; skips where Spark cannot start."""
    missing = spark_is_missing()
    if missing:
        pytest.skip(f"Spark cannot start: {missing}. Hint: install the extra 'spark', and Java 17.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.delenv("SPARK_MASTER", raising=False)
        yield


@pytest.fixture(scope="session")
def session(spark_python: None) -> Iterator[SparkSession]:  # noqa: ARG001 - it must be in force
    """The session of this pytest process."""
    from analyzer.engines import spark  # noqa: PLC0415 - where Spark is missing this cannot be imported

    found = spark.session(2)
    yield found
    found.stop()
