"""Every field of a capture record with every kind of value that does not belong there."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.ledger import captured, line, reconciled
from tests.jobs import capture

pytestmark = pytest.mark.timeout(60)
WINDOW = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T01:00:00Z"}
VALUES: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a list": [1, [2], {"a": 3}],
    "an empty list": [],
    "an object": {"a": {"b": 1}},
    "a boolean": True,
    "a huge text": "x" * 1_000_000,
    "an empty text": "",
}
RECORD = capture("1,a", "0.5", event="bad", inferenceId="i", customAttributes=["key=value"])
TRIED = 144


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, (*path, name))


def _changed(path: tuple[str, ...], value: Any) -> Any:
    """The record with another value at the path."""
    if not path:
        return value
    record = copy.deepcopy(RECORD)
    *outer, last = path
    place = record
    for name in outer:
        place = place[name]
    place[last] = value
    return record


CASES = list(itertools.product(_paths(RECORD), VALUES))


@pytest.mark.parametrize(("path", "kind"), CASES, ids=lambda part: part if isinstance(part, str) else ".".join(part))
def test_a_wrong_type_in_one_field_costs_at_most_its_record(tmp_path: Path, path: tuple[str, ...], kind: str) -> None:
    bad = json.dumps(_changed(path, VALUES[kind])).encode()

    told = reconciled(captured(tmp_path, line(), bad, line(), **WINDOW))

    assert told.records == 3
    assert told.rows + sum(told.rejected.values()) == 3
    assert told.places in ([], [2])
    assert told.untimed == 0 or "captureData" not in path


@pytest.mark.parametrize("kind", VALUES)
def test_metadata_of_the_wrong_type_never_costs_the_record(tmp_path: Path, kind: str) -> None:
    """Who sent it and when matters less than what was sent; without a time the record is kept and counted."""
    paths = [path for path in _paths(RECORD) if path[:1] in (("eventMetadata",), ("eventVersion",))]
    bad = [json.dumps(_changed(path, VALUES[kind])).encode() for path in paths]

    told = reconciled(captured(tmp_path, *bad, **WINDOW))

    assert (told.rows, told.rejected) == (len(paths), {})
    assert told.untimed == 2


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(CASES) == TRIED
