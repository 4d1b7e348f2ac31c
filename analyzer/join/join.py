"""Join: captured records that are to meet ground truth, as engines see it.

An engine reads all labels first, cut into ranges of keys, and makes an index of those that count; then the captures
are a source like any other, which looks its records up there. What was found in the labels ends up in the state of
the scan, as batches without rows, behind everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from analyzer.batch import Batch, Joined, Truth
from analyzer.join.index import Index
from analyzer.join.keys import Keys
from analyzer.join.labels import Choice
from analyzer.split import Source, Split

SAMPLES = 10  # ids of each kind that are named


class Captures(Source, Protocol):
    """A source of captured records.

    keys: distinct ones of all ids in a split. meeting: the same with the labels of an index.
    """

    def keys(self, split: Split) -> Keys: ...
    def meeting(self, index: Index) -> Source: ...
    def reader(self) -> Captures: ...


class Labels(Protocol):
    """Ground truth, cut into splits whose order is that of the records.

    labels: tables of `analyzer.join.labels` in order, each of bounded size, with what was read for it.
    """

    @property
    def choice(self) -> Choice: ...

    def splits(self) -> Sequence[Split]: ...
    def labels(self, split: Split) -> Iterator[tuple[pa.Table, Truth]]: ...
    def reader(self) -> Labels: ...


@dataclass(frozen=True)
class Join:
    """Captures and the ground truth they are to meet; engines scan it like a source."""

    captures: Captures
    labels: Labels


def told(truths: Iterable[Truth]) -> Iterator[Batch]:
    """Batches that carry what was found in the ground truth."""
    for truth in truths:
        yield Batch({}, 0, joined=Joined(truth=truth))
