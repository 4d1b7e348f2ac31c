"""analysis_config.json: what users have is read, what is wrong with it is said with its place and the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.analysis_config import AnalysisConfig, parse_analysis_config, read_analysis_config
from analyzer.errors import ConfigError
from tests.conftest import Bucket

CLARIFY: dict[str, Any] = {
    "version": "1.0",
    "dataset_type": "text/csv",
    "headers": ["age", "sex", "y"],
    "label": "y",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": [0]}],
    "group_variable": "age",
    "probability_threshold": 0.6,
    "methods": {
        "pre_training_bias": {"methods": "all"},
        "post_training_bias": {"methods": ["DPPL", "DI"]},
        "shap": {"baseline": [[1, 2]], "num_samples": 10, "agg_method": "median", "use_logit": True, "seed": 3},
        "report": {"name": "report", "title": "Analysis Report"},
    },
    "predictor": {"model_name": "m", "instance_type": "ml.m5.large", "initial_instance_count": 1, "label": "$.p"},
}


def test_a_file_of_clarify_is_read() -> None:
    config = parse_analysis_config(CLARIFY)

    assert config.notices == (
        "analysis_config at $.methods.report: no report.html is written; its numbers are in analysis.json.",
    )
    assert [(facet.name_or_index, facet.values) for facet in config.facets] == [("sex", (0,))]
    assert config.label_values == (1,)
    assert config.methods.post_training_bias is not None
    assert config.methods.post_training_bias.names == ("DPPL", "DI")
    assert config.methods.pre_training_bias is not None
    assert config.methods.pre_training_bias.names is None
    assert config.methods.shap is not None
    assert config.methods.shap.agg_method == "median"
    assert config.predictor is not None
    assert config.predictor.label == "$.p"


def test_one_value_and_one_facet_may_stand_without_a_list() -> None:
    config = parse_analysis_config(
        {"facet": {"name_or_index": 3, "value_or_threshold": 40}, "label_values_or_threshold": "yes"}
    )

    assert config.facets[0].values == (40,)
    assert config.label_values == ("yes",)


def test_null_is_absent() -> None:
    assert parse_analysis_config({"facet": None, "methods": {"shap": None}, "label": None}) == AnalysisConfig()


def test_an_unknown_key_is_a_notice_and_a_misspelt_one_an_error() -> None:
    assert "$.methods.explain_it: unknown key" in parse_analysis_config({"methods": {"explain_it": {}}}).notices[0]
    with pytest.raises(ConfigError, match=r"\$\.facet\[0\]\.value_or_treshold: Unknown key.*did you mean"):
        parse_analysis_config({"facet": [{"name_or_index": "a", "value_or_treshold": [1]}]})


def test_partial_dependence_is_not_carried_out_and_said() -> None:
    assert "partial dependence" in parse_analysis_config({"methods": {"pdp": {}}}).notices[0]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], r"at \$: Expected an object"),
        ({"facet": [{}]}, r"at \$\.facet\[0\]: .*name_or_index.*Hint: for example"),
        ({"facet": [{"name_or_index": -1}]}, r"at \$\.facet\[0\]\.name_or_index"),
        ({"facet": [{"name_or_index": "a", "value_or_threshold": [[1]]}]}, r"value_or_threshold\[0\]"),
        ({"facet": "sex"}, r"at \$\.facet"),
        ({"headers": ["a", "b", "a"]}, r"at \$\.headers: 'a' stands there twice"),
        ({"headers": "a,b"}, r"at \$\.headers: Expected `array"),
        ({"methods": {"shap": {"agg_method": "mean"}}}, r"at \$\.methods\.shap\.agg_method"),
        ({"methods": {"shap": {"num_samples": 0}}}, r"num_samples: .*>= 1"),
        ({"predictor": {"timeout_seconds": 0}}, r"at \$\.predictor\.timeout_seconds"),
        ({"label": 1.5}, r"at \$\.label"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_a_hint(value: Any, place: str) -> None:
    with pytest.raises(ConfigError, match=place) as error:
        parse_analysis_config(value, "c.json")
    assert str(error.value).startswith("Analysis configuration schema validation error. c.json at $")
    assert "Hint:" in str(error.value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}'])
def test_what_is_no_json_is_said_in_the_recorded_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "c.json").write_bytes(data)

    with pytest.raises(ConfigError, match=r"Unable to load analysis configuration as JSON\..*c\.json.*Hint:"):
        read_analysis_config(str(tmp_path / "c.json"))


def test_a_file_that_is_not_there_or_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json: No such file.*Hint:"):
        read_analysis_config(str(tmp_path / "absent.json"))
    (tmp_path / "c.json").write_text(json.dumps(CLARIFY))
    monkeypatch.setattr("analyzer.analysis_config.LARGEST_BYTES", 10)
    with pytest.raises(ConfigError, match="larger than"):
        read_analysis_config(str(tmp_path / "c.json"))


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(CLARIFY).encode())

    assert read_analysis_config(str(tmp_path / "c.json")).label == "y"


def test_the_file_may_lie_on_s3(s3: Bucket) -> None:
    uri = s3.put("c.json", json.dumps(CLARIFY).encode())

    assert read_analysis_config(uri).label == "y"


def test_hostile_keys_do_not_reach_the_log_unescaped() -> None:
    notices = parse_analysis_config({"\x1b[31m\n2026 forged": 1}).notices

    assert notices[0].isprintable()
