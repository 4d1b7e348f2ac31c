"""Every recorded spelling of the format is understood, and a wrong one is explained."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dataset_format import CAPTURE_SIDES, DatasetFormat, parse_dataset_format
from analyzer.errors import ConfigError

BOTH = ("endpointInput", "endpointOutput")
CSV = DatasetFormat("csv", header=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"csv": {"header": true, "output_columns_position": "START"}}',
            DatasetFormat("csv", header=True, output_columns_position="START"),
        ),
        (
            '{"csv": {"header": "False", "output_columns_position": "end"}}',
            DatasetFormat("csv", output_columns_position="END"),
        ),
        ('{"Csv":{"Header":true}}', CSV),
        ('{"csv":{}}', CSV),
        ('{"csv":null, "comment": 1}', CSV),
        (" CSV ", CSV),
        ('{"json": {"lines": true}}', DatasetFormat("jsonlines")),
        ('{"json": {"line": "true"}}', DatasetFormat("jsonlines")),
        ('{"Json":{"Line":false}}', DatasetFormat("json")),
        ("json", DatasetFormat("json")),
        ("jsonl", DatasetFormat("jsonlines")),
        ('{"Parquet":{}}', DatasetFormat("parquet")),
        ('{"sagemakerCaptureJson": {}}', DatasetFormat("capture", capture_sides=BOTH)),
        ("sagemakerCaptureJson", DatasetFormat("capture", capture_sides=BOTH)),
        (
            '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
            DatasetFormat("capture", capture_sides=("endpointOutput",)),
        ),
        (
            '{"sagemakerMergeJson":{"captureIndexNames":["batchtransformoutput"]}}',
            DatasetFormat("merge", capture_sides=("batchTransformOutput",)),
        ),
    ],
)
def test_every_recorded_spelling_of_the_format_is_understood(text: str, expected: DatasetFormat) -> None:
    assert parse_dataset_format(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"cvs": {}}', "did you mean 'csv'"),
        ("parket", "did you mean 'parquet'"),
        ("{'csv': {'header': True}}", "not a JSON object"),
        ('{"csv": {}, "json": {}}', "several formats"),
        ('{"csv": {"header": ["true", "false"]}}', "expected true or false"),
        ('{"csv": {"header": 1}}', "expected true or false"),
        ('{"csv": true}', "expected an object"),
        ('{"csv": {"output_columns_position": "MIDDLE"}}', "START or END"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInputs"]}}', "did you mean 'endpointInput'"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": [[]]}}', "unknown name"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": {"a": 1}}}', "expected a list"),
        ('{"csv": ' + "[" * 3000, "Hint"),
        ("{}" + " " * 5000 + "x", "Hint"),
        ("{}", "Hint"),
    ],
)
def test_a_wrong_format_is_explained(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        parse_dataset_format(text)


KEYS = st.sampled_from(["csv", "captureIndexNames", "capture", "header", "json", "line"])


DOCUMENTS = st.recursive(st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(st.text() | DOCUMENTS.map(json.dumps))
def test_any_text_is_a_format_or_a_configuration_error(text: str) -> None:
    try:
        sides = parse_dataset_format(text).capture_sides
    except ConfigError:
        sides = ()
    assert set(sides) <= set(CAPTURE_SIDES)
