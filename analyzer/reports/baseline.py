"""Baseline files as users hand them over: found, not empty, JSON, and of the monitor that asks for them.

Source: contract.md 5, 6.1, 7.1, 7.2 and 8.1 (the keys that tell the files apart).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from analyzer.errors import BaselineError, SourceUnreadable
from analyzer.reports.storage import Location, read
from analyzer.reports.text import clip

STATISTICS = "data-quality statistics"
CONSTRAINTS = "data-quality constraints"
QUALITY_STATISTICS = "model-quality statistics"
QUALITY_CONSTRAINTS = "model-quality constraints"
ANALYSIS = "a Clarify analysis"
VERSION = 0.0

_QUALITY = ("binary_classification", "regression", "multiclass_classification")
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("constraint violations", ("violations",)),
    (QUALITY_STATISTICS, tuple(f"{name}_metrics" for name in _QUALITY)),
    (QUALITY_CONSTRAINTS, tuple(f"{name}_constraints" for name in _QUALITY)),
    (ANALYSIS, ("pre_training_bias_metrics", "post_training_bias_metrics", "explanations")),
    (STATISTICS, ("dataset",)),
    (CONSTRAINTS, ("monitoring_config", "monitoringConfig")),
)
_VARIABLE = {
    STATISTICS: "baseline_statistics",
    CONSTRAINTS: "baseline_constraints",
    QUALITY_STATISTICS: "baseline_statistics",
    QUALITY_CONSTRAINTS: "baseline_constraints",
    ANALYSIS: "baseline_constraints",
}


def read_baseline(path: Location, wanted: str, limit: int) -> bytes:
    """JSON text of a baseline file, without byte-order mark; its top level is an object of the wanted kind.

    wanted: one of the kinds above. limit: bytes. Raises BaselineError naming the file, what was found and the
    fix; SourceUnreadable when storage refuses to read it.
    """
    path = os.fspath(path)
    data = _read(path, wanted, limit).removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise BaselineError(f"{path} is empty. Hint: write the baseline again, or give {_VARIABLE[wanted]} its file.")
    with decoding(path, wanted):
        _check_kind(path, wanted, _top_level(data))
    return data


@contextmanager
def decoding(path: Location, wanted: str) -> Iterator[None]:
    """Turn what a decoder has to say into BaselineError with the file and the JSON path."""
    hint = f"Hint: {_VARIABLE[wanted]} must name {_one(wanted)} file as a baseline job writes it."
    try:
        yield
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BaselineError(f"{os.fspath(path)} is not {_one(wanted)} file: {clip(str(error), 500)}. {hint}") from error
    except msgspec.DecodeError as error:
        raise BaselineError(f"{os.fspath(path)} is not JSON: {clip(str(error), 500)}. {hint}") from error
    except RecursionError as error:
        raise BaselineError(f"{os.fspath(path)} is nested too deeply. {hint}") from error


def _read(path: str, wanted: str, limit: int) -> bytes:
    try:
        return read(path, limit)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EIO):
            raise SourceUnreadable(
                f"cannot read {path}: {reason}. Hint: let the user or role of the job read it (S3: s3:GetObject)."
            ) from error
        raise BaselineError(
            f"cannot read {path}: {reason}. Hint: {_VARIABLE[wanted]} must be the path or s3:// URI "
            f"of {_one(wanted)} file, or not be set."
        ) from error


def _one(wanted: str) -> str:
    """The kind with its article."""
    return wanted if wanted.startswith("a ") else f"a {wanted}"


def _top_level(data: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(data, type=dict[str, msgspec.Raw])


def _check_kind(path: str, wanted: str, document: dict[str, msgspec.Raw]) -> None:
    found = next((kind for kind, marks in _MARKS if any(mark in document for mark in marks)), None)
    if found is None and "features" in document:
        features = bytes(document["features"])
        found = (
            STATISTICS if b'"numerical_statistics"' in features or b'"string_statistics"' in features else CONSTRAINTS
        )
    if found != wanted:
        what = found or f"an unknown document with the keys {clip(', '.join(document), 200) or 'of an empty object'}"
        monitor = wanted.removeprefix("a ").partition(" ")[0]
        other = f" {_VARIABLE[found]} is the setting for it." if found in _VARIABLE and monitor in found else ""
        raise BaselineError(
            f"{path} holds {what}, expected {wanted}. Hint: give {_VARIABLE[wanted]} the file of a {monitor} "
            f"baseline.{other}"
        )
