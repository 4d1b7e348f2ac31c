"""Reports to compare, and input cut into more splits than its size deserves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NAMES = ("statistics.json", "constraints.json", "constraint_violations.json", "quarantine.jsonl", "analysis.json")
_TIME = re.compile(rb'"evaluation_time" : "[^"]*"')


def reports(folder: Path) -> dict[str, bytes]:
    """Contents of the reports that were written, time stamps aside."""
    return {name: _TIME.sub(b"", (folder / name).read_bytes()) for name in NAMES if (folder / name).exists()}


def split_at(patch: pytest.MonkeyPatch, split_bytes: int) -> None:
    """Plan smaller splits than in production, and give every one of them a process."""
    patch.setattr("analyzer.sources.splits.plan.__defaults__", (True, split_bytes, None))
    patch.setattr("analyzer.monitors.inputs.SPLIT_BYTES", split_bytes)
