"""Hour folders: the periods that folders named by date (`/yyyy/mm/dd/hh/`) hold, and which of them a window needs.

Source: contract.md 3.1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from analyzer.sources.window import Window

Period = tuple[datetime, datetime]
HOUR = timedelta(hours=1)
NO_SLACK = timedelta(0)
SLACK = HOUR  # folders are named by upload, records by inference; they differ around the full hour
_DAWN, _DUSK = datetime(1001, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)  # bounds of open windows
_HOUR = re.compile(r"/[12][0-9]{3}/[0-9]{2}/[0-9]{2}/[0-9]{2}(?=/)")
_TAIL = re.compile(r"(?:^|/)([12][0-9]{3})((?:/[0-9]{2}){0,3})/$")


def ends_in_date(prefix: str) -> bool:
    """Whether the path ends with the name of a year, month, day or hour folder."""
    return _TAIL.search(prefix) is not None


def period_of(prefix: str) -> Period | None:
    """First and last moment of the year, month, day or hour folder a path ends with; None for any other."""
    found = _TAIL.search(prefix)
    if not found:
        return None
    parts = [int(part) for part in found.group().strip("/").split("/")]
    level = len(parts)
    try:
        year, month, day, hour = [*parts, *(1, 1, 0)[level - 1 :]]
        start = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:  # digits that are no date
        return None
    if level == 1:
        return start, start.replace(year=year + 1)
    if level == 2:
        return start, (start + 31 * 24 * HOUR).replace(day=1)
    return start, start + (24 * HOUR if level == 3 else HOUR)


def hour_folder(path: str) -> str:
    """`yyyy/mm/dd/hh` of the last hour folder in the path; "" without one."""
    hours = _HOUR.findall(path)
    return str(hours[-1])[1:] if hours else ""


def hour_number(path: str) -> int | None:
    """Hours from 1970 to the last hour folder in the path; None without one."""
    folder = hour_folder(path)
    period = period_of(f"{folder}/") if folder else None
    return None if period is None else int(period[0].timestamp()) // 3600


def is_hour(period: Period) -> bool:
    """Whether the period is that of an hour folder."""
    return period[1] - period[0] == HOUR


def kept_period(window: Window | None, slack: timedelta = SLACK) -> Period | None:
    """The window, closed and widened by the slack on either side, as the period to read."""
    if window is None or window.is_open:
        return None
    return max(window.start or _DAWN, _DAWN) - slack, min(window.end or _DUSK, _DUSK) + slack


def meets(kept: Period, period: Period) -> bool:
    """Whether some of the period is kept."""
    return period[1] > kept[0] and period[0] < kept[1]


def covers(kept: Period, period: Period) -> bool:
    """Whether all of the period is kept."""
    return period[0] >= kept[0] and period[1] <= kept[1]


def hour_outside(path: str, kept: Period | None) -> datetime | None:
    """The hour of the last hour folder in the path, when it is not to be read."""
    hours = _HOUR.findall(path) if kept else []
    period = period_of(f"{hours[-1]}/") if hours else None
    return period[0] if kept and period and not meets(kept, period) else None
