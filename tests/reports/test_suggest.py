"""Suggested constraints are the recorded ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.reports.document import render
from analyzer.reports.statistics import (
    Categorical,
    CategoryBucket,
    Common,
    Dataset,
    Extra,
    Feature,
    NumericalStatistics,
    Statistics,
    StringDistribution,
    StringStatistics,
    read_statistics,
)
from analyzer.reports.suggest import suggest


def numeric(name: str, minimum: float | None, present: int = 4, kind: str = "Integral") -> Feature:
    return Feature(name, kind, NumericalStatistics(Common(present, 4 - present), min=minimum))


def text(name: str, *values: str) -> Feature:
    buckets = Categorical([CategoryBucket(value, 1) for value in values])
    block = StringStatistics(Common(4, 0), 1.0, distribution=StringDistribution(buckets) if values else None)
    return Feature(name, "String", string_statistics=block)


def suggested(*features: Feature, rows: int = 4) -> list[dict[str, object]]:
    found: list[dict[str, object]] = suggest(Statistics(dataset=Dataset(rows), features=list(features))).document[
        "features"
    ]
    return found


@pytest.mark.golden
def test_the_recorded_statistics_suggest_the_recorded_constraints(golden: Path) -> None:
    recorded = json.loads((golden / "dq_churn_baseline" / "expected_constraints.json").read_text())
    found = suggest(read_statistics(golden / "dq_churn_baseline" / "expected.json")).document
    for newer in ("categorical_comparison_threshold", "categorical_drift_method"):  # not in the recording of 2022
        del found["monitoring_config"]["distribution_constraints"][newer]
    assert found == {**recorded, "features": recorded["features"][: len(found["features"])]}


def test_non_negative_is_what_has_no_negative_minimum() -> None:
    found = suggested(numeric("a", 0.0), numeric("b", -0.5, kind="Fractional"), numeric("c", None))
    assert [feature.get("num_constraints") for feature in found] == [
        {"is_non_negative": True},
        {"is_non_negative": False},
        None,
    ]


def test_completeness_is_the_share_of_rows_with_a_value() -> None:
    assert suggested(numeric("a", 0.0, present=3))[0]["completeness"] == 0.75


def test_domains_follow_the_buckets_and_many_values_have_none() -> None:
    few, many = suggested(text("few", "SP", "MC", ""), text("many"))
    assert few["string_constraints"] == {"domains": ["SP", "MC", ""]}
    assert "string_constraints" not in many


def test_every_feature_has_a_type_even_when_nothing_else_is_known() -> None:
    failed = Feature("failed", analyzer=Extra(failure="it broke"))
    assert suggested(failed) == [{"name": "failed", "inferred_type": "Unknown"}]


def test_an_empty_data_set_promises_no_completeness() -> None:
    assert "completeness" not in suggested(numeric("a", None, present=0), rows=0)[0]


def test_the_drift_method_of_categories_is_the_callers_choice() -> None:
    found = suggest(Statistics(dataset=Dataset(0), features=[]), "ChiSquared")
    assert found.defaults.categorical_method == "ChiSquared"
    assert list(json.loads(render(found.document))) == ["version", "features", "monitoring_config"]
