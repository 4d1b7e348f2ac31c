"""docs/reference/model_quality.md names every key that a run writes, and every limit it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analyzer.folds.residuals import Residuals
from analyzer.folds.scores import Scores
from analyzer.monitors.model_quality.multiclass import RANKS
from analyzer.monitors.model_quality.predictions import POINTS
from analyzer.reports import quality_constraints, quality_statistics, quality_violations
from analyzer.views import regression, resampling
from tests.quality import learnt, table, watched

PAGE = (Path(__file__).parents[3] / "docs/reference/model_quality.md").read_text("utf-8")
SHARED = {"version", "dataset"}  # explained in documents.md


def structs() -> Iterator[type[msgspec.Struct]]:
    for module in (quality_statistics, quality_violations):
        for each in vars(module).values():
            own = isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__module__ == module.__name__
            if own and not each.__name__.startswith("_"):
                yield each


KEYS = {key for each in structs() for key in each.__struct_encode_fields__} | set(quality_constraints.ENTRY)


@pytest.mark.parametrize("key", sorted(KEYS - SHARED))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`(?:[\w.]*\.)?{key}`", PAGE), f"{key} is in no code span of the page"


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"{Scores().limit:,} distinct scores" in PAGE
    assert f"{Residuals().limit:,} distinct residuals" in PAGE
    assert f"up to {Residuals().pairs:,} distinct pairs" in PAGE
    assert f"fewer than {resampling.FEWEST_ROWS} rows" in PAGE
    assert f"{resampling.REPLICATES} bootstrap samples" in PAGE
    assert f"k = {', '.join(map(str, RANKS))}" in PAGE
    assert f"{POINTS} `values`" in PAGE
    assert ", ".join(map(str, regression.QUANTILES)) in PAGE


def test_the_examples_are_read_as_they_stand() -> None:
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    constraints = next(each for each in examples if "binary_classification_constraints" in each)

    found = quality_constraints.parse_limits(constraints, "page", "BinaryClassification")

    assert [limit.metric for limit in found.limits] == ["recall", "false_positive_rate"]
    assert found.notices == []
    assert len(examples) == 3


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def test_every_key_of_a_violation_is_explained(tmp_path: Path) -> None:
    good = table(tmp_path / "a/data.csv", [(1, 0.9), (0, 0.1)] * 50, ("label", "score"))
    bad = table(tmp_path / "b/data.csv", [(1, 0.4), (0, 0.6)] * 50, ("label", "score"))
    baseline = learnt(tmp_path / "base", good, probability_attribute="score")

    found = watched(tmp_path, bad, baseline, probability_attribute="score")

    assert len(found.job.violations) > 10
    written = set(_keys(found.job.violations)) - {"baseline", "current", "evaluated"}
    assert [key for key in sorted(written) if f"`{key}`" not in PAGE] == []
