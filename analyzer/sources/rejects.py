"""Rejects: the account of the records behind one block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from analyzer.batch import Intake, Rejected
from analyzer.sources.blocks import Block


@dataclass
class Account:
    """Counts every record of a block and keeps the first rejected ones with their place.

    samples: how many to keep. excerpt: characters of the raw line to keep with each (0: none).
    """

    block: Block
    samples: int = 100
    excerpt: int = 0
    intake: Intake = field(default_factory=Intake)

    def __post_init__(self) -> None:
        for trouble in self.block.troubles:
            self._add(trouble.reason, lambda trouble=trouble: trouble)  # type: ignore[misc]
        for (path, start), count in self.block.lines.items():
            self.intake.lines.setdefault(path, {})[start] = count

    def reject(self, at: int, reason: str, detail: str | None = None, event_id: str | None = None) -> None:
        """Count the record whose line starts at byte `at` of the block; keep it while samples are few."""
        self._add(reason, lambda: self._sample(at, reason, detail, event_id))

    def _add(self, reason: str, sample: Callable[[], Rejected]) -> None:
        self.intake.rejected[reason] = self.intake.rejected.get(reason, 0) + 1
        if len(self.intake.samples) < self.samples:
            self.intake.samples.append(sample())

    def _sample(self, at: int, reason: str, detail: str | None, event_id: str | None) -> Rejected:
        path, start, line = self.block.origin(at)
        return Rejected(reason, path, line, event_id, self._excerpt(at), detail, start)

    def _excerpt(self, at: int) -> str | None:
        if not self.excerpt:
            return None
        end = self.block.data.find(b"\n", at, at + 4 * self.excerpt)
        raw = self.block.data[at : end if end >= 0 else at + 4 * self.excerpt]
        return raw.decode("utf-8", "replace")[: self.excerpt]
