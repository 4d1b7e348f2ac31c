"""Options of the checks: every spelling, every place, precedence, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.errors import BaselineError
from analyzer.reports.constraints import Constraints, parse
from analyzer.reports.options import Options

CHURN = {
    "name": "Churn",
    "inferred_type": "Integral",
    "completeness": 1.0,
    "num_constraints": {"is_non_negative": True},
}
PAYER = {
    "name": "payer_code",
    "inferred_type": "String",
    "completeness": 0.61,
    "string_constraints": {"domains": ["MC", "BC", "SP"]},
}
FILE: dict[str, Any] = {"version": 0.0, "features": [CHURN, PAYER]}


def with_feature(**keys: Any) -> Constraints:
    return parse({**FILE, "features": [{**CHURN, **keys}]}, "constraints.json")


def with_config(**keys: Any) -> Constraints:
    return parse({**FILE, "monitoring_config": keys}, "constraints.json")


def changed(found: Constraints) -> dict[str, Any]:
    """What differs from the generated defaults for the feature Churn."""
    options, plain = found.options("Churn"), Options()
    return {name: getattr(options, name) for name in plain.__slots__ if getattr(options, name) != getattr(plain, name)}


OFF = {"evaluate_constraints": "Disabled"}


@pytest.mark.parametrize(
    "keys",
    [
        {"monitoringConfigOverrides": OFF},
        {"monitoring_config_overrides": OFF},
        {"string_constraints": {"monitoring_config_overrides": OFF}},
        {"num_constraints": {"monitoring_config_overrides": OFF}},
        {"num_constraints": {"is_non_negative": True, "monitoringConfigOverrides": OFF}},
        {"numConstraints": {"monitoringConfigOverrides": {"evaluateConstraints": "DISABLED"}}},
        {"monitoringConfigOverrides": {"evaluate_constraints": False}},
        {"monitoringConfigOverrides": {"evaluateConstraints": "false"}},
    ],
)
def test_an_override_is_read_wherever_it_stands_and_however_it_is_spelled(keys: dict[str, Any]) -> None:
    found = with_feature(**keys)
    assert changed(found) == {"evaluate": False}
    assert found.notices == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"evaluate_constraints": "Disabled"}, {"evaluate": False}),
        ({"emit_metrics": "disabled"}, {"emit_metrics": False}),
        ({"emitMetrics": "TRUE"}, {}),
        ({"datatype_check_threshold": 0.9}, {"datatype_threshold": 0.9}),
        ({"datatypeCheckThreshold": 1}, {}),
        ({"domain_content_threshold": 0}, {"domain_threshold": 0.0}),
        ({"min_domain_mass": 0.5}, {"domain_threshold": 0.5}),
        ({"minDomainMass": 0.5}, {"domain_threshold": 0.5}),
        ({"distribution_constraints": {"perform_comparison": "Disabled"}}, {"compare": False}),
        ({"distributionConstraints": {"enable_comparisons": False}}, {"compare": False}),
        ({"distribution_constraints": {"comparison_method": "Simple"}}, {"comparison_method": "Simple"}),
        ({"distribution_constraints": {"comparion_method": "linf_simple"}}, {"comparison_method": "Simple"}),
        ({"distribution_constraints": {"comparisonMethod": "LINF_ROBUST"}}, {}),
        (
            {"distribution_constraints": {"categorical_drift_method": "ChiSquared"}},
            {"categorical_method": "ChiSquared"},
        ),
        ({"categoricalDriftMethod": "chi_squared"}, {"categorical_method": "ChiSquared"}),
        ({"comparison_threshold": 0.3}, {"comparison_threshold": 0.3, "categorical_threshold": 0.3}),
        ({"distribution_constraints": {"categorical_comparison_threshold": 0.4}}, {"categorical_threshold": 0.4}),
        ({"minimum_samples": 30}, {"minimum_samples": 30}),
        ({"minimumSamples": 30.0}, {"minimum_samples": 30}),
        ({"severity": "Warning"}, {"severity": "warning"}),
        ({"completeness_tolerance": 0.01}, {"completeness_tolerance": 0.01}),
        ({"evaluate_constraints": None}, {}),
    ],
)
def test_every_option_means_the_same_in_the_file_and_in_an_override(
    keys: dict[str, Any], expected: dict[str, Any]
) -> None:
    for found in (with_config(**keys), with_feature(monitoringConfigOverrides=keys)):
        assert changed(found) == expected
        assert found.notices == []


def test_our_own_keys_stand_beside_the_feature_too() -> None:
    found = with_feature(minimum_samples=100, severity="warning", completeness_tolerance=0.02)
    assert changed(found) == {"minimum_samples": 100, "severity": "warning", "completeness_tolerance": 0.02}


def test_a_feature_beats_the_file_and_the_file_beats_the_defaults() -> None:
    config = {"datatype_check_threshold": 0.8, "domain_content_threshold": 0.7, "comparison_threshold": 0.2}
    feature = {**CHURN, "monitoringConfigOverrides": {"datatype_check_threshold": 0.5}}
    found = parse({"features": [feature, PAYER], "monitoring_config": config}, "constraints.json")
    churn, payer = (found.options(name) for name in ("Churn", "payer_code"))
    assert (churn.datatype_threshold, payer.datatype_threshold) == (0.5, 0.8)
    assert churn.domain_threshold == payer.domain_threshold == 0.7
    assert churn.categorical_threshold == churn.comparison_threshold == 0.2


def test_a_feature_that_moves_its_distance_moves_it_for_text_although_the_file_has_one_for_text() -> None:
    found = with_feature(monitoringConfigOverrides={"distribution_constraints": {"comparison_threshold": 0.5}})
    assert found.options("Churn").categorical_threshold == 0.5


def test_of_two_contradicting_overrides_the_one_of_the_feature_is_used_and_that_is_said() -> None:
    nested = {"monitoring_config_overrides": {"evaluate_constraints": "Enabled"}}
    found = with_feature(monitoringConfigOverrides=OFF, num_constraints=nested)
    assert changed(found) == {"evaluate": False}
    (notice,) = found.notices
    used, contradicting = ("monitoringConfigOverrides", "num_constraints.monitoring_config_overrides")
    assert notice.startswith(f"$.features[0].{contradicting}.evaluate_constraints: contradicts ")
    assert notice.endswith(f"$.features[0].{used}.evaluate_constraints, which is used.")


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"evaluate_constraints": "On"}, "evaluate_constraints"),
        ({"evaluate_constraints": 1}, "evaluate_constraints"),
        ({"datatype_check_threshold": "0.9"}, "datatype_check_threshold"),
        ({"datatype_check_threshold": True}, "datatype_check_threshold"),
        ({"datatypeCheckThreshold": 99}, "datatypeCheckThreshold"),
        ({"domain_content_threshold": -0.1}, "domain_content_threshold"),
        ({"distribution_constraints": []}, "distribution_constraints"),
        ({"distribution_constraints": {"comparison_threshold": 10}}, r"distribution_constraints\.comparison_threshold"),
        ({"distribution_constraints": {"comparison_method": "KS"}}, r"distribution_constraints\.comparison_method"),
        ({"distribution_constraints": {"categorical_drift_method": 3}}, "categorical_drift_method"),
        ({"minimum_samples": -1}, "minimum_samples"),
        ({"minimum_samples": 1.5}, "minimum_samples"),
        ({"severity": "fatal"}, "severity"),
        ({"completeness_tolerance": 2}, "completeness_tolerance"),
    ],
)
def test_a_wrong_option_is_refused_with_its_place(keys: dict[str, Any], path: str) -> None:
    with pytest.raises(
        BaselineError, match=rf"constraints\.json, \$\.monitoring_config\.(.*\.)?{path}: found .*Hint: "
    ):
        with_config(**keys)
    with pytest.raises(BaselineError, match=rf"\$\.features\[0\]\.monitoringConfigOverrides\.(.*\.)?{path}: found"):
        with_feature(monitoringConfigOverrides=keys)
