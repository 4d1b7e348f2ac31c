"""Extraction: values of a JSON payload that flattening makes no column of, by JMESPath.

A list is one value a row, anything else the value of a single row; lists and objects inside become columns as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from analyzer.sources.attributes import EACH, Extract, Steps, steps_of
from analyzer.sources.payload import Flattening, Undecodable, flat_row, parse_json
from analyzer.sources.record import Side
from analyzer.sources.rows import Row
from analyzer.sources.sides import SideRows

COUNTS_DIFFER = "attributes select different numbers of values"


def problem_of(attribute: str) -> str:
    """What is wrong with an attribute as an expression; "" when nothing is."""
    if steps_of(attribute) is not None:
        return ""
    try:
        _compiled(attribute)
    except (JMESPathError, RecursionError) as error:
        return " ".join(str(error).split())[:200]
    return ""


def extracted(rows: SideRows, side: Side | None, wanted: Iterable[Extract], flattening: Flattening) -> SideRows:
    """The rows of a payload with the wanted values, or rows of these alone where there are not as many.

    Undecodable when the attributes disagree on how many rows there are.
    """
    if side is None or side.data is None or side.encoding not in ("JSON", None):
        return rows
    try:
        payload = parse_json(side.data)
    except Undecodable:
        return rows
    found = [values for each in wanted if (values := _values(each.attribute, payload, flattening))]
    counts = {len(values) for values in found}
    if len(counts) > 1:
        raise Undecodable(f"{COUNTS_DIFFER}: {' and '.join(map(str, sorted(counts)))}")
    if not counts:
        return rows
    count = counts.pop()
    beside: list[Row] = rows.rows if len(rows.rows) == count else [{} for _ in range(count)]
    joined = [dict(row) for row in beside]
    for values in found:
        for row, value in zip(joined, values, strict=True):
            row.update(value)
    return replace(rows, rows=joined, one_row=None)


def _values(attribute: str, payload: object, flattening: Flattening) -> list[Row]:
    """One row of columns per value; none when the payload has no such thing."""
    found = _search(attribute, payload)
    if _is_nothing(found) and isinstance(payload, list):  # lines of JSON: each for itself
        found = [_search(attribute, line) for line in payload]
    if _is_nothing(found):
        return []
    return [flat_row({attribute: value}, flattening) for value in (found if isinstance(found, list) else [found])]


def _is_nothing(found: Any) -> bool:
    return found is None or (isinstance(found, list) and all(value is None for value in found))


def _search(attribute: str, payload: object) -> Any:
    """What the attribute selects; a path keeps a place for what is missing, other expressions drop it (JMESPath)."""
    steps = steps_of(attribute)
    if steps:
        return _walked(payload, steps)
    try:
        return _compiled(attribute).search(payload)
    except (JMESPathError, RecursionError):  # a function met a value of another type
        return None


def _walked(value: Any, steps: Steps) -> Any:
    """The value at the end of a path; a list where it goes to every element, those of inner lists one after another."""
    for at, step in enumerate(steps):
        if step == EACH:
            inner = list(value.values()) if isinstance(value, dict) else value
            if not isinstance(inner, list):
                return None
            rest = steps[at + 1 :]
            found = [_walked(element, rest) for element in inner]
            return [each for part in found for each in part or [None]] if EACH in rest else found
        if isinstance(value, dict):
            value = value.get(step)
        else:
            value = value[int(step)] if isinstance(value, list) and step.isdigit() and int(step) < len(value) else None
    return value


@lru_cache(maxsize=64)
def _compiled(attribute: str) -> Any:
    return jmespath.compile(attribute.removeprefix("$").removeprefix("."))
