"""Returned: the rows in what a user's preprocessor script returns (contract.md 4.1, "Return")."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from analyzer.log import one_line
from analyzer.sources.payload import SCALARS, Flattening, Undecodable, csv_rows, flat_row
from analyzer.sources.rows import Row, text_of

_POSITION = re.compile(r"[0-9]{20}")
_FLATTENING = Flattening(limit=100_000)  # a script is the user's own; this only stops accidents


class Refused(ValueError):
    """A returned value the contract does not know; the text starts with "returned"."""


def rows_of_returned(value: object) -> list[Row]:
    """Rows of a handler's return value; none when the record is dropped (None, or nothing in it).

    A dict is a row; a list or tuple of scalars is a row of cells by position; a list of dicts, lists or tuples is
    a row for each; a text is CSV. Raises Refused.
    """
    try:
        return _rows(value)
    except RecursionError:
        raise Refused("returned a value nested too deeply") from None
    except Undecodable as error:
        raise Refused(f"returned what cannot be a row: {error}") from None


def _rows(value: object) -> list[Row]:
    if value is None:
        return []
    if isinstance(value, str):
        return csv_rows(value)
    if isinstance(value, dict):
        return [_named(value)] if value else []
    if isinstance(value, list | tuple):
        return _several(value)
    raise Refused(f"returned a {_kind(value)}")


def _several(values: Sequence[object]) -> list[Row]:
    if all(isinstance(value, dict) for value in values):
        return [_named(value) for value in values if value]  # type: ignore[arg-type]
    if all(isinstance(value, list | tuple) for value in values):
        return [_by_position(value) for value in values if value]  # type: ignore[arg-type]
    if not any(isinstance(value, dict | list | tuple) for value in values):
        return [_by_position(values)]
    kinds = " and ".join(sorted({_kind(value) for value in values})[:5])
    raise Refused(f"returned a {_kind(values)} of {kinds}")


def _by_position(values: Sequence[object]) -> Row:
    return _flat({str(at): value for at, value in enumerate(values)})


def _named(values: Mapping[Any, object]) -> Row:
    """A row by name; keys that are all numerals of 20 digits only give the order (AWS's sample scripts)."""
    named = {str(key): value for key, value in values.items()}
    if all(map(_POSITION.fullmatch, named)):
        return _by_position([named[key] for key in sorted(named)])
    return _flat(named)


def _flat(values: Mapping[str, object]) -> Row:
    if all(isinstance(value, SCALARS) for value in values.values()):
        return {name: text_of(value) for name, value in values.items()}
    return flat_row({name: _plain(value, name) for name, value in values.items()}, _FLATTENING)


def _plain(value: object, name: str) -> object:
    """The value in JSON's types."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item, name) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise Refused(f"returned a {_kind(value)} as cell {one_line(name, 80)!r}")


def _kind(value: object) -> str:
    return one_line(type(value).__name__, 60)
