"""What `dataset_format` says about the input files: every spelling of the contract (contract.md 1.6), one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from analyzer.errors import ConfigError, nearest

Kind = Literal["csv", "json", "jsonlines", "parquet", "capture", "merge"]

CAPTURE_SIDES = ("endpointInput", "endpointOutput", "batchTransformInput", "batchTransformOutput")
BOTH_SIDES = ("endpointInput", "endpointOutput")
BATCH_SIDES = ("batchTransformInput", "batchTransformOutput")

_KINDS: dict[str, Kind] = {
    "csv": "csv",
    "json": "json",
    "jsonlines": "jsonlines",
    "jsonl": "jsonlines",
    "parquet": "parquet",
    "capture": "capture",
    "sagemakercapturejson": "capture",
    "merge": "merge",
    "sagemakermergejson": "merge",
}
_SPELLINGS = ("csv", "json", "jsonlines", "parquet", "sagemakerCaptureJson", "sagemakerMergeJson")
_HINT = 'Hint: write for example {"csv": {"header": true}}, or the bare word csv.'
_LONGEST_TEXT = 4096  # characters; the platform itself allows 256
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class DatasetFormat:
    """Layout of the input files.

    kind: csv, json (one document per file), jsonlines, parquet, capture or merge records.
    header: the first row of each CSV file names the columns; false for other kinds.
    capture_sides: which parts of a captured record become columns; empty unless kind is capture or merge.
    output_columns_position: "START" or "END" when the format says where the prediction is, otherwise None.
    """

    kind: Kind
    header: bool = False
    capture_sides: tuple[str, ...] = ()
    output_columns_position: Literal["START", "END"] | None = None


def parse_dataset_format(text: str) -> DatasetFormat:
    """The format that a JSON text or a bare word describes.

    Raises ConfigError when the text is neither, names no known format or several, or holds a wrong value.
    Source: contract.md 1.6; a CSV format without `header` has one, as in the SDK.
    """
    name, details = _named_format(text.strip())
    kind = _KINDS[name]
    if kind == "csv":
        header = _flag(details, "header", default=True)
        return DatasetFormat(kind, header, output_columns_position=_position(details))
    if kind == "json":
        lines = _flag(details, "lines", default=False) or _flag(details, "line", default=False)
        return DatasetFormat("jsonlines" if lines else "json", output_columns_position=_position(details))
    sides = _sides(details) if kind in ("capture", "merge") else ()
    return DatasetFormat(kind, capture_sides=sides, output_columns_position=_position(details))


def _named_format(text: str) -> tuple[str, Mapping[str, Any]]:
    if text.lower() in _KINDS:
        return text.lower(), {}
    keys = _lower_keys(_decoded(text))
    named = [key for key in keys if key in _KINDS]
    if not named:
        found = next(iter(keys), "")
        raise ConfigError(f"no known format in {text[:80]!r}.{nearest(found[:80], _SPELLINGS)}")
    if len(named) > 1:
        raise ConfigError(f"several formats at once: {', '.join(named)}. Hint: keep the one of the input files.")
    details = keys[named[0]]
    if details is None:
        return named[0], {}
    if not isinstance(details, dict):
        raise ConfigError(f"{named[0]}: expected an object such as {{}}, got {_shown(details)}. {_HINT}")
    return named[0], _lower_keys(details)


def _decoded(text: str) -> dict[str, Any]:
    if len(text) > _LONGEST_TEXT:
        raise ConfigError(f"{len(text)} characters, expected at most {_LONGEST_TEXT}. {_HINT}")
    if not text.startswith("{"):
        raise ConfigError(f"{text[:80]!r} is no known format.{nearest(text[:80].lower(), _SPELLINGS)}")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ConfigError(f"{text[:80]!r} is not a JSON object ({error}). {_HINT}") from error
    except RecursionError as error:
        raise ConfigError(f"nested too deeply. {_HINT}") from error


def _lower_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in keys.items()}


def _flag(details: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = details.get(key)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUTHS:
        return _TRUTHS[value.strip().lower()]
    raise ConfigError(f"{key}: expected true or false, got {_shown(value)}. Hint: write it without a list.")


def _position(details: Mapping[str, Any]) -> Literal["START", "END"] | None:
    value = details.get("output_columns_position")
    match value.strip().upper() if isinstance(value, str) else value:
        case None:
            return None
        case "START":
            return "START"
        case "END":
            return "END"
    raise ConfigError(f"output_columns_position: expected START or END, got {_shown(value)}.")


def _sides(details: Mapping[str, Any]) -> tuple[str, ...]:
    """Sides named by captureIndexNames, in the order given; both endpoint sides when it names none."""
    names = details.get("captureindexnames")
    listed = [names] if isinstance(names, str) else names or []
    if not isinstance(listed, list):
        raise ConfigError(f"captureIndexNames: expected a list of names, got {_shown(names)}.")
    return tuple(dict.fromkeys(_side(name) for name in listed)) or BOTH_SIDES


def _side(name: object) -> str:
    known = {side.lower(): side for side in CAPTURE_SIDES}
    side = known.get(name.strip().lower()) if isinstance(name, str) else None
    if side is None:
        raise ConfigError(f"captureIndexNames: unknown name {_shown(name)}.{nearest(str(name)[:80], CAPTURE_SIDES)}")
    return side


def _shown(value: object) -> str:
    return repr(value)[:80]
