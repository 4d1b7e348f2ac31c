"""Every check of data quality, through whole jobs: what fires, what does not, and what the violation says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs import CAPTURE, Finished, capture, monitor, run_job, write_captures

ROWS = 400
Column = Sequence[object]


def csv(folder: Path, **columns: Column) -> Path:
    """A CSV file with a header; None is an empty cell."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(columns)]
    lines += [",".join("" if cell is None else str(cell) for cell in row) for row in zip(*columns.values(), strict=True)]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def compared(
    folder: Path,
    before: dict[str, Column],
    now: dict[str, Column],
    edit: Callable[[Any], None] = lambda constraints: None,
    **settings: object,
) -> Finished:
    """Learn from one table, edit the constraints, look at the other."""
    learnt = run_job(folder / "learnt", csv(folder / "before", **before), dataset_format="csv")
    path = learnt.output / "constraints.json"
    constraints = json.loads(path.read_text())
    edit(constraints)
    path.write_text(json.dumps(constraints))
    return monitor(folder / "out", csv(folder / "now", **now), learnt.output, dataset_format="csv", **settings)


def options(name: str, **values: object) -> Callable[[Any], None]:
    """An edit that overrides options of one feature, in the documented place."""

    def edit(constraints: Any) -> None:
        feature = next(each for each in constraints["features"] if each["name"] == name)
        feature["monitoringConfigOverrides"] = values

    return edit


NUMBERS = [at % 50 for at in range(ROWS)]
WORDS = ["ab"[at % 2] for at in range(ROWS)]


def test_a_window_like_the_baseline_has_no_violation(tmp_path: Path) -> None:
    table: dict[str, Column] = {"n": NUMBERS, "w": WORDS, "gap": [None, 1.5] * 200}

    found = compared(tmp_path, table, table)

    assert found.violations == []
    assert found.outcome.message == "Completed: Job completed successfully with no violations."


def test_a_cell_of_another_type_fails_the_column(tmp_path: Path) -> None:
    found = compared(tmp_path, {"n": NUMBERS}, {"n": ["x", *NUMBERS[1:]]})

    assert found.checks == {("n", "data_type_check")}
    assert found.violations[0]["counts"] == {"present": 400, "matching": 399}
    assert (found.violations[0]["observed"], found.violations[0]["threshold"]) == (399 / 400, 1.0)


def test_the_share_of_fitting_cells_may_be_relaxed_for_one_feature(tmp_path: Path) -> None:
    edit = options("n", datatype_check_threshold=0.9)

    assert compared(tmp_path, {"n": NUMBERS}, {"n": ["x", *NUMBERS[1:]]}, edit).violations == []


def test_fractions_accept_whole_numbers_but_not_the_other_way_round(tmp_path: Path) -> None:
    halves = [at + 0.5 for at in NUMBERS]

    assert compared(tmp_path / "a", {"n": halves}, {"n": NUMBERS}).checks.isdisjoint({("n", "data_type_check")})
    assert compared(tmp_path / "b", {"n": NUMBERS}, {"n": halves}).checks == {("n", "data_type_check")}


def test_whole_numbers_spelled_as_fractions_fail_as_recorded_with_a_hint_and_pass_by_option(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("whole_numbers_are_integral: true\n")
    spelled = [f"{at}.0" for at in NUMBERS]

    recorded = compared(tmp_path / "a", {"n": NUMBERS}, {"n": spelled})
    relaxed = compared(tmp_path / "b", {"n": NUMBERS}, {"n": spelled}, analyzer_config=config)

    assert recorded.checks == {("n", "data_type_check")}
    assert "whole_numbers_are_integral" in recorded.violations[0]["hint"]
    assert relaxed.violations == []


def test_missing_cells_fail_the_column_and_a_tolerance_forgives_some(tmp_path: Path) -> None:
    before: dict[str, Column] = {"n": NUMBERS, "w": WORDS}
    now: dict[str, Column] = {"n": [None, None, *NUMBERS[2:]], "w": WORDS}

    assert compared(tmp_path / "a", before, now).checks == {("n", "completeness_check")}
    assert compared(tmp_path / "b", before, now, options("n", completeness_tolerance=0.01)).violations == []


def test_an_unknown_category_fails_the_column_by_its_share(tmp_path: Path) -> None:
    found = compared(tmp_path, {"w": WORDS}, {"w": ["c", *WORDS[1:]]})

    assert found.checks == {("w", "categorical_values_check")}
    assert found.violations[0]["description"] == (
        "Value match requirement is not met. Expected match: 100.0%. Observed: Only 99.75% of data is known."
    )


def test_many_new_categories_are_counted_exactly(tmp_path: Path) -> None:
    """More values than any table of categories keeps: membership in the domain stays exact."""
    found = compared(tmp_path, {"w": WORDS}, {"w": [f"v{at}" for at in range(300)] + WORDS[:100]})

    violation = next(each for each in found.violations if each["constraint_check_type"] == "categorical_values_check")
    assert violation["counts"] == {"present": 400, "matching": 100}
    assert ("w", "baseline_drift_check") in found.checks


def test_negative_numbers_fail_where_the_baseline_has_none_but_not_in_strict_mode(tmp_path: Path) -> None:
    now = [-1, *NUMBERS[1:]]

    assert compared(tmp_path / "a", {"n": NUMBERS}, {"n": now}).checks == {("n", "non_negative_check")}
    assert compared(tmp_path / "b", {"n": NUMBERS}, {"n": now}, analyzer_compat="strict").violations == []


FLAGS = [int(at % 5 == 0) for at in range(2000)]
DRIFTED = [int(at % 5 < 3) for at in range(2000)]


def test_drift_of_a_flag_is_found_though_its_values_are_tied(tmp_path: Path) -> None:
    found = compared(tmp_path / "a", {"f": FLAGS}, {"f": DRIFTED})

    assert found.checks == {("f", "baseline_drift_check")}
    assert found.violations[0]["observed"] == pytest.approx(0.4 - 1.8 * np.sqrt(2 / 2000))
    assert compared(tmp_path / "b", {"f": FLAGS}, {"f": DRIFTED}, analyzer_compat="strict").violations == []


def test_the_drift_sentence_can_be_read_by_programs(tmp_path: Path) -> None:
    simple = options("f", distribution_constraints={"comparison_method": "Simple", "comparison_threshold": 0.25})
    found = compared(tmp_path, {"f": FLAGS}, {"f": DRIFTED}, simple)

    assert found.violations[0]["description"] == "Baseline drift distance: 0.4 exceeds threshold: 0.25"
    assert found.violations[0]["counts"] == {"baseline": 2000, "current": 2000}


def test_drift_below_its_own_threshold_or_minimum_of_samples_is_none(tmp_path: Path) -> None:
    for at, values in enumerate(({"comparison_threshold": 0.5}, {"minimum_samples": 2001}, {"perform_comparison": "Disabled"})):
        wrapped: dict[str, object] = {"distribution_constraints": values} if at != 1 else dict(values)
        assert compared(tmp_path / str(at), {"f": FLAGS}, {"f": DRIFTED}, options("f", **wrapped)).violations == []


def test_drift_of_text_is_the_largest_change_of_a_share(tmp_path: Path) -> None:
    found = compared(tmp_path, {"w": ["a", "b"] * 1000}, {"w": ["a", "a", "a", "b"] * 500})

    assert found.checks == {("w", "baseline_drift_check")}
    assert found.violations[0]["observed"] == pytest.approx(0.25 - 1.8 * np.sqrt(2 / 2000))


def test_chi_squared_compares_a_p_value_downwards(tmp_path: Path) -> None:
    settings: dict[str, object] = {"distribution_constraints": {"categorical_drift_method": "ChiSquared"}}
    before, now = {"w": ["a", "b"] * 1000}, {"w": ["a", "a", "b", "a", "b", "b", "a", "a"] * 250}
    found = compared(tmp_path / "a", before, now, options("w", **settings))

    assert found.checks == {("w", "baseline_drift_check")}
    assert found.violations[0]["observed"] < 0.1
    assert "p-value" in found.violations[0]["description"]
    assert compared(tmp_path / "b", before, before, options("w", **settings)).violations == []


def test_drift_is_not_judged_after_a_type_violation_unless_asked_for(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"check_after_type_violation": true}')
    now = [*DRIFTED[1:], 0.5]

    assert compared(tmp_path / "a", {"f": FLAGS}, {"f": now}).checks == {("f", "data_type_check")}
    assert compared(tmp_path / "b", {"f": FLAGS}, {"f": now}, analyzer_config=config).checks == {
        ("f", "data_type_check"),
        ("f", "baseline_drift_check"),
    }


def test_columns_that_come_and_go_are_told_by_name_and_the_others_still_checked(tmp_path: Path) -> None:
    found = compared(
        tmp_path, {"n": NUMBERS, "gone": NUMBERS, "w": WORDS}, {"n": NUMBERS, "w": ["c"] * ROWS, "new": NUMBERS}
    )

    assert {check for _, check in found.checks} >= {"missing_column_check", "extra_column_check", "categorical_values_check"}
    hints = {each["feature_name"]: each.get("hint") for each in found.violations}
    assert (hints["Missing columns"], hints["Extra columns"]) == ("Missing: gone.", "Extra: new.")


def test_a_feature_or_a_file_with_evaluation_switched_off_has_no_violation(tmp_path: Path) -> None:
    def off(constraints: Any) -> None:
        constraints["monitoring_config"]["evaluate_constraints"] = "Disabled"

    assert compared(tmp_path / "a", {"n": NUMBERS}, {"n": WORDS}, options("n", evaluate_constraints="Disabled")).violations == []
    assert compared(tmp_path / "b", {"n": NUMBERS}, {"n": WORDS}, off).violations == []


def test_severity_decides_the_exit_code_only_when_asked_to_fail(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("fail_on_violations: true")
    warn = options("n", severity="warning")

    assert compared(tmp_path / "a", {"n": NUMBERS}, {"n": WORDS}).outcome.exit_code == 0
    assert compared(tmp_path / "b", {"n": NUMBERS}, {"n": WORDS}, analyzer_config=config).outcome.exit_code == 10
    assert compared(tmp_path / "c", {"n": NUMBERS}, {"n": WORDS}, warn, analyzer_config=config).outcome.exit_code == 0


def test_unknown_keys_of_the_constraints_are_reported(tmp_path: Path) -> None:
    found = compared(tmp_path, {"n": NUMBERS}, {"n": NUMBERS}, options("n", comparision_threshold=0.5))

    notices = found.document("statistics.json")["dataset"]["analyzer"]["notices"]
    assert any("comparision_threshold" in notice for notice in notices)


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

    examples = {(each["feature_name"], each["constraint_check_type"]): each.get("examples") for each in found.violations}
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
    learnt = run_job(tmp_path / "learnt", csv(tmp_path / "before", p=[0.5] * 9, a=range(9), b=range(9)), dataset_format="csv")
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
    found = compared(tmp_path, {"f": FLAGS}, {"f": DRIFTED}, publish_cloudwatch_metrics="Enabled", sagemaker_endpoint_name="ep")

    lines = [json.loads(line) for line in (found.output / "metrics/cloudwatch_metrics.jsonl").read_text().splitlines()]
    metrics = {line["MetricName"]: line for line in lines}
    assert metrics["feature_data_f"]["StatisticValues"] == {"SampleCount": 2000, "Sum": 1200, "Minimum": 0, "Maximum": 1}
    assert metrics["feature_non_null_f"]["Value"] == 1.0
    assert metrics["feature_baseline_drift_f"]["Value"] == pytest.approx(0.343, abs=0.001)
    assert metrics["feature_data_f"]["Dimensions"] == [{"Name": "Endpoint", "Value": "ep"}]
