"""Merged lines: what was captured stays, the label is added, and both are read back as the same record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.sources.merged import merged_line
from analyzer.sources.record import CaptureData, EventMetadata, Record, Side, decode_record
from tests.jobs import capture

LABEL = Side("1", "CSV")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def record_of(line: bytes, label: Side | None = LABEL) -> Record:
    """The record of a line with a label."""
    found = decode_record(line)
    found.groundTruthData = label
    return found


@given(TEXTS, TEXTS, st.sampled_from(["CSV", "JSON", "BASE64", None]), st.booleans())
def test_a_merged_line_is_the_captured_one_and_its_label(
    data: str, label: str, encoding: str | None, spaced: bool
) -> None:
    captured = capture(data, data, customAttributes=[data])
    line = json.dumps(captured, indent=None, separators=None if spaced else (",", ":")).encode()

    merged = merged_line(line, record_of(line, Side(label, encoding)))

    truth = {"data": label, **({"encoding": encoding} if encoding else {})}
    assert json.loads(merged) == {**captured, "groundTruthData": truth}
    assert decode_record(merged) == record_of(line, Side(label, encoding))
    assert b"\n" not in merged


ODD: dict[str, bytes] = {
    "number as id": b'{"captureData": {}, "eventMetadata": {"eventId": 5}}',
    "object as payload": b'{"captureData": {"endpointOutput": {"data": {"a": 1}}}, "eventMetadata": {"eventId": "a"}}',
    "NaN": b'{"captureData": {"endpointOutput": {"data": {"a": NaN}}}, "eventMetadata": {"eventId": "a"}}',
    "ground truth of its own": json.dumps({**capture("1", "2"), "groundTruthData": {"data": "7"}}).encode(),
    "half a character": b'{"captureData": {"endpointOutput": {"data": "\\ud800"}}, "eventMetadata": {"eventId": "a"}}',
    "byte-order mark": b"\xef\xbb\xbf" + json.dumps(capture("1", "2")).encode(),
    "blanks": b"  " + json.dumps(capture("1", "2")).encode() + b" \r",
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_an_odd_line_becomes_strict_json_of_what_it_was_understood_to_be(line: bytes) -> None:
    merged = merged_line(line, record_of(line))

    assert json.loads(merged, parse_constant=refuse)["groundTruthData"] == {"data": "1", "encoding": "CSV"}
    assert decode_record(merged) == record_of(line)


def refuse(constant: str) -> None:
    raise ValueError(constant)


def test_text_that_is_not_utf_8_outside_of_what_is_read_does_not_reach_the_merged_line() -> None:
    line = b'{"captureData": {"endpointOutput": {"data": "1"}}, "eventMetadata": {"eventId": "a"}, "x": "\xff"}'
    found = Record(CaptureData(endpointOutput=Side("1")), EventMetadata("a"), LABEL)

    assert "x" not in json.loads(merged_line(line, found))


def test_a_record_of_batch_transform_has_the_recorded_shape() -> None:
    side = Side("132,10,0.1", "CSV")
    found = Record(CaptureData(batchTransformOutput=side), EventMetadata("a", None, "2026-01-01T00:00:00Z"), LABEL)

    expected: dict[str, Any] = {
        "eventMetadata": {"eventId": "a"},
        "eventVersion": "0",
        "groundTruthData": {"data": "1", "encoding": "CSV"},
        "captureData": {"batchTransformOutput": {"data": "132,10,0.1", "encoding": "CSV"}},
    }
    assert json.loads(merged_line(None, found)) == expected


def test_a_record_without_a_label_stays_one() -> None:
    line = json.dumps(capture("1", "2")).encode()

    assert decode_record(merged_line(line, record_of(line, None))).groundTruthData is None
