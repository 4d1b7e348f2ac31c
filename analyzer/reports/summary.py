"""What a job found, as text for people at a terminal; names and values are made safe to print."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap

from analyzer.log import counted
from analyzer.reports.document import java_double
from analyzer.reports.text import clip, pad, width
from analyzer.reports.violations import Violation

HEADER = ("Feature", "Check", "Observed", "Threshold")
TOP = 20
WIDTH = 100
NARROWEST = 60
_GAP = "  "
_NUMBERS = 12  # cells of a number: 0.9964592817 and shorter


def headline(features: int, violations: Sequence[Violation], top: int = 10) -> str:
    """One line for a log or an alert: how many features were checked and which failed."""
    start = f"{counted(features, 'feature')} checked, {counted(len(violations), 'violation')}"
    names = list(dict.fromkeys(violation.feature_name for violation in violations))
    if not names:
        return start
    more = f" and {len(names) - top} more" if len(names) > top else ""
    return f"{start} in {', '.join(clip(name, 40) for name in names[:top])}{more}"


def summarise(features: int, violations: Sequence[Violation], top: int = TOP, cells: int = WIDTH) -> str:
    """A table of the first violations, errors before warnings, in lines of at most `cells` cells (at least 60)."""
    lines = [f"{counted(features, 'feature')} checked, {counted(len(violations), 'violation')}"]
    if violations:
        ranked = sorted(violations, key=lambda violation: violation.severity == "warning")[:top]
        lines += ["", *_table([HEADER, *map(_row, ranked)], max(cells, NARROWEST))]
        if len(violations) > top:
            lines.append(f"and {len(violations) - top} more")
    return "\n".join(lines) + "\n"


def _row(violation: Violation) -> tuple[str, str, str, str]:
    check = violation.constraint_check_type
    shown = f"{check} (warning)" if violation.severity == "warning" else check
    return violation.feature_name, shown, _number(violation.observed), _number(violation.threshold)


def _table(rows: Sequence[tuple[str, str, str, str]], cells: int) -> list[str]:
    """Columns as wide as their longest cell; the first gives way, then the second."""
    limits = [cells, 40, _NUMBERS, _NUMBERS]
    shown = [[clip(cell, limit) for cell, limit in zip(row, limits, strict=True)] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown, strict=True)]
    room = cells - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)
    if room < 20:
        widths[1] = max(10, widths[1] - (20 - room))
        room = cells - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)
    widths[0] = max(4, min(widths[0], room))
    return [_line(row, widths) for row in rows]


def _line(row: tuple[str, str, str, str], widths: Sequence[int]) -> str:
    cells = zip(map(clip, row, widths), widths, strict=True)
    return _GAP.join(starmap(pad, cells)).rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    plain = float(value).is_integer() and abs(value) < 1e7
    return str(int(value)) if plain else java_double(float(f"{value:.6g}"))
