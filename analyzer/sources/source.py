"""Source: what an engine scans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from analyzer.batch import Batch
from analyzer.sources.splits import Split


class Source(Protocol):
    """Input cut into splits whose order fixes the merge tree; every split can be read by any process.

    `batches` yields at least one batch (perhaps of no rows) whose intake accounts for every record of the split.
    """

    def splits(self) -> Sequence[Split]: ...
    def batches(self, split: Split) -> Iterator[Batch]: ...
