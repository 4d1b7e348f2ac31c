"""A standalone Spark: client mode gives the local engine's report; cluster mode is not for Python programs there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import jars
from tests.clusters.conftest import absent
from tests.clusters.submission import Submission
from tests.engines.reports import reports
from tests.jobs import CAPTURE, Finished, monitor

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(600)]


def test_client_mode(standalone_cluster: Submission, traffic: Path, baseline: Finished, tmp_path: Path) -> None:
    expected = monitor(tmp_path / "local", traffic, baseline.output, dataset_format=CAPTURE)

    job = standalone_cluster.start(
        f"--dataset-source={traffic}",
        f"--dataset-format={CAPTURE}",
        f"--output-path={tmp_path / 'spark'}",
        f"--baseline-statistics={baseline.output}/statistics.json",
        f"--baseline-constraints={baseline.output}/constraints.json",
    )

    assert job.finished() == 0, job.log[-3000:]
    assert reports(tmp_path / "spark") == reports(expected.output)
    assert (tmp_path / "spark/message").read_text() == expected.outcome.message
    assert "(started by spark-submit)" in job.log


def test_checks_of_users_run_on_deequ_there(standalone_cluster: Submission, traffic: Path, tmp_path: Path) -> None:
    if missing := jars.missing():
        absent(missing)
    (tmp_path / "checks.yaml").write_text("rules: [{check: hasSize, assert: '> 1'}, 'RowCount = 1']")

    job = standalone_cluster.start(
        f"--dataset-source={traffic}",
        f"--dataset-format={CAPTURE}",
        f"--output-path={tmp_path / 'out'}",
        f"--checks={tmp_path / 'checks.yaml'}",
        spark={"spark.jars": ",".join(map(str, jars.present()))},
    )

    assert job.finished() == 0, job.log[-3000:]
    rules = json.loads((tmp_path / "out/checks.json").read_text("utf-8"))["rules"]
    assert [rule["outcome"] for rule in rules] == ["passed", "failed"]


def test_the_exit_code_of_the_driver_is_that_of_spark_submit(standalone_cluster: Submission, tmp_path: Path) -> None:
    job = standalone_cluster.start("--dataset-format=cvs", f"--output-path={tmp_path / 'out'}")

    assert job.finished() == 2, job.log[-3000:]
    assert (tmp_path / "out/message").read_text() in job.log


def test_cluster_mode_is_refused_by_spark(standalone_cluster: Submission, tmp_path: Path) -> None:
    """docs/reference/clusters.md says so; a Spark that learns it should be told of there."""
    job = standalone_cluster.start(f"--output-path={tmp_path}", spark={"spark.submit.deployMode": "cluster"})

    assert job.finished() != 0
    assert "Cluster deploy mode is currently not supported for python applications on standalone clusters" in job.log
