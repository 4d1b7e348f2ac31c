"""The same job on s3:// as on a disk: data, baseline, configuration, scripts and every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Bucket
from tests.jobs import CAPTURE, Finished, capture, monitor, run_job, write_captures

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


FOLDER = "captured/ep/AllTraffic/2026/01/01"
WINDOW = {"start_time": "2026-01-01T10:00:00Z", "end_time": "2026-01-01T11:00:00Z", "dataset_format": CAPTURE}


def _prepared(s3: Bucket, folder: Path) -> Finished:
    """The same captures, script and baseline in a folder and in a bucket; the baseline job."""
    path = write_captures(folder / FOLDER / "10/00-00-000-x.jsonl", _records())
    s3.put(f"{FOLDER}/10/00-00-000-x.jsonl", path.read_bytes())
    s3.put(f"{FOLDER}/03/00-00-000-y.jsonl", b"never read\n")
    s3.put("code/script.py", SCRIPT.encode())
    s3.put("options.yaml", b"example_ids: 3\n")
    script = folder / "script.py"
    script.write_text(SCRIPT)
    learnt = run_job(folder / "learnt", folder / "captured", record_preprocessor_script=script, **WINDOW)
    for name in ("statistics.json", "constraints.json"):
        s3.put(f"base/{name}", (learnt.output / name).read_bytes())
    return learnt


def _remote(s3: Bucket, folder: Path) -> Finished:
    """The monitoring job with every path on S3."""
    return run_job(
        folder,
        s3.uri("captured"),
        output_path=s3.uri("report"),
        output_message_file=s3.uri("report/message"),
        cloudwatch_metrics_directory=s3.uri("report/metrics"),
        baseline_statistics=s3.uri("base/statistics.json"),
        baseline_constraints=s3.uri("base/constraints.json"),
        record_preprocessor_script=s3.uri("code/script.py"),
        analyzer_config=s3.uri("options.yaml"),
        publish_cloudwatch_metrics="Enabled",
        **WINDOW,
    )


def test_a_job_on_s3_leaves_the_same_documents_as_one_on_a_disk(s3: Bucket, tmp_path: Path) -> None:
    learnt = _prepared(s3, tmp_path)
    names = ("constraint_violations.json", "constraints.json", "metrics/cloudwatch_metrics.jsonl", "statistics.json")
    settings = {"record_preprocessor_script": tmp_path / "script.py", "publish_cloudwatch_metrics": "Enabled", **WINDOW}

    here = monitor(tmp_path / "out", tmp_path / "captured", learnt.output, **settings)
    there = _remote(s3, tmp_path)

    assert there.outcome.message == here.outcome.message
    assert sorted(there.outcome.files) == [s3.uri(f"report/{name}") for name in names]
    for name in names[:3]:
        assert _body(s3, f"report/{name}") == (here.output / name).read_bytes(), name
    mine, theirs = (
        json.loads(text) for text in ((here.output / names[3]).read_bytes(), _body(s3, f"report/{names[3]}"))
    )
    assert theirs["features"] == mine["features"]
    assert mine["dataset"]["item_count"] == 299
    account = theirs["dataset"]["analyzer"]
    assert (account["dropped_by_script"], account["outside_window"]) == (1, 1)


def _body(s3: Bucket, key: str) -> bytes:
    body: bytes = s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read()
    return body


@pytest.mark.parametrize("source", ["s3://no-such-bucket/captured", "s3:///captured"])
def test_a_bucket_that_is_not_there_is_named(s3: Bucket, tmp_path: Path, source: str) -> None:
    del s3  # its server answers

    with pytest.raises(Exception, match=r"no-such-bucket|bucket is missing") as caught:
        run_job(tmp_path, source, dataset_format=CAPTURE)

    assert "Hint:" in str(caught.value)
