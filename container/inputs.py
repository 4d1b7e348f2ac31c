"""What the platform has put on the hosts: the same files on each, or a share of them on each.

Source: contract.md 2.1, S3DataDistributionType.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from analyzer.job import PROCESSING_CONFIG
from analyzer.log import one_line

SHARDED = "ShardedByS3Key"


class _Storage(msgspec.Struct):
    distribution: str | None = msgspec.field(name="S3DataDistributionType", default=None)
    uri: str | None = msgspec.field(name="S3Uri", default=None)


class _Input(msgspec.Struct):
    name: str = msgspec.field(name="InputName", default="")
    storage: _Storage | None = msgspec.field(name="S3Input", default=None)


class _Request(msgspec.Struct):
    inputs: list[_Input] | None = msgspec.field(name="ProcessingInputs", default=None)


def sharded_input(path: str = PROCESSING_CONFIG) -> str:
    """What is wrong with inputs of which every host has only a share; empty when there are none.

    The first host plans for all, from the files it sees, and any executor may read any of them. A share would be
    analysed as if it were all, so it is refused instead.
    """
    try:
        request = msgspec.json.decode(Path(path).read_bytes(), type=_Request)
    except (OSError, msgspec.DecodeError):  # the analyzer itself reports a damaged file
        return ""
    for each in request.inputs or []:
        if each.storage and each.storage.distribution == SHARDED:
            return one_line(
                f"input {each.name[:80]!r} is {SHARDED}: each host has a share of the files, but must be able to read "
                f"all. Hint: read it in place, with {(each.storage.uri or 's3://...')[:200]} in dataset_source and no "
                "such input (every host then fetches only what it analyses), or use FullyReplicated.",
                800,
            )
    return ""
