"""Record: one line of an endpoint capture, as SageMaker writes it and as damaged as it may arrive."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from analyzer.sources.payload import Undecodable, decode_leniently
from analyzer.sources.rows import text_of

GROUND_TRUTH = "groundTruthData"  # the side of a merged record that holds its labels


def column_of(side: str, cell: str | int) -> str:
    """Name of a cell of a side in data sets whose sides stay apart: `endpointOutput.0`, `groundTruthData.label`."""
    return f"{side}.{cell}"


class Side(msgspec.Struct, gc=False):
    """One captured payload; `data` is text, whatever its encoding (CSV, JSON, BASE64)."""

    data: str | None = None
    encoding: str | None = None
    observedContentType: str | None = None  # noqa: N815 - the capture's own key


class CaptureData(msgspec.Struct, gc=False):
    """The payloads of a record, by the capture's own keys."""

    endpointInput: Side | None = None  # noqa: N815
    endpointOutput: Side | None = None  # noqa: N815
    batchTransformInput: Side | None = None  # noqa: N815
    batchTransformOutput: Side | None = None  # noqa: N815


class EventMetadata(msgspec.Struct, gc=False):
    """Who and when."""

    eventId: str | None = None  # noqa: N815
    inferenceId: str | None = None  # noqa: N815
    inferenceTime: str | None = None  # noqa: N815


class Record(msgspec.Struct, gc=False):
    """A capture record, or a merged one when it carries ground truth."""

    captureData: CaptureData | None = None  # noqa: N815
    eventMetadata: EventMetadata | None = None  # noqa: N815
    groundTruthData: Side | None = None  # noqa: N815

    @property
    def event_id(self) -> str | None:
        metadata = self.eventMetadata
        return None if metadata is None else metadata.eventId or metadata.inferenceId

    @property
    def time(self) -> str | None:
        return None if self.eventMetadata is None else self.eventMetadata.inferenceTime

    def side(self, name: str) -> Side | None:
        """The payload of that name; None when it was not captured."""
        captured = self if name == GROUND_TRUTH else self.captureData
        side: Side | None = None if captured is None else getattr(captured, name)
        return None if side is None or side.data is None else side


decode_strictly = msgspec.json.Decoder(Record).decode
"""The record of an undamaged line; one of DAMAGE for any other."""

DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_record(line: bytes) -> Record:
    """The record of a line; Undecodable with a fixed reason when it is none.

    Fields of the wrong type are taken as what they evidently mean (an object given as `data` is a JSON payload,
    a number given as an id is its text); what means nothing is absent.
    """
    try:
        return decode_strictly(line)
    except DAMAGE:
        return _lenient(line)


def _lenient(line: bytes) -> Record:
    try:
        value = decode_leniently(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Undecodable("line is not UTF-8") from None
    except ValueError:
        raise Undecodable("line is not JSON") from None
    except RecursionError:
        raise Undecodable("JSON is nested too deeply") from None
    if not isinstance(value, dict) or not isinstance(value.get("captureData"), dict):
        raise Undecodable("line is not a capture record")
    captured = value["captureData"]
    sides = {name: side_of(captured.get(name)) for name in CaptureData.__struct_fields__}
    metadata = value.get("eventMetadata")
    names = EventMetadata.__struct_fields__
    texts = {name: scalar_text(metadata.get(name)) for name in names} if isinstance(metadata, dict) else {}
    return Record(CaptureData(**sides), EventMetadata(**texts), side_of(value.get("groundTruthData")))


def side_of(value: Any) -> Side | None:
    """The payload that a decoded value evidently means."""
    if not isinstance(value, dict):
        return None
    data, encoding = value.get("data"), value.get("encoding")
    if isinstance(data, dict | list):
        return Side(json.dumps(data), "JSON")
    return Side(
        scalar_text(data),
        encoding if isinstance(encoding, str) else None,
        scalar_text(value.get("observedContentType")),
    )


def scalar_text(value: Any) -> str | None:
    """The text of a scalar; None for anything else."""
    return None if isinstance(value, dict | list) else text_of(value)
