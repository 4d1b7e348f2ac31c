"""CapturedData: what a user's preprocessor script receives for a captured or merged record.

The attribute names are the documented interface (contract.md 4.1); absent parts are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any


class EventMetadata:
    """When a request was captured, under which id, and what its caller added."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.event_id = fields.get("eventId")
        self.event_time = fields.get("inferenceTime")
        self.custom_attribute = fields.get("customAttributes")

    def as_dict(self) -> dict[str, Any]:
        """The three attributes by name."""
        return dict(vars(self))

    def __str__(self) -> str:
        return str(self.as_dict())


class CapturedSide:
    """One captured payload, as text in its encoding (CSV, JSON or BASE64)."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.encoding = fields.get("encoding")
        self.data = fields.get("data")
        self.observedContentType = fields.get("observedContentType")  # the documented spelling
        self.mode = fields.get("mode")

    def as_dict(self) -> dict[str, Any]:
        """Encoding, data and content type; the mode is left out, as documented."""
        return {"encoding": self.encoding, "data": self.data, "observedContentType": self.observedContentType}

    def __str__(self) -> str:
        return str(self.as_dict())


class EventData:
    """The payloads under the keys of the stored record, for old sample scripts that ask for `event_data`."""

    def __init__(self, record: CapturedData) -> None:
        self.endpointInput = record.endpoint_input
        self.endpointOutput = record.endpoint_output
        self.batchTransformOutput = record.batch_transform_output
        self.groundTruthData = record.ground_truth


class CapturedData:
    """A captured record. event_dict is the record as decoded from JSON."""

    def __init__(self, event_dict: dict[str, Any]) -> None:
        self.event_dict = event_dict

    @property
    def event_version(self) -> Any:
        """Version of the record's layout, "0" so far."""
        return self.event_dict.get("eventVersion")

    @cached_property
    def event_metadata(self) -> EventMetadata:
        """Id, time and custom attributes."""
        fields = self.event_dict.get("eventMetadata")
        return EventMetadata(fields if isinstance(fields, dict) else {})

    @cached_property
    def endpoint_input(self) -> CapturedSide | None:
        """The request."""
        return self._side("endpointInput")

    @cached_property
    def endpoint_output(self) -> CapturedSide | None:
        """The response."""
        return self._side("endpointOutput")

    @cached_property
    def batch_transform_output(self) -> CapturedSide | None:
        """A row of batch transform output, in merged records."""
        return self._side("batchTransformOutput")

    @cached_property
    def ground_truth(self) -> CapturedSide | None:
        """The label, in merged records."""
        fields = self.event_dict.get("groundTruthData")
        return CapturedSide(fields) if isinstance(fields, dict) else None

    @cached_property
    def event_data(self) -> EventData:
        """The payloads by the keys of the stored record."""
        return EventData(self)

    def as_dict(self) -> dict[str, Any]:
        """The record as decoded from JSON."""
        return self.event_dict

    def __str__(self) -> str:
        return str(self.event_dict)

    def _side(self, key: str) -> CapturedSide | None:
        captured = self.event_dict.get("captureData")
        fields = captured.get(key) if isinstance(captured, dict) else None
        return CapturedSide(fields) if isinstance(fields, dict) else None
