"""Every check of data quality, through whole jobs: what fires, what does not, and what the violation says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.monitors.tables import DRIFTED, FLAGS, NUMBERS, ROWS, WORDS, Column, compared, options


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
    edits = (
        options("f", distribution_constraints={"comparison_threshold": 0.5}),
        options("f", minimum_samples=2001),
        options("f", distribution_constraints={"perform_comparison": "Disabled"}),
    )
    for at, edit in enumerate(edits):
        assert compared(tmp_path / str(at), {"f": FLAGS}, {"f": DRIFTED}, edit).violations == []


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

    assert {check for _, check in found.checks} >= {
        "missing_column_check",
        "extra_column_check",
        "categorical_values_check",
    }
    hints = {each["feature_name"]: each.get("hint") for each in found.violations}
    assert (hints["Missing columns"], hints["Extra columns"]) == ("Missing: gone.", "Extra: new.")


def test_a_feature_or_a_file_with_evaluation_switched_off_has_no_violation(tmp_path: Path) -> None:
    def off(constraints: Any) -> None:
        constraints["monitoring_config"]["evaluate_constraints"] = "Disabled"

    assert (
        compared(tmp_path / "a", {"n": NUMBERS}, {"n": WORDS}, options("n", evaluate_constraints="Disabled")).violations
        == []
    )
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
