"""What the platform has put on the hosts: the same files on each, or a part of them on each.

Source: contract.md 2.1, S3DataDistributionType.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from analyzer.job import PROCESSING_CONFIG

SHARDED = "ShardedByS3Key"


class _Storage(msgspec.Struct):
    distribution: str | None = msgspec.field(name="S3DataDistributionType", default=None)
    path: str | None = msgspec.field(name="LocalPath", default=None)


class _Query(msgspec.Struct):
    distribution: str | None = msgspec.field(name="DataDistributionType", default=None)
    path: str | None = msgspec.field(name="LocalPath", default=None)


class _Input(msgspec.Struct):
    storage: _Storage | None = msgspec.field(name="S3Input", default=None)
    query: _Query | None = msgspec.field(name="DatasetDefinition", default=None)


class _Request(msgspec.Struct):
    inputs: list[_Input] | None = msgspec.field(name="ProcessingInputs", default=None)


def sharded_folders(path: str = PROCESSING_CONFIG) -> list[str]:
    """Folders of which every host has other files, as `ShardedByS3Key` deals them out; none without such an input."""
    try:
        request = msgspec.json.decode(Path(path).read_bytes(), type=_Request)
    except (OSError, msgspec.DecodeError):  # the analyzer itself reports a damaged file
        return []
    parts = [part for each in request.inputs or [] for part in (each.storage, each.query) if part]
    return sorted({os.path.abspath(part.path) for part in parts if part.path and part.distribution == SHARDED})  # noqa: PTH100 - a text, and links stay
