"""Payload: the rows inside one captured request or response, or inside one line or file of JSON.

How JSON becomes rows (docs/reference/formats.md shows each with an example):

1. several lines holding one value each: the rows of each line, one after the other;
2. an object with one of the ENVELOPES (`instances`, `predictions`, ...) holding a list: the rows of that list;
3. a list of objects or lists: one row each; a list of scalars: one row of unnamed cells;
4. an object whose values are lists of scalars of one length: columns, one row per position (in a capture whose
   other payload holds one row, it is one row by rule 5);
5. any other object: one row, nested objects as `parent.child`, lists as `parent.0`, `parent.1`;
6. a scalar: one row of one unnamed cell.

Unnamed cells are named by position: "0", "1", ...; the layout gives them the baseline's names.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from analyzer.sources.rows import Row, text_of

ENVELOPES = ("instances", "predictions", "inputs", "outputs", "rows", "records", "data", "SageMakerOutput")
SCALARS = (str, int, float, bool, type(None))
NAME_CHARACTERS = 1 << 22  # of all column names of one row; nesting multiplies the length of keys
MOST_DIGITS = 4000  # of a number that Python converts; a longer one stays the text it is

csv.field_size_limit(1 << 31)  # what bounds a cell is max_record_bytes


class Undecodable(ValueError):
    """A payload that holds no rows; the text is one of a few fixed reasons."""


@dataclass(frozen=True, slots=True)
class Flattening:
    """Spelling and size limit of flattened columns. columnar: whether rule 4 holds, or every object is one row."""

    separator: str = "."
    limit: int = 4096
    columnar: bool = True


def json_rows(text: str, flattening: Flattening) -> list[Row]:
    """The rows of a JSON payload; Undecodable when it is not JSON, too deep or too wide."""
    return rows_of_value(parse_json(text), flattening)


def csv_rows(text: str) -> list[Row]:
    """The rows of a CSV payload; empty cells are missing, quoted empty cells are too (Python's reader cannot tell)."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise Undecodable("CSV quoting is broken") from error
    return [{str(at): cell or None for at, cell in enumerate(line)} for line in lines]


def base64_text(data: str) -> str:
    """The text behind a BASE64 payload; Undecodable when it is not text."""
    try:
        return base64.b64decode(data, validate=True).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Undecodable("payload is binary, only tabular data is analysed") from error
    except ValueError as error:
        raise Undecodable("BASE64 is broken") from error


def parse_json(text: str) -> object:
    """One JSON value, or the list of values of several lines; NaN and Infinity are understood."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _lenient_json(text)
    except RecursionError as error:
        raise Undecodable("JSON is nested too deeply") from error


def flat_row(value: object, flattening: Flattening) -> Row:
    """One row from one JSON value, nested names joined by the separator."""
    if not isinstance(value, dict | list):
        return {"0": text_of(value)}
    row: Row = {}
    for name, scalar in _leaves(value, flattening):
        if len(row) >= flattening.limit:
            raise Undecodable("payload has too many columns")
        while name in row:  # a key spelt like the path of another
            name = f"{name}_2"  # noqa: PLW2901 - the same column by its final name
        row[name] = text_of(scalar)
    return row


def _lenient_json(text: str) -> object:
    try:
        return decode_leniently(text)
    except RecursionError as error:
        raise Undecodable("JSON is nested too deeply") from error
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise Undecodable("payload is not JSON") from None
    try:
        return [decode_leniently(line) for line in lines]
    except RecursionError as error:
        raise Undecodable("JSON is nested too deeply") from error
    except ValueError as error:
        raise Undecodable("payload is not JSON") from error


def rows_of_value(value: object, flattening: Flattening) -> list[Row]:
    """The rows of a decoded JSON value, by the rules above."""
    if isinstance(value, dict):
        for envelope in ENVELOPES:
            if isinstance(value.get(envelope), list):
                return _rows_of_list(value[envelope], flattening, enveloped=True)
        if flattening.columnar and is_columnar(value):
            count = len(next(iter(value.values())))
            names = list(value)
            return [{str(name): text_of(value[name][at]) for name in names} for at in range(count)]
        return [flat_row(value, flattening)]
    if isinstance(value, list):
        return _rows_of_list(value, flattening, enveloped=False)
    return [flat_row(value, flattening)]


def _rows_of_list(values: list[object], flattening: Flattening, *, enveloped: bool) -> list[Row]:
    if not enveloped and all(isinstance(value, SCALARS) for value in values):
        return [flat_row(values, flattening)] if values else []
    return [flat_row(value, flattening) for value in values]


def is_columnar(value: object) -> bool:
    """Whether a value is an object of lists of scalars of one length (rule 4)."""
    lists = list(value.values()) if isinstance(value, dict) else []
    if not lists or not all(isinstance(item, list) for item in lists):
        return False
    lengths = {len(item) for item in lists if isinstance(item, list)}
    return len(lengths) == 1 and all(
        isinstance(cell, SCALARS) for item in lists if isinstance(item, list) for cell in item
    )


def _leaves(value: object, flattening: Flattening) -> Iterator[tuple[str, object]]:
    """Scalars below a value with their paths, without recursion, in document order."""
    stack: list[tuple[str, object]] = [("", value)]
    spent = 0
    while stack:
        name, item = stack.pop()
        if isinstance(item, dict | list) and len(item) + len(stack) > flattening.limit:
            raise Undecodable("payload has too many columns")
        if isinstance(item, dict):
            inner = [(f"{name}{flattening.separator}{key}" if name else str(key), item[key]) for key in item]
        elif isinstance(item, list):
            inner = [(f"{name}{flattening.separator}{at}" if name else str(at), each) for at, each in enumerate(item)]
        else:
            yield name, item
            continue
        spent += sum(len(path) for path, _ in inner)
        if spent > NAME_CHARACTERS:
            raise Undecodable("column names of a payload are too long")
        if not inner and name:
            yield name, None  # an empty object or list is a missing cell, not a missing column
        stack.extend(reversed(inner))


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


decode_leniently = json.JSONDecoder(parse_int=_whole).decode
"""The value of a JSON text, NaN, Infinity and numbers of any length included; ValueError or RecursionError."""
