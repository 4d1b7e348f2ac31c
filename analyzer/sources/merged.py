"""Merged records: captured records with their ground truth, as lines. Source: contract.md 3.5."""

from __future__ import annotations

import msgspec

from analyzer.sources.record import DAMAGE, GROUND_TRUTH, CaptureData, Record, Side, decode_strictly

_KEY = f'"{GROUND_TRUTH}"'.encode()
_encode = msgspec.json.encode


def merged_line(line: bytes | None, record: Record) -> bytes:
    """The record as one line of JSON, without its end.

    line: as it was captured; its ground truth is put in front of what it holds, if that is a sound line without any.
    Otherwise, or without a line, the line is written anew from what the record was understood to be.
    """
    truth = _encode(_plain(record.groundTruthData))
    text = (line or b"").strip()
    if text[:1] == b"{" and text[1:].lstrip()[:1] != b"}" and _KEY not in text and _is_sound(text):
        return b"{" + _KEY + b":" + truth + b"," + text[1:]
    return _rewritten(record)


def _is_sound(text: bytes) -> bool:
    try:
        decode_strictly(text)
        text.decode()
    except DAMAGE:
        return False
    return True


def _rewritten(record: Record) -> bytes:
    """A merged record of the recorded shape; batch transform's has an id and no time."""
    metadata, captured = record.eventMetadata, record.captureData
    names = CaptureData.__struct_fields__
    sides = {name: getattr(captured, name) for name in names} if captured else {}
    in_batch = any(name.startswith("batch") and side for name, side in sides.items())
    wanted = ("eventId",) if in_batch else ("eventId", "inferenceId", "inferenceTime")
    texts = {name: getattr(metadata, name) for name in wanted} if metadata else {}
    merged = {
        "eventMetadata": {name: text for name, text in texts.items() if text is not None},
        "eventVersion": "0",
        GROUND_TRUTH: _plain(record.groundTruthData),
        "captureData": {name: _plain(side) for name, side in sides.items() if side is not None},
    }
    return _encode({name: part for name, part in merged.items() if part is not None})


def _plain(side: Side | None) -> dict[str, str] | None:
    if side is None:
        return None
    fields = {name: getattr(side, name) for name in ("data", "encoding", "observedContentType")}
    return {name: text for name, text in fields.items() if text is not None}
