"""What a merge job tells beside its records: where rejected ones are listed, and counts for CloudWatch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.cli import main
from tests.jobs import Finished, capture, run_job, truth, write_captures

Folders = tuple[Path, Path]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Captures, of which half have a label."""
    captures = write_captures(tmp_path / "in/a.jsonl", [capture("1", f"0.{at}", event=f"e{at}") for at in range(20)])
    labels = write_captures(tmp_path / "truth/labels.jsonl", [truth(f"e{at}", "1") for at in range(0, 20, 2)])
    return captures.parent, labels.parent


def merge(output: Path, folders: Folders, **more: object) -> Finished:
    return run_job(output, folders[0], ground_truth_source=folders[1], **more)


def test_rejected_records_are_where_the_summary_says(folders: Folders, tmp_path: Path) -> None:
    with (folders[0] / "a.jsonl").open("a") as file:
        file.write("{broken\n")

    told, strict = merge(tmp_path / "out", folders), merge(tmp_path / "strict", folders, analyzer_compat="strict")

    assert "Rejected: 1 x line is not JSON (see _merge.json).\n" in told.outcome.summary
    assert "Rejected: 1 x line is not JSON.\n" in strict.outcome.summary


def test_the_counts_are_metrics_when_they_are_asked_for(folders: Folders, tmp_path: Path) -> None:
    with (folders[1] / "labels.jsonl").open("a") as file:
        file.write(json.dumps(truth("stranger", "1")) + "\n")
    flags = ["--dataset-source", str(folders[0]), "--ground-truth-source", str(folders[1]), "--processes", "1"]

    assert main(["merge", *flags, "--output-path", str(tmp_path / "a"), "--publish-cloudwatch-metrics", "Enabled"]) == 0
    strict = merge(tmp_path / "b", folders, publish_cloudwatch_metrics="Enabled", analyzer_compat="strict")

    lines = (tmp_path / "a/_metrics/cloudwatch_metrics.jsonl").read_text().splitlines()
    found = {each["MetricName"]: (each["Value"], each["Unit"]) for each in map(json.loads, lines)}
    assert found == {
        "analyzer_merged_records": (10.0, "Count"),
        "analyzer_unmatched_captures": (10.0, "Count"),
        "analyzer_unmatched_ground_truth": (1.0, "Count"),
        "analyzer_records": (20.0, "Count"),
    }
    assert not (strict.output / "metrics").exists()
