"""Detection: what stored files are, told by their first bytes: manifests, and the layout that a job does not name.

Source: contract.md 1.6, 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing

from analyzer.dataset_format import BATCH_SIDES, BOTH_SIDES, DatasetFormat, Kind
from analyzer.sources.files import list_files
from analyzer.sources.manifest import expand_manifest, looks_like_manifest
from analyzer.sources.packed import gunzip
from analyzer.sources.record import GROUND_TRUTH
from analyzer.sources.splits import File
from analyzer.sources.storage import packing, stream

MANIFEST_BYTES = 4 << 20
_HEAD_BYTES = 1 << 16
_NUMBER = re.compile(r'\s*"?\s*[-+]?(?:\.?\d|(?:nan|inf|infinity)\s*"?\s*$)', re.IGNORECASE)


def detected(files: Sequence[File]) -> DatasetFormat:
    """The format of the first file, or of the first one that a manifest in its place lists.

    Raises SourceUnreadable when that manifest is broken, or what it lists cannot be found.
    """
    first = files[0] if files else None
    if first and is_manifest(first):
        first = next((file for path in expand_manifest(first.path) for file in list_files(path).files), None)
    return _format_of(_head(first.path) if first else b"")


def is_manifest(file: File) -> bool:
    """Whether the file lists others instead of holding data."""
    return file.size <= MANIFEST_BYTES and looks_like_manifest(_head(file.path))


def _format_of(head: bytes) -> DatasetFormat:
    if packing(head) == "gzip":
        head = next(gunzip([head], max_ratio=1000), b"")[:_HEAD_BYTES]
    if head.startswith(b"PAR1"):
        return DatasetFormat("parquet")
    text = head.decode("utf-8-sig", "replace").lstrip()
    if '"captureData"' in text[:2000] or packing(head):  # other packings are rejected, whatever is inside
        return _captured(text.partition("\n")[0])
    if text.startswith("{"):
        return DatasetFormat("jsonlines")
    if text.startswith("["):
        return DatasetFormat("json")
    cells = text.partition("\n")[0].split(",")
    return DatasetFormat("csv", header=not any(map(_NUMBER.match, cells)))


def _captured(line: str) -> DatasetFormat:
    """The format of a capture record; inside a payload the keys would stand between escaped quotes."""
    batch = not any(f'"{side}"' in line for side in BOTH_SIDES) and any(f'"{side}"' in line for side in BATCH_SIDES)
    kind: Kind = "merge" if f'"{GROUND_TRUTH}"' in line else "capture"
    return DatasetFormat(kind, capture_sides=BATCH_SIDES if batch else BOTH_SIDES)


def _head(path: str) -> bytes:
    try:
        with closing(stream(path, 0, _HEAD_BYTES)) as chunks:
            return next(chunks, b"")[:_HEAD_BYTES]
    except OSError:  # reading it will tell
        return b""
