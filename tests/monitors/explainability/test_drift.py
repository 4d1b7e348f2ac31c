"""Monitoring runs against their baselines: what is a violation, in both modes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.jobs import CAPTURE
from tests.monitors.explainability.jobs import (
    NAMES,
    SHAP,
    WEIGHTS,
    baseline_of,
    explain,
    how_of,
    rows,
    values_of,
    weighted,
    with_url,
    write_requests,
    write_rows,
)
from tests.predictors.server import serving


def test_drift_of_attributions_is_a_violation_with_the_recorded_sentence(tmp_path: Path) -> None:
    source = write_requests(tmp_path / "now", rows())
    with serving(weighted(WEIGHTS)) as served:
        baseline = baseline_of(tmp_path, with_url(served.url))
        same = explain(
            tmp_path / "same", source, with_url(served.url), dataset_format=CAPTURE, baseline_constraints=baseline
        )
        served.answering = weighted(WEIGHTS[::-1])
        drifted = explain(
            tmp_path / "out", source, with_url(served.url), dataset_format=CAPTURE, baseline_constraints=baseline
        )

    assert same.violations == []
    assert same.outcome.message == "Completed: Job completed successfully with no violations."
    first = drifted.violations[0]
    score = drifted.document("analysis.json")["explanations"]["kernel_shap"]["label0"]["analyzer"]["ndcg"]
    assert score < 0.9
    assert (first["label"], first["metric_name"]) == ("label0", "shap")
    assert first["constraint_check_type"] == "feature_attribution_drift_check"
    assert first["description"] == f"Feature attribution drift {score} exceeds threshold 0.9"
    assert drifted.outcome.message.startswith("CompletedWithViolations")


def test_a_swap_that_the_score_hides_is_a_warning_of_its_own(tmp_path: Path) -> None:
    config = {"fail_on_violations": True}
    (tmp_path / "options.json").write_text(json.dumps(config))
    with serving(weighted([3.0, 2.0, 0.1, 0.1, 0.0, 0.0])) as served:
        baseline = baseline_of(tmp_path, with_url(served.url))
        served.answering = weighted([2.0, 3.0, 0.1, 0.1, 0.0, 0.0])
        found = explain(
            tmp_path / "out",
            tmp_path / "in",
            with_url(served.url),
            baseline_constraints=baseline,
            analyzer_config=tmp_path / "options.json",
        )

    block = found.document("analysis.json")["explanations"]["kernel_shap"]["label0"]["analyzer"]
    assert block["ndcg"] > 0.9
    assert {each["constraint_check_type"] for each in found.violations} == {"feature_attribution_share_check"}
    assert {each["severity"] for each in found.violations} == {"warning"}
    first = block["features"]["f0"]
    assert (first["baseline_rank"], first["rank"]) == (1, 2)
    assert first["change"] < -3 * first["change_error"] < 0
    assert found.outcome.exit_code == 0


def test_strict_mode_writes_what_was_recorded_and_nothing_else(tmp_path: Path) -> None:
    with serving(weighted(WEIGHTS)) as served:
        baseline = baseline_of(tmp_path, with_url(served.url))
        settings = {"baseline_constraints": baseline, "analyzer_compat": "strict"}
        same = explain(tmp_path / "same", tmp_path / "in", with_url(served.url), **settings)
        served.answering = weighted(WEIGHTS[::-1])
        other = explain(tmp_path / "other", tmp_path / "in", with_url(served.url), **settings)

    assert list(same.document("analysis.json")) == ["version", "explanations"]
    assert list(same.document("analysis.json")["explanations"]["kernel_shap"]["label0"]) == [
        "global_shap_values",
        "expected_value",
    ]
    assert not (same.output / "constraint_violations.json").exists()
    keys = ["label", "metric_name", "constraint_check_type", "description"]
    assert [list(each) for each in other.violations] == [keys]


def test_features_equal_to_the_baseline_get_nothing_but_noise_in_strict_mode(tmp_path: Path) -> None:
    values = rows(30)
    values[:, 4] = 0.0
    source = write_rows(tmp_path / "in", values)
    with serving(weighted([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])) as served:
        config = with_url(served.url, num_samples=20)
        default = explain(tmp_path / "default", source, config)
        strict = explain(tmp_path / "strict", source, config, analyzer_compat="strict")

    assert values_of(default)["f4"] == 0.0
    assert 0 < values_of(strict)["f4"] < 0.1


PROBABILITY_BASELINE = {
    "version": "1.0",
    "explanations": {
        "kernel_shap": {
            "label0": {"global_shap_values": dict(zip(NAMES, [3, 2, 2, 1, 0, 0], strict=True)), "expected_value": 0.4}
        }
    },
}


def test_a_baseline_of_the_closed_image_is_compared_in_its_own_unit(tmp_path: Path, model: Path) -> None:
    """Clarify explains probabilities, so a model file is asked by Kernel SHAP instead of being looked into."""
    (tmp_path / "analysis.json").write_text(json.dumps(PROBABILITY_BASELINE))
    config = {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}}

    found = explain(
        tmp_path / "out",
        write_rows(tmp_path / "in", rows()),
        config,
        baseline_constraints=tmp_path / "analysis.json",
    )

    assert (how_of(found)["method"], how_of(found)["output"]) == ("kernel", "prediction")
