"""The sentences of violations, to the character."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports import violations
from analyzer.reports.document import render
from analyzer.reports.violations import Violation

COUNTS = "Number of columns in current dataset: 9, Number of columns in baseline constraints: 8"
DISTANCE = re.compile(r"distance: (.+) exceeds threshold: (.+)")  # how programs of AWS's users read drift


@pytest.mark.golden
def test_the_recorded_sentences_are_reproduced(golden: Path) -> None:
    recorded = json.loads((golden / "dq_messages" / "expected.json").read_text())["messages"]
    wanted = {entry["constraint_check_type"]: entry for entry in recorded[:2]}
    found = [violations.data_type("a", "Integral", 1970, 1977, 1.0), violations.missing_columns(1, 8)]
    for violation in found:
        assert violation.description == wanted[violation.constraint_check_type]["description"]
    assert found[1].feature_name == wanted["missing_column_check"]["feature_name"]


@pytest.mark.parametrize(
    ("matches", "present", "percentage"),
    [
        (1970, 1977, "99.64592817400101"),
        (1407, 1412, "99.6458923512748"),
        (1908, 1915, "99.63446475195823"),
        (353, 354, "99.71751412429379"),
        (1, 2, "50.0"),
        (0, 3, "0.0"),
        (0, 0, "0.0"),
    ],
)
def test_the_recorded_percentages_are_reproduced(matches: int, present: int, percentage: str) -> None:
    assert (
        f"Only {percentage}% of data is Integral."
        in violations.data_type("a", "Integral", matches, present, 1.0).description
    )


@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_programs_find_both_numbers_of_a_distance(distance: float, threshold: float) -> None:
    found = DISTANCE.search(violations.drift("a", distance, threshold).description)
    assert found
    assert (float(found[1]), float(found[2])) == (distance, threshold)


def test_a_p_value_is_not_taken_for_a_distance() -> None:
    text = violations.drift_p_value("a", 1e-9, 0.1).description
    assert text == "Baseline drift p-value: 1.0E-9 is below threshold: 0.1"
    assert not DISTANCE.search(text)


@pytest.mark.parametrize(
    ("violation", "check", "description"),
    [
        (
            violations.completeness("a", 1.0, 955, 1000),
            "completeness_check",
            "Completeness requirement is not met. Expected: 1.0, Observed: 0.955.",
        ),
        (
            violations.categorical_values("a", 3, 4, 1.0),
            "categorical_values_check",
            "Value match requirement is not met. Expected match: 100.0%. Observed: Only 75.0% of data is known.",
        ),
        (
            violations.drift("a", 0.5, 0.1),
            "baseline_drift_check",
            "Baseline drift distance: 0.5 exceeds threshold: 0.1",
        ),
        (
            violations.extra_columns(9, 8),
            "extra_column_check",
            f"There are extra columns in current dataset. {COUNTS}",
        ),
        (
            violations.non_negative("a", -2.0),
            "non_negative_check",
            "Non-negative requirement is not met. Observed minimum: -2.0.",
        ),
    ],
)
def test_every_check_has_its_sentence(violation: Violation, check: str, description: str) -> None:
    assert (violation.constraint_check_type, violation.description) == (check, description)
    assert violation.observed is not None
    assert violation.threshold is not None


def test_the_document_has_our_fields_except_in_strict_mode() -> None:
    violation = violations.data_type("a<b>", "Integral", 1, 2, 1.0)
    violation.severity = "warning"
    own = json.loads(render(violations.document([violation])))["violations"][0]
    strict = json.loads(render(violations.document([violation], strict=True)))["violations"][0]
    assert list(strict) == ["feature_name", "constraint_check_type", "description"]
    assert own == {
        **strict,
        "observed": 0.5,
        "threshold": 1.0,
        "counts": {"present": 2, "matching": 1},
        "severity": "warning",
    }


def test_no_violation_is_an_empty_list() -> None:
    assert render(violations.document([])).decode() == '{\n  "violations" : [ ]\n}'


def test_examples_are_few_short_and_safe_to_print() -> None:
    found = Violation("a", "b", "c", examples=["\x1b[2J" + "x" * 10_000] * 50)
    assert found.examples is not None
    assert len(found.examples) == 10
    assert all(len(example) <= 200 and example.isprintable() for example in found.examples)


def test_an_observation_that_is_no_number_is_left_out() -> None:
    assert Violation("a", "b", "c", observed=float("nan")).observed is None
