"""Script: the user's own `record_preprocessor_script` and `post_analytics_processor_script`.

A script runs inside the worker process that reads the records, and is loaded once per process. What it raises
ends the job with the script's own line, the traceback inside the script and the record's place; never with the
payload. What it prints goes to the log. Source: contract.md 4.1, 4.2.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

import msgspec

from analyzer.errors import ScriptError, SourceUnreadable
from analyzer.log import one_line, redacted
from analyzer.sources.captured import CapturedData
from analyzer.sources.returned import Refused, rows_of_returned
from analyzer.sources.rows import Row
from analyzer.sources.storage import read_all

Where = tuple[str, int, str | None]
"""Place of a record: path of its file, line (0: the file itself), event id where it has one."""

MAX_SCRIPT_BYTES = 4 << 20
LONGEST_ERROR = 1000  # characters, so that it fits into the job's message
_PREPROCESS = "define preprocess_handler(inference_record) or preprocess_handler(inference_record, logger)"
_POSTPROCESS = "define postprocess_handler() without arguments"
_RETURNS = "return a dict, a list of dicts, a list of cells, a CSV line, or [] to drop the record"


@dataclass(frozen=True)
class Script:
    """A loaded preprocessor script.

    path: where it came from. handler: takes the record. lines: its source, for tracebacks.
    """

    path: str
    handler: Callable[[Any], object]
    lines: tuple[str, ...]

    @staticmethod
    def load(path: str) -> Script:
        """The script at a local path or s3:// URI, loaded once per process; ScriptError when it cannot be used."""
        return _loaded(path)

    def rows(self, record: object, where: Where) -> list[Row]:
        """The rows the script makes of a record (a CapturedData, or the text of a CSV row); none: dropped.

        Raises ScriptError when the script fails or returns what the contract does not know.
        """
        with guarded(self.path, self.lines, where):
            returned = self.handler(record)
        try:
            return rows_of_returned(returned)
        except Refused as error:
            message = f"{_name(self.path)}: preprocess_handler {one_line(str(error), 300)}{_place(where)}."
            raise ScriptError(f"{message[: LONGEST_ERROR - 120]} Hint: {_RETURNS}.") from None

    def rows_of_record(self, line: bytes, where: Where) -> list[Row]:
        """The rows the script makes of one line of a capture or merge file, handed over as CapturedData."""
        event = _decoded(line)
        return self.rows(CapturedData(event if isinstance(event, dict) else {}), where)


def run_postprocess(path: str) -> None:
    """Call `postprocess_handler()` of the script once; ScriptError when it cannot be loaded or raises."""
    module, lines = load_module(path)
    handler = handler_of(module, path, "postprocess_handler", _POSTPROCESS)
    if _required(handler) != 0:
        raise ScriptError(f"{_name(path)}: postprocess_handler takes no arguments. Hint: {_POSTPROCESS}.")
    with guarded(path, lines, None):
        handler()


@lru_cache(maxsize=8)
def _loaded(path: str) -> Script:
    module, lines = load_module(path)
    handler = handler_of(module, path, "preprocess_handler", _PREPROCESS)
    required = _required(handler)
    if required not in (1, 2):
        raise ScriptError(f"{_name(path)}: preprocess_handler takes {required} arguments. Hint: {_PREPROCESS}.")
    if required == 2 or _offers_logger(handler):
        return Script(path, lambda record: handler(record, _log), lines)
    return Script(path, handler, lines)


def load_module(path: str) -> tuple[ModuleType, tuple[str, ...]]:
    """The script as a module under a private name, and its source lines."""
    try:
        source = read_all(path, MAX_SCRIPT_BYTES)
    except SourceUnreadable as error:
        raise ScriptError(f"script {_name(path)} cannot be loaded: {error}") from error
    lines = tuple(source.decode("utf-8", "replace").splitlines())
    module = ModuleType("_user_script_" + hashlib.sha256(path.encode("utf-8", "replace")).hexdigest()[:16])
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses and pickle look modules up by name
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        said = error.msg if isinstance(error, SyntaxError) else error
        message = f"{_name(path)}{line}: {one_line(str(said), 200)}"
        raise ScriptError(f"{message}. Hint: the script must be Python 3 source.") from None
    with guarded(path, lines, None):
        exec(code, module.__dict__)  # noqa: S102 - running the user's script is the purpose
    return module, lines


def handler_of(module: ModuleType, path: str, name: str, hint: str) -> Callable[..., object]:
    """The function of that name in a loaded script; ScriptError with the hint when there is none."""
    handler: Callable[..., object] | None = getattr(module, name, None)
    if not callable(handler):
        found = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        defined = f"; it defines {one_line(', '.join(found), 200)}" if found else ""
        raise ScriptError(f"{_name(path)} has no function {name}{defined}. Hint: {hint}.")
    return handler


def _required(handler: Callable[..., object]) -> int:
    """Arguments the handler must be given."""
    return sum(parameter.default is parameter.empty for parameter in _positional(handler))


def _offers_logger(handler: Callable[..., object]) -> bool:
    """Whether an optional second argument is meant for the logger."""
    return [parameter.name for parameter in _positional(handler)][1:2] == ["logger"]


def _positional(handler: Callable[..., object]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter for parameter in inspect.signature(handler).parameters.values() if parameter.kind in kinds]


@contextmanager
def guarded(path: str, lines: tuple[str, ...], where: Where | None) -> Iterator[None]:
    """Run the script's code: prints go to the log, failures become ScriptError."""
    try:
        with redirect_stdout(_printed), redirect_stderr(_printed):
            yield
    except (Exception, SystemExit) as error:  # a user's script may raise anything
        raise ScriptError(_explained(path, lines, where, error)) from error
    finally:
        _printed.end()


def _explained(path: str, lines: tuple[str, ...], where: Where | None, error: BaseException) -> str:
    """Message of at most LONGEST_ERROR characters, the most useful part first."""
    frames = traceback.extract_tb(error.__traceback__, limit=-500)
    own = [(frame.lineno or 0, frame.name) for frame in frames if frame.filename == path]
    at = f", line {own[-1][0]}" if own else ""
    message = f"{_name(path)}{at}: {_said(error)}{_place(where)}."
    if own:
        steps = (f"line {line} in {name}: {_source(lines, line)}" for line, name in reversed(own))
        message += " Traceback, innermost first: " + "; ".join(steps)
    if frames and own and frames[-1].filename != path:
        message += f"; raised in {PurePosixPath(frames[-1].filename).name}, line {frames[-1].lineno}"
    return one_line(message)[:LONGEST_ERROR]


def _source(lines: tuple[str, ...], line: int) -> str:
    return redacted(one_line(lines[line - 1].strip(), 120)) if 0 < line <= len(lines) else "?"


def _said(error: BaseException) -> str:
    """Type and text of an exception; the text may quote data, so it is cut short."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of the user's whose text cannot be made
        text = ""
    return f"{type(error).__name__}: {redacted(one_line(text, 200))}" if text else type(error).__name__


def _place(where: Where | None) -> str:
    if where is None:
        return ""
    path, line, event_id = where
    event = f"event {one_line(event_id, 80)}, " if event_id else ""
    at = f", line {line}" if line else ""
    return f" ({event}file {one_line(path[-300:], 300)}{at})"


def _name(path: str) -> str:
    return one_line(PurePosixPath(path).name, 80)


def _decoded(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # NaN and Infinity, which the reader of captures takes too
        return json.loads(line.decode("utf-8", "replace"))


class _Printed(io.TextIOBase):
    """A stream whose lines go to the log."""

    longest = 8192  # characters of a line

    def __init__(self) -> None:
        self._held = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, held = (self._held + text).split("\n")
        self._held = held[: self.longest]
        for line in lines:
            self._say(line)
        return len(text)

    def end(self) -> None:
        """Log the line that was not ended."""
        held, self._held = self._held, ""
        self._say(held)

    def _say(self, line: str) -> None:
        if line.strip():
            _log.info("script: %s", line[: self.longest])


_printed = _Printed()
_log = logging.getLogger(__name__)
