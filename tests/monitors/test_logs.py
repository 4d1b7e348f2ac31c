"""The recorded log lines that tools look for (contract.md section 10)."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.monitors.tables import compared


def test_the_recorded_lines_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        compared(tmp_path, {"n": [1, 2, 3]}, {"n": [1, 2, 3]}, sagemaker_endpoint_name="ep")

    logged = "\n".join(f"{record.name} - {record.levelname} - {record.getMessage()}" for record in caplog.records)
    for line in (
        "DefaultDataAnalyzer - INFO - Performing analysis with input: {",
        '"sagemaker_endpoint_name":"ep"',
        '"baseline_constraints":null',
        f"DatasetReader - INFO - Files to process:List({tmp_path}/now/data.csv)",
        "DataAnalyzer - INFO - The number of columns in the dataframe is 1",
        "StatsGenerator - INFO - Generating Stats:",
        "ConstraintGenerator - INFO - Generating Constraints:",
        f"FileUtil - INFO - Write to file constraints.json at path {tmp_path}/out.",
    ):
        assert line in logged
