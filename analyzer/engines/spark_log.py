"""Log lines of Spark tasks: on the executor's standard error, and the first of them in the driver's log too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer import log

FIRST = 20  # lines of a task that reach the driver
LONGEST = 500  # characters of such a line

Line = tuple[str, int, str]
"""Name of the logger, level, text."""


@contextmanager
def listening() -> Iterator[list[Line]]:
    """The first lines logged meanwhile in this process; all of them go to standard error."""
    root, first = logging.getLogger(), _First()
    if not root.handlers:  # a Python process that Spark started, at its first task
        log.configure()
    root.addHandler(first)
    try:
        yield first.lines
    finally:
        root.removeHandler(first)


class _First(logging.Handler):
    """Keeps the first lines."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) >= FIRST:
            return
        try:
            self.lines.append((record.name, record.levelno, log.one_line(record.getMessage(), LONGEST)))
        except Exception:  # noqa: BLE001 - a record of a user's script may not be printable
            self.handleError(record)


class Relay:
    """Repeats lines of tasks in the driver's log, so many in all."""

    most = 200

    def __init__(self) -> None:
        self._count, self._told = 0, False

    def repeat(self, lines: tuple[Line, ...]) -> None:
        """Log what a task logged; at the limit, once, where the rest is."""
        for name, level, text in lines[: self.most - self._count]:
            logging.getLogger(name).log(level, "%s", text)
        self._count = min(self.most, self._count + len(lines))
        if not self._told and (len(lines) >= FIRST or self._count == self.most):
            _log.info("Further lines of tasks are in the logs of the executors.")
            self._told = True


_log = logging.getLogger(__name__)
