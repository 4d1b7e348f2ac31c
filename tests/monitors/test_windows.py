"""Windows of captured records, through whole jobs: events that are named, a shift, an empty window, metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.jobs import CAPTURE, capture, monitor, run_job, write_captures
from tests.monitors.tables import DRIFTED, FLAGS, NUMBERS, ROWS, WORDS, Column, compared, csv


def _captured(folder: Path, rows: int, break_row: Callable[[int], str]) -> Path:
    records = [capture(break_row(at), "0.5", event=f"event-{at}") for at in range(rows)]
    write_captures(folder / "f.jsonl", records)
    return folder


def test_violations_name_the_first_events_that_break_the_promise(tmp_path: Path) -> None:
    learnt = run_job(
        tmp_path / "learnt",
        csv(tmp_path / "before", p=[0.25] * ROWS, n=NUMBERS, w=WORDS, m=NUMBERS),
        dataset_format="csv",
    )
    bad = {7: "x,a,1", 9: "1,zzz,2", 11: "1,a,", 13: "-5,a,3"}

    found = monitor(
        tmp_path / "out",
        _captured(tmp_path / "in", 50, lambda at: bad.get(at, f"{at},b,{at}")),
        learnt.output,
        dataset_format=CAPTURE,
    )

    examples = {
        (each["feature_name"], each["constraint_check_type"]): each.get("examples") for each in found.violations
    }
    assert examples["n", "data_type_check"] == ["event-7"]
    assert examples["w", "categorical_values_check"] == ["event-9"]
    assert examples["m", "completeness_check"] == ["event-11"]
    assert examples["n", "non_negative_check"] == ["event-13"]


def test_a_baseline_with_the_prediction_last_is_explained(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    columns: dict[str, Column] = {
        "size": random.integers(100, 200, 1000).tolist(),
        "share": random.random(1000).round(4).tolist(),
        "word": random.choice(["x", "y"], 1000).tolist(),
        "count": random.integers(0, 5, 1000).tolist(),
        "prediction": random.choice(["yes", "no"], 1000).tolist(),
    }
    learnt = run_job(tmp_path / "learnt", csv(tmp_path / "before", **columns), dataset_format="csv")
    rows = list(zip(*columns.values(), strict=True))
    records = [capture(",".join(map(str, row[:-1])), str(row[-1])) for row in rows]
    write_captures(tmp_path / "in/f.jsonl", records)

    shifted = monitor(tmp_path / "a", tmp_path / "in", learnt.output, dataset_format=CAPTURE)
    straight = monitor(
        tmp_path / "b",
        tmp_path / "in",
        learnt.output,
        dataset_format=CAPTURE,
        analyzer_config=_end(tmp_path),
    )

    assert "output columns last" in " ".join(shifted.document("statistics.json")["dataset"]["analyzer"]["notices"])
    assert "output columns last" in shifted.outcome.summary
    assert straight.violations == []


def _end(folder: Path) -> Path:
    path = folder / "end.yaml"
    path.write_text("output_columns_position: END\n")
    return path


def test_an_empty_window_completes_and_says_where_it_looked(tmp_path: Path) -> None:
    learnt = run_job(
        tmp_path / "learnt", csv(tmp_path / "before", p=[0.5] * 9, a=range(9), b=range(9)), dataset_format="csv"
    )
    write_captures(tmp_path / "in/ep/v/2026/01/01/05/f.jsonl", [capture("1,2", "0.5", time="2026-01-01T05:30:00Z")])

    found = monitor(
        tmp_path / "out",
        tmp_path / "in",
        learnt.output,
        dataset_format=CAPTURE,
        start_time="2026-01-01T10:00:00Z",
        end_time="2026-01-01T11:00:00Z",
        publish_cloudwatch_metrics="Enabled",
    )

    assert found.outcome.exit_code == 0
    assert found.outcome.message.startswith("Completed: Job completed successfully with no violations. No records")
    for text in ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", str(tmp_path / "in"), "2026-01-01T05:00Z"):
        assert text in found.outcome.message
    assert found.document("statistics.json")["dataset"]["item_count"] == 0
    assert found.violations == []
    assert "analyzer_records" in (found.output / "metrics/cloudwatch_metrics.jsonl").read_text()


def test_metrics_tell_data_completeness_and_drift_without_a_schedule(tmp_path: Path) -> None:
    found = compared(
        tmp_path, {"f": FLAGS}, {"f": DRIFTED}, publish_cloudwatch_metrics="Enabled", sagemaker_endpoint_name="ep"
    )

    lines = [json.loads(line) for line in (found.output / "metrics/cloudwatch_metrics.jsonl").read_text().splitlines()]
    metrics = {line["MetricName"]: line for line in lines}
    assert metrics["feature_data_f"]["StatisticValues"] == {
        "SampleCount": 2000,
        "Sum": 1200,
        "Minimum": 0,
        "Maximum": 1,
    }
    assert metrics["feature_non_null_f"]["Value"] == 1.0
    assert metrics["feature_baseline_drift_f"]["Value"] == pytest.approx(0.343, abs=0.001)
    assert metrics["feature_data_f"]["Dimensions"] == [{"Name": "Endpoint", "Value": "ep"}]
