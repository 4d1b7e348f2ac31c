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
