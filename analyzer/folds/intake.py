"""Intake: what happened to every record before it became rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.batch import Batch, Intake


@dataclass(slots=True)
class IntakeState:
    """Rows that reached the folds, and the records behind them."""

    rows: int = 0
    intake: Intake = field(default_factory=Intake)


@dataclass(frozen=True)
class Intakes:
    """Counts of records read, left outside the window, dropped and rejected, with samples of the rejected.

    Parameters: samples, how many rejected records to keep (the first ones in scan order).
    Result: IntakeState; sample line numbers are absolute as soon as the pieces before them were merged.
    Error:  exact. State: O(samples + reasons + pieces of split files).
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
        return left

    def result(self, state: IntakeState) -> IntakeState:
        return state
