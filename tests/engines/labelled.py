"""Captures and ground truth that try to break a join, and captures whose worker dies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analyzer.batch import Batch
from analyzer.join.index import Index
from analyzer.join.join import Captures
from analyzer.join.keys import Keys
from analyzer.split import Source, Split
from tests.jobs import capture, truth, write_captures

HOURS, RECORDS = 3, 400
SKEWED = "the same id in every file"


def write_labelled(folder: Path) -> tuple[Path, Path]:
    """Folders of captures and of their ground truth: late, repeated, conflicting, damaged, missing on either side."""
    random = np.random.default_rng(3)
    for hour in range(HOURS):
        records = [
            capture(f"{at},x", f"{random.random():.9f}", event=f"e{hour}-{at}", time=f"2026-01-01T0{hour}:30:00Z")
            for at in range(RECORDS)
        ]
        for at in range(0, RECORDS, 4):
            records[at]["eventMetadata"]["inferenceId"] = SKEWED
            records[at + 1]["eventMetadata"]["inferenceId"] = f"{hour}/{at + 1}"
        _write(folder / f"captured/ep/v/2026/01/01/0{hour}/00-00-000-x.jsonl", records)
        labels = [
            truth(f"{hour}/{at}" if at % 4 == 1 and at % 3 else f"e{hour}-{at}", str(at % 2))
            for at in range(0, RECORDS, 2 if hour else 1)
        ]
        labels += [truth(f"e{hour}-2", "changed"), *([truth(SKEWED, str(hour))] * 500), truth(f"stranger {hour}", "1")]
        _write(
            folder / f"truth/2026/01/01/0{hour + 1}/labels.jsonl",
            [labels[at] for at in random.permutation(len(labels))],
        )
    return folder / "captured", folder / "truth"


def _write(path: Path, records: list[dict[str, object]]) -> None:
    write_captures(path, records)
    with path.open("a") as file:
        file.write(f"{{'id': 1}}\n{json.dumps({'captureData': 1})}\n")


@dataclass(frozen=True)
class Dying:
    """Captures whose worker dies once, after it has read a split to its end: what it wrote, it has written."""

    captures: Captures
    marker: str

    def splits(self) -> Sequence[Split]:
        return self.captures.splits()

    def reader(self) -> Dying:
        return replace(self, captures=self.captures.reader())

    def keys(self, split: Split) -> Keys:
        return self.captures.keys(split)

    def meeting(self, index: Index) -> Source:
        return _Mortal(self.captures.meeting(index), self.marker)

    def batches(self, split: Split) -> Iterator[Batch]:
        return self.captures.batches(split)


@dataclass(frozen=True)
class _Mortal:
    source: Source
    marker: str

    def splits(self) -> Sequence[Split]:
        return self.source.splits()

    def reader(self) -> _Mortal:
        return self

    def batches(self, split: Split) -> Iterator[Batch]:
        yield from self.source.batches(split)
        if not Path(self.marker).exists():
            Path(self.marker).touch()
            os._exit(9)
