"""Predictions and labels inside captured payloads: every layout, every way to name them, hostile ones included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import ConfigError
from tests.quality import CAPTURED, MERGED, learnt, merged, truth, written

OUTPUTS = {
    "CSV": ("0.9,1", ["1", "_c1"], ["0", "_c0"]),
    "flat": ('{"label": 1, "p": 0.9}', ["label", "$.label", "$['label']"], ["p", "$.p"]),
    "nested": ('{"r": {"label": 1, "p": 0.9}}', ["r.label", "$.r.label"], ["r.p", "$['r'].p", "r.p | @"]),
    "rows": (
        '{"predictions": [{"label": 1, "p": 0.9}]}',
        ["label", "predictions[0].label", "$.predictions[*].label"],
        ["p", "predictions[*].p", "predictions[].p"],
    ),
    "lists": ("[[0.9, 1]]", ["1", "$[0][1]"], ["0", "[*][0]"]),
    "deep": (
        '{"a": {"b": [{"p": 0.9, "label": 1}], "c": "x"}}',
        ["a.b[*].label", "$.a.b[0].label", "a.b[].label"],
        ["a.b[*].p", "a.b[0].p", "max_by(a.b, &p).p"],
    ),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_attributes_in_captured_outputs(tmp_path: Path, kind: str) -> None:
    """Names, positions, JSONPath and JMESPath; expressions that name no column look into the payload."""
    payload, labels, scores = OUTPUTS[kind]
    encoding = "CSV" if kind == "CSV" else "JSON"
    wrong = payload.replace("0.9", "0.4").replace(" 1", " 0").replace(",1", ",0")
    records = [
        merged(text, actual, encodings=(encoding, "CSV"))
        for text, actual in ((payload, "1"), (wrong, "0"), (payload, "0"))
    ]
    source = written(tmp_path, records)
    for label in labels:
        for score in scores:
            found = learnt(
                tmp_path, source, inference_attribute=label, probability_attribute=score, dataset_format=MERGED
            )
            assert found.block["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 0, "1": 1}}, (label, score)
            assert found.value("auc") == 0.75, (label, score)


TRUTHS: dict[str, tuple[str, str | None]] = {
    "CSV": ("1\n0", None),
    "one line": ("1,0", None),
    "instances": ('{"instances":[{"label":1},{"label":0}]}', None),
    "instances, named": ('{"instances":[{"label":1},{"label":0}]}', "instances[*].label"),
    "JSON Lines": ('{"label":1}\n{"label":0}', "label"),
    "two columns": ('[{"label":1,"weight":3},{"label":0,"weight":5}]', None),
    "deep": ('{"a":{"b":[{"y":1},{"y":0}]}}', "a.b[*].y"),
}


@pytest.mark.parametrize("kind", TRUTHS)
@pytest.mark.parametrize("way", ["merged", "joined"])
def test_several_labels_of_one_request(tmp_path: Path, kind: str, way: str) -> None:
    data, attribute = TRUTHS[kind]
    encoding = "CSV" if kind in ("CSV", "one line") else "JSON"
    named = {"ground_truth_attribute": attribute} if attribute else {}
    labels = data if way == "merged" else None
    records = [merged("0.9\n0.1", labels, f"e{at}", ("CSV", encoding)) for at in range(3)]
    source = written(tmp_path, records)
    if way == "joined":
        named["ground_truth_source"] = str(
            written(tmp_path, [truth(f"e{at}", data, encoding) for at in range(3)], "truth")
        )
    form = MERGED if way == "merged" else CAPTURED

    found = learnt(tmp_path, source, probability_attribute="0", dataset_format=form, **named)

    assert found.block["confusion_matrix"] == {"0": {"0": 3, "1": 0}, "1": {"0": 0, "1": 3}}


def test_ground_truth_of_several_columns_without_a_usual_name_must_be_named(tmp_path: Path) -> None:
    records = [merged("0.9", '{"y": 1, "weight": 2}', encodings=("CSV", "JSON"))]
    source = written(tmp_path, records)
    with pytest.raises(ConfigError, match=r"several columns. Hint: there are 'y', 'weight'"):
        learnt(tmp_path, source, probability_attribute="0", dataset_format=MERGED)

    found = learnt(tmp_path, source, probability_attribute="0", dataset_format=MERGED, ground_truth_attribute="y")

    assert found.rows["evaluated"] == 1


def test_the_score_of_the_positive_class_of_two(tmp_path: Path) -> None:
    """A list or an object of the scores of both classes."""
    source = written(tmp_path, [merged(json.dumps({"p": [0.1, 0.9]}), "1", encodings=("JSON", "CSV"))])
    found = learnt(tmp_path, source, probability_attribute="p", dataset_format=MERGED)
    assert found.block["confusion_matrix"]["1"] == {"0": 0, "1": 1}

    payload = json.dumps({"p": {"no": 0.1, "yes": 0.9}})
    source = written(tmp_path / "named", [merged(payload, "yes", encodings=("JSON", "CSV"))])
    named: dict[str, Any] = {"probability_attribute": "p", "dataset_format": MERGED}
    found = learnt(tmp_path / "named", source, positive_label="yes", **named)
    assert found.block["confusion_matrix"]["yes"]["yes"] == 1
    with pytest.raises(
        ConfigError, match=r"names 2 scores, none of the positive class '1'. Hint: there are 'no', 'yes'"
    ):
        learnt(tmp_path / "named", source, **named)


def test_inputs_are_not_parsed(tmp_path: Path) -> None:
    """Damage in a request does not matter to the quality of its answer."""
    record = merged("0.9", "1")
    record["captureData"]["endpointInput"] = {"data": '{"broken', "encoding": "JSON"}
    form = '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'

    found = learnt(tmp_path, written(tmp_path, [record]), probability_attribute="0", dataset_format=form)

    assert found.rows["evaluated"] == 1
    assert found.statistics["dataset"]["analyzer"]["rejected"] == {}


def test_batch_transform_output_with_the_input_joined_to_it(tmp_path: Path) -> None:
    """contract.md 3.3, 3.5: the prediction is the last of many cells."""
    records = []
    for at in range(20):
        side = {"data": f"132,{at},{0.9 if at % 2 else 0.1}", "encoding": "CSV"}
        records.append(
            {
                "eventMetadata": {"eventId": str(at)},
                "eventVersion": "0",
                "groundTruthData": {"data": str(at % 2), "encoding": "CSV"},
                "captureData": {"batchTransformOutput": side},
            }
        )
    form = '{"sagemakerMergeJson":{"captureIndexNames":["batchTransformOutput"]}}'

    found = learnt(tmp_path, written(tmp_path, records), probability_attribute="2", dataset_format=form)

    assert found.value("auc") == 1.0
    assert found.rows["evaluated"] == 20


def test_a_script_may_make_the_rows(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "def preprocess_handler(record):\n"
        "    return {'p': float(record.endpoint_output.data) / 100, 'y': record.ground_truth.data}\n"
    )
    source = written(tmp_path, [merged("90", "1"), merged("10", "0"), merged("20", "1")])
    found = learnt(
        tmp_path,
        source,
        probability_attribute="p",
        ground_truth_attribute="y",
        dataset_format=MERGED,
        record_preprocessor_script=tmp_path / "script.py",
    )

    assert found.block["confusion_matrix"] == {"0": {"0": 1, "1": 0}, "1": {"0": 1, "1": 1}}


def test_hostile_labels_and_scores_stay_data(tmp_path: Path) -> None:
    """Markup, controls, formulas, digits without end, deep JSON: counted, escaped, bounded."""
    evil = ["<script>alert(1)</script>", "\u202egnp.exe", "=1+1", "1" * 5000, "e" * 100_000, "\x1b[31m", '"],"x":["']
    records = [merged("0.5", text, f"e{at}") for at, text in enumerate(evil)]
    records += [merged(text, "1", f"f{at}") for at, text in enumerate(evil)]
    records += [merged("0.9", "1"), merged("0.1", "0"), merged("[" * 100_000, "1", encodings=("JSON", "CSV"))]
    found = learnt(tmp_path, written(tmp_path, records), probability_attribute="0", dataset_format=MERGED)

    text = (tmp_path / "out/statistics.json").read_text("utf-8")
    assert len(text) < 20_000
    assert not set("<>&\x1b\u202e") & set(text)
    assert found.block["confusion_matrix"] == {"0": {"0": 1, "1": 0}, "1": {"0": 0, "1": 1}}
    assert found.rows["unknown_labels"] == len(evil)
    assert len(found.job.outcome.message.encode()) <= 1024 or found.job.outcome.message
