"""Answer: the body a model sent back as numbers, one row for every row it was asked about.

Source: bias_explainability.md 6.1 (the explained output is a score, or several), contract.md 3.2; the shapes that
SageMaker's built-in containers and serving frameworks send.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import jmespath
import msgspec
import numpy as np

from analyzer.batch import Floats
from analyzer.errors import ConfigError, ContractError
from analyzer.predictors.predictor import shaped
from analyzer.predictors.request import FORMS, Form, form_of

_LISTS = ("predictions", "outputs", "instances", "results", "data")  # what bodies call their list of answers
_SCORES = ("score", "probability", "probabilities", "prediction", "predicted_value", "output", "value")


@dataclass(frozen=True)
class Answer:
    """Where the explained numbers stand in a body.

    accept: content type asked for and expected when the answer names none. place: column of CSV by number, or JMESPath
    expression in JSON (of the whole body, or of each line); None: the body is nothing but the numbers.
    """

    accept: str = "text/csv"
    place: str | int | None = None

    def __post_init__(self) -> None:
        """ConfigError for a content type or an expression that is not understood."""
        form_of(self.accept, "predictor.accept_type")
        if isinstance(self.place, str) and not self.place.isdecimal():
            _expression(self.place)

    def numbers(self, body: bytes, content_type: str | None, rows: int) -> Floats:
        """The answers (rows, outputs); ContractError when the body does not hold one for every row."""
        form = self._form(body, content_type)
        try:
            text = body.decode("utf-8-sig").strip()
            found = self._of_csv(text, rows) if form == "csv" else self._of_json(text, form)
        except (ValueError, RecursionError, csv.Error) as error:
            raise ContractError(
                f"the model's answer is not {form}: {error}"[:300] + f". It begins with {_start(body)}. "
                "Hint: set predictor.accept_type to what it sends."
            ) from error
        return _rows(found, rows, f"the model (answer {_start(body)})")

    def _form(self, body: bytes, content_type: str | None) -> Form:
        """What the answer says it is; frameworks that call everything JSON or HTML are judged by what they send."""
        kind = (content_type or self.accept).partition(";")[0].strip().lower()
        form = FORMS.get(kind) or form_of(self.accept, "predictor.accept_type")
        start = body.lstrip()[:1]
        if (form == "csv" and start == b"{") or (form == "csv" and start == b"[" and b"\n" not in body.strip()):
            return "json"
        return form

    def _of_csv(self, text: str, rows: int) -> list[Any]:
        lines = [line for line in csv.reader(io.StringIO(text)) if line]
        if len(lines) == 1 and len(lines[0]) == rows > 1:  # one line of n answers, as built-in containers send them
            lines = [[cell] for cell in lines[0]]
        if self.place is not None:
            lines = [[line[self._column(line)]] for line in lines]
        # A cell may be a list of scores: "[0.1, 0.9]".
        return [[number for cell in line for number in _cell(cell)] for line in lines]

    def _column(self, line: list[str]) -> int:
        column = int(str(self.place)) if str(self.place).isdecimal() else -1
        if not 0 <= column < len(line):
            raise ContractError(
                f"the model answered CSV lines of {len(line)} cells, of which none is predictor.label or "
                f"predictor.probability {self.place!r}. Hint: give the column's number, counted from 0."
            )
        return column

    def _of_json(self, text: str, form: Form) -> Any:
        if form == "jsonlines":
            return [self._found(json.loads(line)) for line in text.splitlines() if line.strip()]
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError:
            value = json.loads(text)  # NaN, which model servers do send
        return self._found(value)

    def _found(self, value: Any) -> Any:
        if isinstance(self.place, str) and not self.place.isdecimal():
            found = _expression(self.place).search(value)
            if found is None or found == []:
                raise ContractError(
                    f"predictor.label or predictor.probability {self.place!r} finds nothing in the model's answer "
                    f"{json.dumps(value)[:200]}. Hint: it is a JMESPath expression of the whole answer (JSON), or of a "
                    "line (JSON Lines)."
                )
            return found
        return _plain(value)


@cache
def _expression(text: str) -> Any:
    try:
        return jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        why = str(error).splitlines()[0]
        raise ConfigError(
            f"predictor.label or predictor.probability {text!r} is no JMESPath expression: {why}."
        ) from error


def _plain(value: Any) -> Any:
    """The numbers of an answer that nobody described: its list, and in objects their score."""
    if isinstance(value, dict):
        for name in _LISTS:
            if isinstance(value.get(name), list):
                return [_plain(each) for each in value[name]]
        for name in _SCORES:
            if name in value:
                return value[name]
        if len(value) == 1:
            return next(iter(value.values()))
        shown = ", ".join(map(repr, list(value)[:8]))
        raise ContractError(
            f"the model answers with {shown}. Hint: say which of them is explained in predictor.probability or "
            "predictor.label."
        )
    return [_plain(each) if isinstance(each, dict) else each for each in value] if isinstance(value, list) else value


def _rows(found: Any, rows: int, source: str) -> Floats:
    """The numbers as one row for each; a single row may be a bare number, or a bare list of several outputs."""
    if not isinstance(found, list):
        found = [found]
    is_flat = all(not isinstance(each, list) for each in found)
    if rows == 1 and is_flat and len(found) > 1:
        found = [found]
    known = [[_number(cell) for cell in each] if isinstance(each, list) else [_number(each)] for each in found]
    if len({len(each) for each in known}) > 1:
        raise ContractError(f"{source} holds rows of different lengths. Hint: every row needs as many numbers.")
    return shaped(known, rows, source)


def _number(value: Any) -> float:
    if value is None:
        return np.nan
    if isinstance(value, list):
        raise ContractError("the model answered lists within lists. Hint: name the score in predictor.probability.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ContractError(
            f"the model answered {str(value)[:60]!r}, which is no number. Hint: explain a score or a probability, "
            "not a label (predictor.probability)."
        ) from None


def _cell(cell: str) -> list[Any]:
    text = cell.strip()
    return list(json.loads(text)) if text.startswith("[") else [None if text.lower() in ("", "nan") else text]


def _start(body: bytes) -> str:
    return repr(body[:80].decode("utf-8", "replace"))
