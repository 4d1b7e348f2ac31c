"""Where columns are found: headers by position, indices, paths, payloads of every shape, batch transform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.analysis_config import parse_analysis_config
from analyzer.counting.labels import Likeliest
from analyzer.errors import ConfigError
from analyzer.job import Job
from analyzer.monitors.bias.columns import Columns, Finder
from analyzer.monitors.bias.request import Request
from tests.jobs import capture, write_captures
from tests.monitors.bias.jobs import CONFIG, HEADER, analyse, notices, people, values, write_table

IN, OUT, TRUTH = "endpointInput", "endpointOutput", "groundTruthData"
PLAIN = {key: value for key, value in CONFIG.items() if key not in ("predicted_label", "group_variable")}


def found(config: dict[str, Any], columns: list[str], **settings: Any) -> Columns:
    request = Request.of_config(parse_analysis_config(PLAIN | config), Job(**settings))
    return Finder(request, columns).found


def test_captured_csv_gets_its_names_from_the_headers() -> None:
    columns = [f"{OUT}.0", f"{IN}.0", f"{IN}.1", f"{TRUTH}.0"]

    columns_ = found({"headers": ["age", "sex", "y"]}, columns)

    assert columns_ == Columns(
        f"{TRUTH}.0", "y", f"{OUT}.0", True, (("sex", f"{IN}.1"),), None,
        (("age", f"{IN}.0"), ("sex", f"{IN}.1")),
    )  # fmt: skip


def test_the_predicted_label_of_the_baseline_is_the_only_cell_of_an_answer() -> None:
    columns = [f"{OUT}.0", f"{IN}.0", f"{IN}.1", f"{TRUTH}.0"]
    config = {"headers": ["age", "sex", "y", "predicted"], "predicted_label": "predicted"}

    columns_ = found(config, columns)

    assert (columns_.predicted, columns_.is_score) == (f"{OUT}.0", False)
    assert columns_.features == (("age", f"{IN}.0"), ("sex", f"{IN}.1"))


def test_a_predicted_label_that_leads_nowhere_names_the_outputs_only() -> None:
    columns = [f"{OUT}.0", f"{OUT}.1", f"{IN}.0", f"{IN}.1", f"{TRUTH}.0"]
    config = {"headers": ["age", "sex", "y", "predicted"], "predicted_label": "predicted"}

    for attribute, setting in ((None, "analysis_config at $.predicted_label"), ("p", "inference_attribute")):
        with pytest.raises(ConfigError) as caught:
            found(config, columns, inference_attribute=attribute)
        wanted = attribute or "predicted"
        assert str(caught.value) == (
            f"{setting}={wanted!r}: the data has no such column. Hint: the outputs have '0', '1'; name one of them in "
            "inference_attribute."
        )


def test_without_outputs_the_inputs_are_named_as_such() -> None:
    with pytest.raises(ConfigError, match="no outputs were captured; the inputs have '0', '1'"):
        found({"predicted_label": "p"}, [f"{IN}.0", f"{IN}.1", f"{TRUTH}.0"])


def test_the_last_header_is_the_label_when_a_path_leads_to_it() -> None:
    columns = [f"{OUT}.score", f"{IN}.features.0", f"{IN}.features.1", f"{TRUTH}.label"]
    config = {"headers": ["age", "sex", "target"], "label": "instances[*].label", "features": "instances[*].features"}

    columns_ = found(config, columns, probability_attribute="predictions[*].score")

    assert (columns_.label, columns_.label_name) == (f"{TRUTH}.label", "target")
    assert (columns_.predicted, columns_.is_score) == (f"{OUT}.score", True)
    assert columns_.facets == (("sex", f"{IN}.features.1"),)


def test_named_payloads_need_no_headers() -> None:
    columns = [f"{OUT}.label", f"{IN}.sex", f"{IN}.age", f"{TRUTH}.0"]

    columns_ = found({}, columns, inference_attribute="label")

    assert columns_.facets == (("sex", f"{IN}.sex"),)
    assert columns_.features == (("sex", f"{IN}.sex"), ("age", f"{IN}.age"))
    assert columns_.label_name == "y"


def test_output_of_batch_transform_holds_features_and_prediction() -> None:
    side = "batchTransformOutput"
    columns = [f"{side}.0", f"{side}.1", f"{side}.2", f"{TRUTH}.0"]

    columns_ = found({"headers": ["age", "sex", "y"]}, columns, inference_attribute="2")

    assert columns_.predicted == f"{side}.2"
    assert columns_.facets == (("sex", f"{side}.1"),)
    assert columns_.features == (("age", f"{side}.0"), ("sex", f"{side}.1"))


def test_several_scores_are_classes() -> None:
    columns = ["sex", "y", "scores.0", "scores.1"]
    config = {"predictor": {"label_headers": ["no", "yes"]}}

    columns_ = found(config, columns, probability_attribute="scores")

    assert columns_.predicted == Likeliest(("no", "yes"), ("scores.0", "scores.1"))
    assert columns_.features == (("sex", "sex"),)
    listed = found(config, columns, probability_attribute="scores.0, scores.1")
    assert listed.predicted == columns_.predicted


def test_a_join_source_is_no_feature() -> None:
    assert found({"joinsource_name_or_index": "id"}, ["id", "sex", "y"]).features == (("sex", "sex"),)


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (
            [f"{IN}.sex", f"{TRUTH}.a", f"{TRUTH}.b"],
            {},
            "the ground truth has several columns.*Hint: there are 'a', 'b'",
        ),
        ([f"{IN}.sex", f"{TRUTH}.0", f"{OUT}.q"], {"inference_attribute": "p"}, r"inference_attribute='p'.*'q'"),
        ([f"{IN}.sex", f"{TRUTH}.0", f"{OUT}.q"], {"probability_attribute": "p"}, r"probability_attribute='p'.*'q'"),
        ([f"{IN}.{at}" for at in range(60)] + [f"{TRUTH}.0"], {}, r"Unable to locate the facet\..* and 30 more\."),
    ],
)
def test_what_is_not_found_is_named_with_what_there_is(
    columns: list[str], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        found({}, columns, **settings)


def test_expressions_look_into_the_payload(tmp_path: Path) -> None:
    """A JMESPath that names no column: the first element of every prediction's list."""
    rows = people()
    records = [
        {
            **capture(
                json.dumps({"age": age, "sex": sex}),
                json.dumps({"out": {"0": {"deep": [[p, 1]]}}}),
                event=f"e{at}",
                encodings=("JSON", "JSON"),
            ),
            "groundTruthData": {"data": json.dumps({"a": 7, "b": {"truth": [y]}}), "encoding": "JSON"},
        }
        for at, (age, sex, y, p) in enumerate(rows)
    ]
    write_captures(tmp_path / "in/a.jsonl", records)
    expected = values(analyse(tmp_path / "table", write_table(tmp_path / "plain", rows)))

    config = PLAIN | {"group_variable": "age", "label": "b.truth | [0]"}
    found = analyse(tmp_path, tmp_path / "in", config, inference_attribute="values(out)[0].deep[0] | [0]")

    assert values(found) == expected


def test_captures_meet_ground_truth_and_what_does_not_is_said(tmp_path: Path) -> None:
    rows = people()
    records = [capture(f"{age},{sex}", str(p), event=f"e{at}") for at, (age, sex, _, p) in enumerate(rows)]
    truths = [
        {"groundTruthData": {"data": str(row[2]), "encoding": "CSV"}, "eventMetadata": {"eventId": f"e{at}"}}
        for at, row in enumerate(rows)
        if at % 4
    ]
    write_captures(tmp_path / "in/ep/v/2026/01/01/00/a.jsonl", records)
    write_captures(tmp_path / "truth/2026/01/01/00/a.jsonl", truths)
    config = PLAIN | {"headers": list(HEADER[:3])}

    def run(folder: str, **settings: Any) -> Any:
        return analyse(tmp_path / folder, tmp_path / "in", config, ground_truth_source=tmp_path / "truth", **settings)

    found = run("a", inference_attribute="0")

    own = found.document("analysis.json")["analyzer"]
    assert own["bias"]["rows"] == 60
    assert own["joined"]["labelled"] == 60
    few = run("b", inference_attribute="0", options={"coverage_warning": 0.9})
    assert "75" in notices(few)
