"""The page on explainability names every key, default and sentence of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from analyzer.analysis_config import Predictor, Shap, parse_analysis_config
from analyzer.monitors.explainability.sources import NO_ATTRIBUTIONS, NO_NUMBER
from analyzer.options import Options
from analyzer.predictors.http import TIMEOUT_SECONDS
from analyzer.predictors.remote import Manners
from analyzer.reports import attribution_violations as violations
from analyzer.reports.explanations import Explanation, FeatureExtra, How, OutputExtra

PAGE = (Path(__file__).parents[3] / "docs/reference/explainability.md").read_text("utf-8")
STRUCTS = (Explanation, FeatureExtra, How, OutputExtra, violations.AttributionViolation)
KEYS = {key for each in STRUCTS for key in each.__struct_fields__} | set(Shap.__struct_fields__)
# Read, and said to be of no use here, or explained in words.
UNUSED = {"endpoint_name_prefix", "initial_instance_count", "instance_type", "accelerator_type"}


@pytest.mark.parametrize("key", sorted(KEYS | set(Predictor.__struct_fields__) - UNUSED))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`[\w. ]*{key}\b[^`]*`|\"{key}\":", PAGE)


def test_defaults_are_those_of_the_code() -> None:
    defaults = dict(re.findall(r"^\| `(\w+)` (?:\(\*\*own\*\*\) )?\| `([\w./]+)` \|", PAGE, re.MULTILINE))
    manners = Manners()

    assert defaults["batch_rows"] == str(manners.batch_rows)
    assert defaults["concurrency"] == str(manners.concurrency)
    assert defaults["retries"] == str(manners.retries)
    assert float(defaults["timeout_seconds"]) == TIMEOUT_SECONDS
    assert defaults["agg_method"] == Shap().agg_method
    assert defaults["use_logit"] == str(Shap().use_logit).lower()
    assert f"`attribution_drift_threshold` ({Options().attribution_drift_threshold})" in PAGE
    assert f"`attribution_share_threshold` ({Options().attribution_share_threshold})" in PAGE


def test_the_sentences_are_those_of_the_code() -> None:
    assert violations.drift("label0", 0.7639720923277322, 0.9).description in PAGE
    assert violations.share("label0", "age", (0.5, 0.3), 0.1).description in PAGE
    assert NO_NUMBER in PAGE
    assert NO_ATTRIBUTIONS in PAGE


def test_the_example_of_a_configuration_is_understood() -> None:
    blocks = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    config = parse_analysis_config(blocks[0])

    assert config.notices == ()
    assert config.predictor is not None
    assert config.predictor.artifact
