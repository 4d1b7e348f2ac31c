"""constraints.json: every spelling, precedence, what is kept, what is noted and what is refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BaselineError
from analyzer.reports.constraints import Constraints, parse, read_constraints
from analyzer.reports.document import render, write
from analyzer.reports.options import MONITORING, Options

GENERATED = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
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
FILE: dict[str, Any] = {"version": 0.0, "features": [CHURN, PAYER], "monitoring_config": GENERATED}


def with_feature(**keys: Any) -> Constraints:
    return parse({**FILE, "features": [{**CHURN, **keys}]}, "constraints.json")


def with_config(**keys: Any) -> Constraints:
    return parse({**FILE, "monitoring_config": keys}, "constraints.json")


def changed(found: Constraints) -> dict[str, Any]:
    """What differs from the generated defaults for the feature Churn."""
    options, plain = found.options("Churn"), Options()
    return {name: getattr(options, name) for name in plain.__slots__ if getattr(options, name) != getattr(plain, name)}


def test_a_generated_file_means_the_built_in_defaults() -> None:
    found = parse(FILE, "constraints.json")
    churn, payer = found.features
    assert (churn.inferred_type, churn.completeness, churn.is_non_negative, churn.domains) == (
        "Integral",
        1,
        True,
        None,
    )
    assert (payer.is_non_negative, payer.domains) == (None, ("MC", "BC", "SP"))
    assert churn.options == payer.options == found.defaults == found.options("no such feature") == Options()
    assert found.notices == []


def test_a_file_without_configuration_means_the_built_in_defaults() -> None:
    assert parse({"features": []}, "constraints.json").defaults == Options()


@pytest.mark.golden
def test_the_recorded_constraints_read_without_a_notice_and_write_back(golden: Path, tmp_path: Path) -> None:
    recorded = golden / "dq_churn_baseline" / "expected_constraints.json"
    found = read_constraints(recorded)
    write(tmp_path / "constraints.json", found.document)
    assert (len(found.features), found.notices, found.defaults) == (70, [], Options())
    assert json.loads((tmp_path / "constraints.json").read_text()) == json.loads(recorded.read_text())


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


def test_unknown_keys_are_named_with_the_nearest_known_one_and_kept(tmp_path: Path) -> None:
    original = {
        "version": 0.0,
        "features": [{**CHURN, "completness": 0.5, "num_constraints": {"is_non_negativ": True}}],
        "monitoring_config": {"emit_metric": "Disabled", "distribution_constraints": {"x\n": 1}},
        "comment": {"by": ["me"]},
    }
    (tmp_path / "constraints.json").write_text(json.dumps(original))
    found = read_constraints(tmp_path / "constraints.json")
    paths = sorted(notice.partition(": ")[0] for notice in found.notices)
    assert paths == [
        "$.comment",
        "$.features[0].completness",
        "$.features[0].num_constraints.is_non_negativ",
        "$.monitoring_config.distribution_constraints" + r'["x\\n"]',
        "$.monitoring_config.emit_metric",
    ]
    assert any("did you mean 'completeness'" in notice for notice in found.notices)
    assert json.loads(render(found.document)) == original


def test_a_file_full_of_unknown_keys_does_not_fill_the_log() -> None:
    found = with_feature(**{f"key{index}": 1 for index in range(1000)})
    assert len(found.notices) == 100


def test_a_name_given_twice_and_another_version_are_noted() -> None:
    found = parse({"version": 1.0, "features": [CHURN, {**CHURN, "completeness": 0.5}]}, "constraints.json")
    assert len(found.notices) == 2
    assert found.by_name["Churn"].completeness == 1.0


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


@pytest.mark.parametrize(
    ("features", "path"),
    [
        (None, r"\$\.features: found nothing"),
        ({}, r"\$\.features: found an object"),
        ([None], r"\$\.features\[0\]: found nothing"),
        (["a"], r'\$\.features\[0\]: found "a"'),
        ([{}], r"\$\.features\[0\]\.name: found nothing"),
        ([{**CHURN, "inferred_type": "Integer"}], r'inferred_type: found "Integer"\. Hint: expected is Integral or'),
        ([{**CHURN, "completeness": 1.2}], r"completeness: found 1\.2"),
        ([{**CHURN, "completeness": "1.0"}], "completeness"),
        ([{**CHURN, "num_constraints": []}], "num_constraints: found a list"),
        ([{**CHURN, "num_constraints": {"is_non_negative": 1}}], "is_non_negative"),
        ([{**PAYER, "string_constraints": {"domains": "MC"}}], "domains: found"),
        ([{**PAYER, "string_constraints": {"domains": ["MC", 1]}}], r"domains\[1\]: found 1\. Hint: .*quotation marks"),
        ([{**CHURN, "monitoringConfigOverrides": "Disabled"}], "monitoringConfigOverrides: found"),
    ],
)
def test_a_wrong_feature_is_refused_with_its_place(features: Any, path: str) -> None:
    with pytest.raises(BaselineError, match=path):
        parse({"features": features}, "constraints.json")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"[]", "got `array`"),
        (b"nope", "is not JSON"),
        (b'{"version": 0.0, "dataset": {"item_count": 1}, "features": []}', "data-quality statistics.*baseline_statis"),
        (b'{"features": [{"name": "a", "numerical_statistics": {}}]}', "data-quality statistics"),
        (b'{"binary_classification_constraints": {}}', "model-quality constraints"),
        (b'{"pre_training_bias_metrics": {}}', "Clarify"),
        (b'{"features": [], "a": ' + b"[" * 200 + b"]" * 200 + b"}", "nested too deeply"),
        (b'{"features": [], "a": ' + b"[" * 100_000 + b"}", "nested too deeply"),
        (b'{"features": [], "a": 1e400}', "out of range"),
    ],
)
def test_a_wrong_file_is_named_with_what_it_holds(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(BaselineError, match=rf"c\.json.*{expected}"):
        read_constraints(tmp_path / "c.json")


def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="Hint: baseline_constraints"):
        read_constraints(tmp_path / "absent.json")


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(FILE).encode())
    assert len(read_constraints(tmp_path / "c.json").features) == 2


KEYS = st.sampled_from([*MONITORING, *CHURN, "distribution_constraints", "domains"]) | st.text()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.sampled_from(["Enabled", "Simple", "String"])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from([*FILE, "a"]), JSON), st.dictionaries(KEYS, JSON))
def test_any_document_is_read_or_refused(document: dict[str, Any], feature: dict[str, Any]) -> None:
    for candidate in (document, {**document, "features": [{"name": "a", **feature}]}):
        with contextlib.suppress(BaselineError):
            found = parse(candidate, "constraints.json")
            assert all(notice.startswith("$") and "\n" not in notice for notice in found.notices)
