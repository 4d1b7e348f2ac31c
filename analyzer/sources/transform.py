"""Transform: lines of batch transform output as captured records, so that ground truth can meet them.

With GenerateInferenceId the last two cells of a CSV line, or two keys of a JSON line, are id and time; the rest is
the payload `batchTransformOutput`. Source: contract.md 3.3, 3.5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from analyzer.sources.payload import Undecodable, decode_leniently
from analyzer.sources.record import (
    CaptureData,
    EventMetadata,
    Record,
    Side,
    decode_record,
    decode_strictly,
    scalar_text,
)
from analyzer.sources.tabular import INFERENCE_ID, INFERENCE_TIME

Lines = Literal["capture", "csv", "json"]
"""What a line of the input is: a capture record, or what batch transform wrote."""
HEADER = "header line"
NO_IDS = "row has no inference id and time"
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scalar = msgspec.json.Decoder(str | int | float | bool | None).decode


@dataclass(frozen=True, slots=True)
class Decoding:
    """How lines become records. strictly: for sound lines, or one of record.DAMAGE. carefully: or Undecodable."""

    strictly: Callable[[bytes], Record]
    carefully: Callable[[bytes], Record]


def record_of_csv(line: bytes) -> Record:
    """The record of a CSV line; Undecodable without id and time, HEADER for column names."""
    try:
        parts = line.decode("utf-8-sig").rstrip("\r").rsplit(",", 2)
    except UnicodeDecodeError:
        raise Undecodable("line is not UTF-8") from None
    if len(parts) < 3:
        raise Undecodable(f"{NO_IDS}: Hint: run the transform with GenerateInferenceId=true")
    data, identity, time = parts[0], parts[1].strip('" '), parts[2].strip('" ')
    if identity == INFERENCE_ID:
        raise Undecodable(HEADER)
    return _record(data, "CSV", identity, time)


def record_of_json(line: bytes) -> Record:
    """The record of a JSON line; one of record.DAMAGE without its id."""
    fields = _fields(line)
    try:
        identity, time = _scalar(fields.pop(INFERENCE_ID)), _scalar(fields.pop(INFERENCE_TIME, b"null"))
    except KeyError:
        raise msgspec.ValidationError(NO_IDS) from None
    return _record(msgspec.json.encode(fields).decode(), "JSON", scalar_text(identity), scalar_text(time))


def record_of_odd_json(line: bytes) -> Record:
    """The same of a line that only a patient parser reads; Undecodable when it is no record."""
    try:
        value = decode_leniently(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Undecodable("line is not UTF-8") from None
    except RecursionError:
        raise Undecodable("JSON is nested too deeply") from None
    except ValueError:
        raise Undecodable("line is not JSON") from None
    if not isinstance(value, dict) or INFERENCE_ID not in value:
        raise Undecodable(f"{NO_IDS}: Hint: run the transform with GenerateInferenceId=true")
    identity, time = value.pop(INFERENCE_ID), value.pop(INFERENCE_TIME, None)
    return _record(json.dumps(value), "JSON", scalar_text(identity), scalar_text(time))


def _record(data: str, encoding: str, identity: str | None, time: str | None) -> Record:
    side = Side(data, encoding)
    return Record(CaptureData(batchTransformOutput=side), EventMetadata(eventId=identity, inferenceTime=time))


DECODINGS: dict[Lines, Decoding] = {
    "capture": Decoding(decode_strictly, decode_record),
    "csv": Decoding(record_of_csv, record_of_csv),
    "json": Decoding(record_of_json, record_of_odd_json),
}
