"""Listings in short, for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.sources.listing import Listing
from analyzer.sources.window import Window


def names(listing: Listing, root: object) -> list[str]:
    """Paths of the files below the root."""
    return [file.path.removeprefix(f"{root}/") for file in listing.files]


def window(start: str, end: str) -> Window:
    """The window between two times in UTC."""
    return Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))


def hour(*parts: int) -> datetime:
    """The moment with these parts, in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


HOURS = [f"2024/05/01/{hour:02}/a.jsonl" for hour in range(7, 15)]


TEN_TO_ELEVEN = window("2024-05-01T10:00", "2024-05-01T11:00")
