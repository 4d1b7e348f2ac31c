"""Attributions that endpoints with online explanations wrote into their captured answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import ConfigError
from tests.jobs import CAPTURE, Finished, capture, write_captures
from tests.monitors.explainability.jobs import explain


def answer(attributions: list[list[list[float]]], headers: list[str] | None = None) -> str:
    """An online explanation: per record and feature one number for every output."""
    named = [{"feature_header": header} for header in headers] if headers else [{}] * 99
    records = [
        [{**name, "attributions": [{"attribution": outputs}]} for name, outputs in zip(named, record, strict=False)]
        for record in attributions
    ]
    return json.dumps(
        {
            "version": "1.0",
            "predictions": {"content_type": "text/csv", "data": "0.1"},
            "explanations": {"kernel_shap": records},
        }
    )


def write(folder: Path, answers: list[str]) -> Path:
    records = [capture("1,2,3", text, event=f"e{at}", encodings=("CSV", "JSON")) for at, text in enumerate(answers)]
    write_captures(folder / "a.jsonl", records)
    return folder


def run(folder: Path, answers: list[str], config: dict[str, Any], **settings: object) -> Finished:
    return explain(folder / "out", write(folder / "in", answers), config, dataset_format=CAPTURE, **settings)


def block(finished: Finished, label: str = "label0") -> dict[str, Any]:
    found: dict[str, Any] = finished.document("analysis.json")["explanations"]["kernel_shap"][label]
    return found


VALUES = np.random.default_rng(3).normal(size=(30, 3)) * [3, 2, 1]


def test_they_are_summed_without_asking_any_model(tmp_path: Path) -> None:
    answers = [answer([[[number] for number in row]]) for row in VALUES.tolist()]

    found = run(tmp_path, answers, {"headers": ["a", "b", "c"]})

    expected = np.abs(VALUES).mean(axis=0)
    assert list(block(found)["global_shap_values"]) == ["a", "b", "c"]
    assert np.allclose(list(block(found)["global_shap_values"].values()), expected)
    assert found.document("analysis.json")["analyzer"]["explanations"]["method"] == "captured"
    assert block(found)["expected_value"] is None


def test_several_records_to_a_payload_and_several_outputs(tmp_path: Path) -> None:
    pairs = [
        [[[number, -2 * number] for number in row] for row in VALUES[at : at + 3].tolist()] for at in range(0, 30, 3)
    ]

    found = run(tmp_path, [answer(each) for each in pairs], {"headers": ["a", "b", "c"]})

    assert np.allclose(list(block(found)["global_shap_values"].values()), np.abs(VALUES).mean(axis=0))
    assert np.allclose(list(block(found, "label1")["global_shap_values"].values()), 2 * np.abs(VALUES).mean(axis=0))
    assert found.document("analysis.json")["analyzer"]["explanations"]["rows"] == 30


def test_headers_inside_the_answers_name_the_features(tmp_path: Path) -> None:
    found = run(tmp_path, [answer([[[1.0], [2.0]]], ["age", "pay"])], {})

    assert block(found)["global_shap_values"] == {"age": 1.0, "pay": 2.0}


def test_medians_come_from_a_sketch(tmp_path: Path) -> None:
    answers = [answer([[[number] for number in row]]) for row in VALUES[:29].tolist()]

    found = run(tmp_path, answers, {"methods": {"shap": {"agg_method": "median"}}})

    assert np.allclose(list(block(found)["global_shap_values"].values()), np.median(VALUES[:29], axis=0))


def test_payloads_with_missing_features_and_without_any_are_counted_and_named(tmp_path: Path) -> None:
    whole, part = answer([[[1.0], [2.0], [3.0]]]), answer([[[1.0], [4.0]]])
    nothing = json.dumps({"predictions": {"data": "0.3"}})

    found = run(tmp_path, [whole, part, part, nothing, '{"explanations": {"kernel_shap": "none"}}'], {})

    account = found.document("analysis.json")["analyzer"]
    assert block(found)["global_shap_values"] == {"feature_0": 1.0, "feature_1": 10 / 3, "feature_2": 3.0}
    assert block(found)["analyzer"]["features"]["feature_2"]["rows"] == 1
    assert account["rejected"] == {"record holds no attributions": 2}
    assert "incomplete: 'feature_2' (in as few as 1 of 3 rows)" in " ".join(account["notices"])


def test_they_drift(tmp_path: Path) -> None:
    config = {"headers": ["a", "b", "c"]}
    base = run(tmp_path, [answer([[[3.0], [2.0], [0.1]]])] * 5, config)

    found = explain(
        tmp_path / "now",
        write(tmp_path / "later", [answer([[[0.1], [2.0], [3.0]]])] * 5),
        config,
        dataset_format=CAPTURE,
        baseline_constraints=base.output / "analysis.json",
    )

    assert found.violations[0]["constraint_check_type"] == "feature_attribution_drift_check"
    assert block(found)["analyzer"]["ndcg"] < 0.9


@pytest.mark.parametrize("by_name", [True, False])
def test_another_key_that_the_configuration_names(tmp_path: Path, *, by_name: bool) -> None:
    answers = [
        json.dumps({"score": 0.5, "shap": {"a": row[0], "b": row[1]} if by_name else row[:2]})
        for row in VALUES.tolist()
    ]

    found = run(tmp_path, answers, {"headers": ["a", "b"], "predictor": {"attributions": "shap"}})

    assert np.allclose(list(block(found)["global_shap_values"].values()), np.abs(VALUES[:, :2]).mean(axis=0))


def test_a_key_that_is_not_there_is_an_error_that_lists_what_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"attributions: 'shap' is in no captured answer, which hold 'endpointOutput"):
        run(tmp_path, [json.dumps({"score": 0.5})], {"predictor": {"attributions": "shap"}})


def test_without_attributions_and_without_a_model_the_configuration_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no predictor"):
        run(tmp_path, [json.dumps({"score": 0.5})], {})


def test_numbers_too_large_to_be_true_do_not_spoil_the_document(tmp_path: Path) -> None:
    text = answer([[[1.0], [2.0]]]).replace("2.0", "1e999")

    found = run(tmp_path, [answer([[[1.0], [2.0]]]), text], {})

    assert block(found)["global_shap_values"] == {"feature_0": 1.0, "feature_1": 2.0}
