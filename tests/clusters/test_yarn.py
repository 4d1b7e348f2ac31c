"""YARN in cluster mode, as on EMR: the archive is all a node needs, and the report is the local engine's."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clusters.submission import DRIVER, Submission
from tests.clusters.yarn import Yarn, application_of, executors
from tests.conftest import Bucket
from tests.engines.reports import reports, split_at
from tests.jobs import CAPTURE, Finished, monitor, run_job

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
SCRIPT = """
import pathlib, time
def preprocess_handler(record):
    pathlib.Path({marker!r}).touch()
    time.sleep({seconds})
    text = record.endpoint_output.data + "," + record.endpoint_input.data
    return {{str(at): cell for at, cell in enumerate(text.split(","))}}
"""


def test_a_job_from_s3_to_s3(
    on_yarn: Submission, s3: Bucket, traffic: Path, baseline: Finished, tmp_path: Path
) -> None:
    """Settings come from the environment, a job file on S3 and arguments, the later before the earlier."""
    for path in traffic.rglob("*.jsonl"):
        s3.put(f"captured/{path.relative_to(traffic)}", path.read_bytes())
    for name in ("statistics.json", "constraints.json"):
        s3.put(f"baseline/{name}", (baseline.output / name).read_bytes())
    request = {"dataset_source": s3.uri("captured"), "dataset_format": json.loads(CAPTURE), "output_path": "elsewhere"}
    places = {name: s3.uri(f"baseline/{name}.json") for name in ("statistics", "constraints")}
    learnt = {f"spark.yarn.appMasterEnv.baseline_{name}": place for name, place in places.items()}

    job = on_yarn.start(
        "--job", s3.put("job.json", json.dumps(request).encode()), f"--output-path={s3.uri('report')}", spark=learnt
    )

    assert job.finished() == 0, job.log[-3000:]
    local = monitor(tmp_path / "local", s3.uri("captured"), baseline.output, dataset_format=CAPTURE)
    expected = reports(local.output)
    assert len(expected) == 4
    assert {name: _body(s3, f"report/{name}") for name in expected} == expected
    assert _body(s3, "report/message").decode() == local.outcome.message


def test_an_executor_that_is_killed_changes_nothing(
    on_yarn: Submission, yarn_cluster: Yarn, traffic: Path, tmp_path: Path
) -> None:
    """On local files; the script makes the job slow enough to be disturbed, and tells when it is under way."""
    quick, slow, marker = tmp_path / "quick.py", tmp_path / "slow.py", tmp_path / "under-way"
    quick.write_text(SCRIPT.format(marker=str(tmp_path / "unused"), seconds=0))
    slow.write_text(SCRIPT.format(marker=str(marker), seconds=0.001))
    with pytest.MonkeyPatch.context() as patch:
        split_at(patch, 150_000)
        expected = run_job(tmp_path / "local", traffic, dataset_format=CAPTURE, record_preprocessor_script=quick)

    job = on_yarn.start(
        f"--dataset-source={traffic}",
        "--dataset-format=capture",
        f"--output-path={tmp_path / 'yarn'}",
        f"--record-preprocessor-script={slow}",
        program=HERE / "small_splits.py",
        spark={"spark.submit.pyFiles": str(DRIVER), "spark.executor.instances": "2"},
    )
    _wait_until(lambda: marker.exists() or job.process.poll() is not None)
    time.sleep(0.5)
    application = application_of(job.log)
    os.kill(executors(application)[0], signal.SIGKILL)

    assert job.finished() == 0, job.log[-3000:]
    assert re.search(r"Lost executor \d", yarn_cluster.driver_log(application))
    assert reports(tmp_path / "yarn") == reports(expected.output)


def test_a_wrong_request_is_told_in_the_log_and_on_s3(on_yarn: Submission, yarn_cluster: Yarn, s3: Bucket) -> None:
    """docs/reference/clusters.md warns of what YARN does to braces; should it stop doing so, this shows it."""
    output = f"--output-path={s3.uri('report')}"

    job = on_yarn.start(
        output, "--dataset-sorce=captured", '--start-time={"a": {"b": 1}}', '--end-time={"a": {"b": "$c"} }'
    )

    assert job.finished() != 0
    message = _body(s3, "report/message").decode()
    application = application_of(job.log)
    assert message.startswith("Error: configuration has 3 problems: ")
    assert "'dataset_sorce'. Hint: did you mean 'dataset_source'" in message
    assert """start_time='{"a": {"b": 1':""" in message
    assert """end_time='{"a": {"b": "$c"} }':""" in message
    assert message in yarn_cluster.driver_log(application)
    assert "User application exited with status 2" in job.log
    assert len(yarn_cluster.containers(application)) == 1, "no executor was started"


def _body(s3: Bucket, key: str) -> bytes:
    body: bytes = s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read()
    return body


def _wait_until(holds: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
