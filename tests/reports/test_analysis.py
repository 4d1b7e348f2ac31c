"""analysis.json and violations of the bias monitor: recorded shapes, tolerant reading, sentences to the character."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import BaselineError
from analyzer.reports import analysis, bias_violations
from analyzer.reports.analysis import Analysis, Entry, EntryExtra, Metric, Stage, read_analysis
from analyzer.reports.document import render

METRICS = [Metric("TE", "Treatment Equality (TE)", "Infinity"), Metric("FT", "Flip Test (FT)", None, "no")]


def document(**more: Any) -> Analysis:
    stage = Stage("Target", {"Sex": [Entry("0", METRICS, **more)]}, "1")
    return Analysis(post_training_bias_metrics=stage)


def written(folder: Path, value: Any) -> str:
    path = folder / "analysis.json"
    path.write_bytes(render(value) if not isinstance(value, bytes) else value)
    return str(path)


def test_the_document_has_the_recorded_shape() -> None:
    found = json.loads(render(document()))

    assert found == {
        "version": "1.0",
        "post_training_bias_metrics": {
            "label": "Target",
            "facets": {
                "Sex": [
                    {
                        "value_or_threshold": "0",
                        "metrics": [
                            {"name": "TE", "description": "Treatment Equality (TE)", "value": "Infinity"},
                            {"name": "FT", "description": "Flip Test (FT)", "value": None, "error": "no"},
                        ],
                    }
                ]
            },
            "label_value_or_threshold": "1",
        },
    }


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    extra = EntryExtra("categorical", {"facet": 1, "others": 2}, {}, {"TE": [0.5, "Infinity"]})

    found = read_analysis(written(tmp_path, document(analyzer=extra)))

    (entry,) = found.stages[0].facets["Sex"]
    assert entry.numbers == {"TE": math.inf}
    assert entry.analyzer is not None
    assert entry.analyzer.intervals == {"TE": [0.5, "Infinity"]}


@pytest.mark.golden
def test_the_recorded_document_can_be_read(golden: Path) -> None:
    found = read_analysis(str(golden / "bias_adult_baseline/expected.json"))

    assert [len(stage.facets["Sex"][0].numbers) for stage in found.stages] == [13, 8]


def test_a_person_may_give_what_is_compared_only(tmp_path: Path) -> None:
    entry = {"value_or_threshold": "1", "metrics": [{"name": "CI", "value": 1}]}
    known = {"pre_training_bias_metrics": {"facets": {"f": [entry]}}}

    assert read_analysis(written(tmp_path, known)).stages[0].facets["f"][0].numbers == {"CI": 1.0}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "is not JSON"),
        (b'{"explanations":{}}', "holds no bias metrics.*Hint:"),
        (b'{"features":[]}', "holds data-quality constraints, expected a Clarify analysis"),
        (b'{"post_training_bias_metrics":{"facets":[]}}', r"Expected `object`.*\$\.post_training"),
        (
            b'{"post_training_bias_metrics":{"facets":{"f":[{"metrics":[{"name":"DI","value":"lots"}]}]}}}',
            "metric 'DI' of facet 'f' is 'lots'.*Hint:",
        ),
    ],
)
def test_a_broken_baseline_is_named_with_a_hint(tmp_path: Path, text: bytes, why: str) -> None:
    with pytest.raises(BaselineError, match=f"(?s){why}"):
        read_analysis(written(tmp_path, text))


@pytest.mark.parametrize(
    ("current", "baseline"),
    [
        (0.374894782529513, 0.28176563733194276),
        (math.inf, 2.916666666666667),
        (-0.2777777777777778, 0.0),
    ],
)
def test_the_sentence_is_the_recorded_one(current: float, baseline: float) -> None:
    now = "Infinity" if current == math.inf else str(current)
    sentence = f"Metric value {now} doesn't meet the baseline constraint requirement {baseline}"
    violation = bias_violations.drift("Sex", "0", "CDDPL", current, baseline)

    assert bias_violations.document([violation], strict=True)["violations"] == [
        bias_violations.BiasViolation("Sex", "0", "CDDPL", "bias_drift_check", sentence)
    ]
    found = json.loads(render(bias_violations.document([violation])))
    assert found["version"] == "1.0"
    assert found["violations"][0]["description"] == sentence


def test_numbers_are_spelled_for_both_worlds() -> None:
    assert [analysis.number(value) for value in (1.5, math.inf, -math.inf, None)] == [
        1.5,
        "Infinity",
        "-Infinity",
        None,
    ]
    assert [analysis.spelled(value) for value in (1e-5, 2, -math.inf)] == ["1e-05", "2.0", "-Infinity"]
