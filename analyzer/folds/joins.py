"""Joins: what became of captured records and ground truth when they met."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from analyzer.batch import Batch, Joined, Truth


@dataclass(frozen=True)
class Joins:
    """Counts of captured records with and without a label, of ground truth records, and of the hours between them.

    Parameters: samples, how many ids without a partner to keep, the first ones in scan order.
    Input:  what sources and engines say beside the rows (`Batch.joined`); rows are not looked at.
    State:  None, or Joined; O(samples + reasons + distinct delays), of which sources make at most 27,000.
    Result: Joined; None when nothing was to be joined. Error: exact.
    """

    samples: int = 10

    @property
    def state(self) -> Any:
        return Joined | None

    def zero(self) -> Joined | None:
        return None

    def update(self, state: Joined | None, batch: Batch) -> Joined | None:
        return self.merge(state, batch.joined)

    def merge(self, left: Joined | None, right: Joined | None) -> Joined | None:
        if right is None:
            return left
        if left is None:
            left = Joined()
        _merge(left, right, self.samples)
        return left

    def result(self, state: Joined | None) -> Joined | None:
        return None if state is None else replace(state, delays=dict(sorted(state.delays.items())))


JOINS = Joins()


def _merge(mine: Any, other: Any, samples: int) -> None:
    """Add the other's counts, and samples while they are few."""
    for name in (field.name for field in fields(mine)):
        value, more = getattr(mine, name), getattr(other, name)
        if isinstance(more, Truth):
            _merge(value, more, samples)
        elif name in ("first_hour", "last_hour"):
            known = [hour for hour in (value, more) if hour is not None]
            setattr(mine, name, (min if name == "first_hour" else max)(known) if known else None)
        elif isinstance(more, dict):
            for key, count in more.items():
                value[key] = value.get(key, 0) + count
        elif isinstance(more, list):
            value.extend(more[: max(0, samples - len(value))])
        else:
            setattr(mine, name, value + more)
