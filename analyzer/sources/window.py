"""Window: the half-open time interval a monitoring job looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in UTC; a missing end is open."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.start is None and self.end is None

    def holds(self, time: str) -> bool | None:
        """Whether an inferenceTime lies inside; None when the text is no time."""
        moment = parse_time(time)
        if moment is None:
            return None
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


def parse_time(text: str) -> datetime | None:
    """An ISO 8601 time in UTC (blanks inside are ignored, no zone means UTC), or None."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "") if "T" in text else text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
