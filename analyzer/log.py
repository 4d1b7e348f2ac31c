"""Log lines and progress on standard error.

Every record is one line, `time - module - LEVEL - text` (contract.md 10), whatever text the data brought along.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable
from typing import TextIO

LONGEST_LINE = 10_000  # characters of a log record
_CLEAR_LINE = "\r\x1b[K"

# Controls, line and paragraph separators, direction marks and lone surrogates: all that could end a line, move the
# cursor of a terminal, or make text read differently from what it is.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_CONFIDENTIAL = r"(?:passw(?:or)?d|secret|token|credential|signature|authorization|api[_-]?key|access[_-]?key)"
_NAMES_SECRET = re.compile(_CONFIDENTIAL, re.IGNORECASE)
_SECRETS = (
    (re.compile(r"\bbearer\s+[^\s\"']+", re.IGNORECASE), "***"),
    (re.compile(r"://[^/\s@]+@"), "://***@"),
    (re.compile(rf"(?i)({_CONFIDENTIAL}[\w-]{{0,40}}[\"']?\s{{0,9}}[=:]\s{{0,9}}[\"']?)[^\s\"'&,;}}]+"), r"\1***"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"), "***"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), "***"),
)


def counted(count: int, name: str, several: str = "") -> str:
    """A number of things as people write it: 1 row, 2 rows."""
    return f"{count} {name if count == 1 else several or f'{name}s'}"


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """The text with every control character escaped, so that it stays on its line; at most `longest` characters."""
    shown = _UNSAFE.sub(_escaped, text[:longest])
    if len(text) <= longest and len(shown) <= longest:
        return shown
    return f"{shown[:longest]}... (shortened, {len(text)} characters)"


def redacted(text: str, name: str = "") -> str:
    """The text without what looks like a credential; nothing of it when `name` says that it is one."""
    if text and _NAMES_SECRET.search(name):
        return "***"
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send all log records to the stream (standard error), one line each; a second call replaces the first."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_OneLine(before=_CLEAR_LINE if target.isatty() else ""))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("botocore", "boto3", "urllib3", "s3transfer", "py4j"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Progress:
    """How far the job is: one self-rewriting line on a terminal, otherwise a log line every 30 seconds.

    Parameters: stream to write to (standard error); clock in seconds, never running backwards.
    `start` names a step and its size in bytes (None when unknown), or in another unit; `advance` adds rows and bytes;
    `finish` ends it.
    """

    log_seconds = 30.0
    terminal_seconds = 0.2

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._on_terminal = self._stream.isatty()
        self.start("", None)

    def start(self, step: str, total_bytes: int | None, unit: str = "bytes") -> None:
        """Begin a step; counts restart at zero. unit: bytes, or what the total and `read_bytes` count instead."""
        self._step, self._total, self._unit = step, total_bytes, unit
        self.rows = self.read_bytes = 0
        self._began = self._shown_at = self._clock()

    def advance(self, rows: int, read_bytes: int = 0) -> None:
        """Count rows and bytes that are done, and show them when it is time to."""
        self.rows += rows
        self.read_bytes += read_bytes
        pause = self.terminal_seconds if self._on_terminal else self.log_seconds
        if self._clock() - self._shown_at >= pause:
            self._shown_at = self._clock()
            self._show()

    def finish(self) -> None:
        """End the step: clear the terminal's line, log the totals."""
        seconds = self._clock() - self._began
        if self._on_terminal:
            self._stream.write(_CLEAR_LINE)
        size = f", {_size(self.read_bytes)}" if self._unit == "bytes" else ""
        _log.info("%s: %s rows%s in %.1f s", self._step or "Done", f"{self.rows:,}", size, seconds)

    @property
    def line(self) -> str:
        """Step, rows, bytes, per cent and remaining time, as far as they are known."""
        parts = [
            f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}",
            *([_size(self.read_bytes)] if self._unit == "bytes" else []),
        ]
        if self._total:
            share = min(self.read_bytes / self._total, 1.0)
            whole = _size(self._total) if self._unit == "bytes" else f"{self._total:,} {self._unit}"
            parts += [f"{share:.0%} of {whole}", *self._remaining(share)]
        return f"{self._step or 'Progress'}: {', '.join(parts)}"

    def _remaining(self, share: float) -> list[str]:
        if not share:
            return []
        minutes, seconds = divmod(round((self._clock() - self._began) * (1 - share) / share), 60)
        return [f"ETA {minutes}:{seconds:02}"]

    def _show(self) -> None:
        if self._on_terminal:
            self._stream.write(_CLEAR_LINE + one_line(self.line, 200))
            self._stream.flush()
        else:
            _log.info("%s", self.line)


class _OneLine(logging.Formatter):
    """The recorded layout, with the whole record on one line."""

    def __init__(self, before: str) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")
        self._before = before

    def format(self, record: logging.LogRecord) -> str:
        return self._before + one_line(super().format(record))


_log = logging.getLogger(__name__)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    named = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
    return named.get(code) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
