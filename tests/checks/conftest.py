"""Spark with Deequ for tests; without the jars they are skipped with the reason, or fail where that is not allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from analyzer.engines.choice import spark_is_missing
from tests import jars
from tests.engines.conftest import spark_python  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that take minutes run on demand only; not even their data is made."""
    if "deequ" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("deequ"):
            item.add_marker(pytest.mark.skip("tests of Deequ take minutes. Hint: `make checks` runs them."))


@pytest.fixture(scope="session")
def deequ_is_there() -> None:
    """Skips where Deequ cannot run; ANALYZER_REQUIRE_DEEQU=1 forbids that."""
    why = spark_is_missing() or jars.missing()
    if why and os.environ.get("ANALYZER_REQUIRE_DEEQU"):
        pytest.fail(f"Deequ cannot run: {why}")
    if why:
        pytest.skip(f"Deequ cannot run: {why}")


@pytest.fixture(scope="session")
def session(deequ_is_there: None, spark_python: None) -> Iterator[SparkSession]:  # noqa: ARG001, F811 - in force
    """The session of this pytest process; small data needs few partitions, and compiled plans only cost time."""
    from analyzer.engines import spark  # noqa: PLC0415 - where Spark is missing this cannot be imported

    found = spark.session(2)
    found.sparkContext.setLogLevel("OFF")  # tests make tasks fail
    yield found
    found.stop()
