"""Intake: what happened to every record before it became rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from analyzer.batch import Batch, Intake, Rejected


@dataclass(slots=True)
class IntakeState:
    """Rows that reached the folds, and the records behind them."""

    rows: int = 0
    intake: Intake = field(default_factory=Intake)


@dataclass(frozen=True)
class Intakes:
    """Counts of records read, left outside the window, dropped and rejected, with samples of the rejected.

    Parameters: samples, how many rejected records to keep (the first ones in scan order).
    Result: IntakeState whose samples are numbered from the start of their file, and which holds no `lines`.
    Error:  exact. State: O(samples + reasons + pieces of the first and of the last file): a state covers neighbours in
            the order of files, so the lines of a file between those two are known, and no longer needed.
    """

    samples: int = 100

    @property
    def state(self) -> type[IntakeState]:
        return IntakeState

    def zero(self) -> IntakeState:
        return IntakeState()

    def update(self, state: IntakeState, batch: Batch) -> IntakeState:
        return self.merge(state, IntakeState(batch.rows, batch.intake))

    def merge(self, left: IntakeState, right: IntakeState) -> IntakeState:
        mine, other = left.intake, right.intake
        left.rows += right.rows
        mine.records += other.records
        mine.outside += other.outside
        mine.untimed += other.untimed
        mine.dropped += other.dropped
        for reason, count in other.rejected.items():
            mine.rejected[reason] = mine.rejected.get(reason, 0) + count
        mine.samples.extend(other.samples[: max(0, self.samples - len(mine.samples))])
        for path, pieces in other.lines.items():
            known = mine.lines.setdefault(path, {})
            for start, count in pieces.items():
                known[start] = known.get(start, 0) + count
        _settle(mine, _complete(mine.lines))
        return left

    def result(self, state: IntakeState) -> IntakeState:
        found = replace(state.intake, samples=list(state.intake.samples), lines=dict(state.intake.lines))
        _settle(found, list(found.lines))
        return IntakeState(state.rows, found)


def _complete(lines: dict[str, dict[int, int]]) -> list[str]:
    """Paths whose every piece was seen: not the last, nor the first when its beginning is elsewhere."""
    first, *others = list(lines)[:-1] or [""]
    return others if 0 not in lines.get(first, ()) else [first, *others]


def _settle(intake: Intake, paths: Iterable[str]) -> None:
    """Number the samples of complete files from the start of the file, and forget the lines of these files."""
    done = {path: intake.lines.pop(path) for path in paths}
    if any(len(pieces) > 1 for pieces in done.values()):
        intake.samples = [_numbered(sample, done.get(sample.path, {})) for sample in intake.samples]


def _numbered(sample: Rejected, pieces: dict[int, int]) -> Rejected:
    if not (sample.start and pieces):
        return sample
    before = sum(count for start, count in pieces.items() if start < sample.start)
    return replace(sample, line=sample.line + before if sample.line else 0, start=0)
