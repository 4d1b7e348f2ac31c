"""The message a job leaves for the platform; a schedule takes its status from the first word.

Source: contract.md 10.
"""

from __future__ import annotations

import logging

from analyzer.errors import OutputUnwritable
from analyzer.reports.storage import Location, publish

MAX_BYTES = 1024
_WORD = 80  # a cut moves back to a blank at most this many bytes away

_log = logging.getLogger(__name__)


def completed(violations: int, note: str = "") -> str:
    """The recorded message of a job that ran to its end, which readers match; a note of ours follows it."""
    text = (
        f"CompletedWithViolations: Job completed successfully with {violations} violations."
        if violations
        else "Completed: Job completed successfully with no violations."
    )
    return f"{text} {note}" if note else text


def write_message(path: Location, text: str, level: int = logging.ERROR) -> bool:
    """Write the first kilobyte of the text on one line; whether that worked.

    A failure is logged at that level, not raised: it must not hide how the job itself ended.
    """
    try:
        publish(path, lambda file: file.write(shorten(text)), "text/plain; charset=utf-8")
    except OutputUnwritable as error:
        _log.log(level, "the message of the job is lost: %s", error)
        return False
    return True


def shorten(text: str, limit: int = MAX_BYTES) -> str:
    """The text without control characters in at most `limit` bytes of UTF-8, cut at a word and marked "..."."""
    start = text[: limit + 1]
    line = "".join(c if c.isprintable() else " " for c in start)
    data = line.encode()
    if len(data) <= limit and len(start) == len(text):
        return line
    kept = data[: limit - 3].decode(errors="ignore")
    blank = kept.rfind(" ", max(1, len(kept) - _WORD))
    return f"{kept[:blank] if blank > 0 else kept}..."
