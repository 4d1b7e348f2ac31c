"""The same job on s3:// as on a disk: data, baseline, configuration, scripts and every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Bucket
from tests.jobs import CAPTURE, capture, monitor, run_job, write_captures

SCRIPT = """
def preprocess_handler(record):
    if record.event_metadata.custom_attribute == ["skip"]:
        return []
    a, b = record.endpoint_input.data.split(",")
    return {"a": a, "b": b}
"""


def _records() -> list[dict[str, object]]:
    records = [capture(f"{at},{at % 3}", "0.5", event=f"e{at}", time="2026-01-01T10:30:00Z") for at in range(300)]
    records[5]["eventMetadata"]["customAttributes"] = ["skip"]
    return [*records, capture("1,2", "0.5", time="2026-01-01T12:00:00Z")]


def test_a_job_on_s3_leaves_the_same_documents_as_one_on_a_disk(s3: Bucket, tmp_path: Path) -> None:
    folder = "captured/ep/AllTraffic/2026/01/01/10"
    path = write_captures(tmp_path / folder / "00-00-000-x.jsonl", _records())
    s3.put(f"{folder}/00-00-000-x.jsonl", path.read_bytes())
    s3.put("captured/ep/AllTraffic/2026/01/01/03/00-00-000-y.jsonl", b"never read\n")
    s3.put("code/script.py", SCRIPT.encode())
    (tmp_path / "script.py").write_text(SCRIPT)
    s3.put("options.yaml", b"example_ids: 3\n")
    window = {"start_time": "2026-01-01T10:00:00Z", "end_time": "2026-01-01T11:00:00Z", "dataset_format": CAPTURE}
    learnt = run_job(
        tmp_path / "learnt", tmp_path / "captured", record_preprocessor_script=tmp_path / "script.py", **window
    )
    for name in ("statistics.json", "constraints.json"):
        s3.put(f"base/{name}", (learnt.output / name).read_bytes())

    here = monitor(
        tmp_path / "out",
        tmp_path / "captured",
        learnt.output,
        record_preprocessor_script=tmp_path / "script.py",
        publish_cloudwatch_metrics="Enabled",
        **window,
    )
    there = run_job(
        tmp_path,
        s3.uri("captured"),
        output_path=s3.uri("report"),
        output_message_file=s3.uri("report/message"),
        cloudwatch_metrics_directory=s3.uri("report/metrics"),
        baseline_statistics=s3.uri("base/statistics.json"),
        baseline_constraints=s3.uri("base/constraints.json"),
        record_preprocessor_script=s3.uri("code/script.py"),
        analyzer_config=s3.uri("options.yaml"),
        publish_cloudwatch_metrics="Enabled",
        **window,
    )

    assert there.outcome.message == here.outcome.message
    assert sorted(there.outcome.files) == sorted(
        s3.uri(f"report/{name}")
        for name in (
            "statistics.json",
            "constraints.json",
            "constraint_violations.json",
            "metrics/cloudwatch_metrics.jsonl",
        )
    )
    for uri in there.outcome.files:
        name = uri.removeprefix(s3.uri("report/"))
        body = s3.client.get_object(Bucket=s3.name, Key=f"report/{name}")["Body"].read()
        if name != "statistics.json":
            assert body == (here.output / name).read_bytes(), name
    mine, theirs = (json.loads(text) for text in ((here.output / "statistics.json").read_bytes(), body_of(s3)))
    assert theirs["features"] == mine["features"]
    assert mine["dataset"]["item_count"] == 299
    assert theirs["dataset"]["analyzer"]["dropped_by_script"] == 1
    assert theirs["dataset"]["analyzer"]["outside_window"] == 1


def body_of(s3: Bucket) -> bytes:
    """The statistics a job left in the bucket."""
    body: bytes = s3.client.get_object(Bucket=s3.name, Key="report/statistics.json")["Body"].read()
    return body


@pytest.mark.parametrize("source", ["s3://no-such-bucket/captured", "s3:///captured"])
def test_a_bucket_that_is_not_there_is_named(s3: Bucket, tmp_path: Path, source: str) -> None:
    del s3  # its server answers

    with pytest.raises(Exception, match=r"no-such-bucket|bucket is missing") as caught:
        run_job(tmp_path, source, dataset_format=CAPTURE)

    assert "Hint:" in str(caught.value)
