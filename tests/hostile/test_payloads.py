"""Payloads: encodings in any mixture, rows that do not match, JSON in every shape."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.ledger import account, captured, line
from tests.jobs import Finished, capture

pytestmark = pytest.mark.timeout(60)
ENCODINGS = ("CSV", "JSON", "BASE64 of CSV", "BASE64 of JSON")
PAIRS = [(given, answer) for given in ENCODINGS for answer in ENCODINGS]
ROWS: list[list[list[Any]]] = [[[1.5, "a"], [2.5, "b"]], [[3.5, "c"]], [[4.5, "d"], [5.5, "e"], [6.5, "f"]]]
DEEP = 100_000
ROWS_DIFFER, CELLS_DIFFER = "input and output hold different numbers of rows", "row has another number of cells"
LONG_NAMES = "column names of a payload are too long"
MULTIPLIED = '{"x":1,"' + ("K" * 7000 + '":{"x":1,"') * 900 + 'a":1' + "}" * 901
TRIED = 118


def _payload(rows: list[list[Any]], encoding: str) -> tuple[str, str, str]:
    """Data, encoding and content type."""
    if encoding.endswith("CSV"):
        text, kind = "\n".join(",".join(map(str, row)) for row in rows), "text/csv"
    else:
        text, kind = json.dumps(rows), "application/json"
    if encoding.startswith("BASE64"):
        return base64.b64encode(text.encode()).decode(), "BASE64", kind
    return text, encoding, kind


def _record(rows: list[list[Any]], encodings: tuple[str, str]) -> bytes:
    scores = [[row[0] / 10] for row in rows]
    given, answer = _payload(rows, encodings[0]), _payload(scores, encodings[1])
    record = capture(given[0], answer[0], encodings=(given[1], answer[1]))
    for name, side in (("endpointInput", given), ("endpointOutput", answer)):
        record["captureData"][name]["observedContentType"] = side[2]
    return json.dumps(record).encode()


def _features(finished: Finished) -> Any:
    """Features without the order of categories, and without last digits, which depend on the order of summing."""
    text = json.dumps(finished.document("statistics.json")["features"])
    features = json.loads(text, parse_float=lambda number: round(float(number), 9))
    for feature in features:
        buckets = feature.get("string_statistics", {}).get("distribution", {}).get("categorical", {}).get("buckets", [])
        buckets.sort(key=lambda bucket: bucket["value"])
    return features


@pytest.mark.parametrize("encodings", PAIRS, ids=" and ".join)
def test_every_pair_of_encodings_gives_the_same_statistics(tmp_path: Path, encodings: tuple[str, str]) -> None:
    plain = captured(tmp_path / "plain", *(_record(rows, ("CSV", "CSV")) for rows in ROWS))
    other = captured(tmp_path / "other", *(_record(rows, encodings) for rows in ROWS))

    assert account(other).rows == 6
    assert _features(other) == _features(plain)


def test_all_encodings_in_one_file_give_the_same_statistics(tmp_path: Path) -> None:
    plain = captured(tmp_path / "plain", *[_record(rows, ("CSV", "CSV")) for _ in PAIRS for rows in ROWS])
    mixed = captured(tmp_path / "mixed", *[_record(rows, pair) for pair in PAIRS for rows in ROWS])

    assert account(mixed).rows == 6 * len(PAIRS)
    assert _features(mixed) == _features(plain)


FATES: dict[str, tuple[str, str, tuple[str, str], int | str]] = {
    "no rows at all": ("", "", ("CSV", "CSV"), "record holds no rows"),
    "line ends only": ("\n\r\n", "\n", ("CSV", "CSV"), "record holds no rows"),
    "empty lists": ("[]", "[]", ("JSON", "JSON"), "record holds no rows"),
    "empty envelopes": ('{"instances":[]}', '{"predictions":[]}', ("JSON", "JSON"), "record holds no rows"),
    "empty BASE64": ("", "", ("BASE64", "BASE64"), "record holds no rows"),
    "empty JSON": ("", "", ("JSON", "JSON"), "payload is not JSON"),
    "no input": ("", "0.5", ("CSV", "CSV"), 1),
    "no output": ("1,a", "", ("CSV", "CSV"), 1),
    "three rows, two answers": ("1,a\n2,b\n3,c", "1\n2", ("CSV", "CSV"), ROWS_DIFFER),
    "two rows, three answers": ("1,a\n2,b", "1\n2\n3", ("CSV", "CSV"), ROWS_DIFFER),
    "two rows, answers in one line": ("1,a\n2,b", "1,2", ("CSV", "CSV"), 2),
    "two rows, answers in one list": ("1,a\n2,b", "[1,2]", ("CSV", "JSON"), 2),
    "a cell too many": ("1,a,x", "1", ("CSV", "CSV"), CELLS_DIFFER),
    "a cell too few": ("1", "1", ("CSV", "CSV"), CELLS_DIFFER),
    "one row of three ragged": ("1,a\n2\n3,c", "1\n2\n3", ("CSV", "CSV"), CELLS_DIFFER),
    "two rows of three ragged": ("1,a\n2\n3", "1\n2\n3", ("CSV", "CSV"), CELLS_DIFFER),
    "ragged JSON": ("[[1,2],[3]]", "[[1],[2]]", ("JSON", "JSON"), CELLS_DIFFER),
    "a header line": ("x,y\n1,a", "score\n0.5", ("CSV", "CSV"), 2),
    "a header line on one side": ("x,y\n1,a", "0.5", ("CSV", "CSV"), ROWS_DIFFER),
    "a quoted line feed": ('1,"a\nb"', "0.5", ("CSV", "CSV"), 1),
    "quoted line feeds that match the answers": ('1,"a\nb"', "1\n2", ("CSV", "CSV"), ROWS_DIFFER),
    "Windows line ends": ("1,a\r\n2,b\r\n", "1\r\n2", ("CSV", "CSV"), 2),
    "old line ends": ("1,a\r2,b", "1\r2", ("CSV", "CSV"), 2),
    "line separators are no line ends": ("1,a\u2028b\x85c\x0bd", "0.5", ("CSV", "CSV"), 1),
    "line separators in JSON lines": ('[1,"a\u2028b"]\n[2,"c"]', "[1]\n[2]", ("JSON", "JSON"), 2),
    "a quote never closed": ('1,"a', "0.5", ("CSV", "CSV"), "CSV quoting is broken"),
    "a null character": ("1\0,a", "0.5", ("CSV", "CSV"), 1),
    "broken BASE64": ("!!!", "0.5", ("BASE64", "CSV"), "BASE64 is broken"),
    "BASE64 in another script": ("MSxh\u00e9", "0.5", ("BASE64", "CSV"), "BASE64 is broken"),
    "binary BASE64": ("/v8AAQ==", "0.5", ("BASE64", "CSV"), "payload is binary, only tabular data is analysed"),
    "an unknown encoding": ("1,a", "0.5", ("ROT13", "CSV"), "encoding is none of CSV, JSON, BASE64"),
    "not JSON": ("{1,a}", "0.5", ("JSON", "CSV"), "payload is not JSON"),
    "deep lists": ("[" * DEEP + "]" * DEEP, "0.5", ("JSON", "CSV"), "JSON is nested too deeply"),
    "deep objects": ('{"a":' * DEEP + "1" + "}" * DEEP, "0.5", ("JSON", "CSV"), "JSON is nested too deeply"),
    "too wide": (json.dumps([[1] * 5000]), "0.5", ("JSON", "CSV"), "payload has too many columns"),
    "names that multiply": (MULTIPLIED, "0.5", ("JSON", "CSV"), LONG_NAMES),
    "a cell of 10 MB": ("1," + "x" * 10_000_000, "0.5", ("CSV", "JSON"), 1),
    "a number of 5,000 digits": ("[" + "9" * 5000 + ',"a"]', "0.5", ("JSON", "CSV"), 1),
    "a key given twice": ('{"_c1":1,"_c1":2}', "0.5", ("JSON", "CSV"), 1),
}  # fmt: skip


NEIGHBOURS = {"CSV": line(), "JSON": line('[[1,"a"]]', "[[0.5]]", encodings=("JSON", "JSON"))}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("name", FATES)
def test_the_fate_of_a_record_is_its_own_whatever_its_neighbours_are(tmp_path: Path, name: str, neighbour: str) -> None:
    """Neighbours decide whether records are parsed in columns or row by row; that must not show."""
    data_in, data_out, encodings, fate = FATES[name]
    sound, bad = NEIGHBOURS[neighbour], line(data_in, data_out, event="bad", encodings=encodings)

    told = account(captured(tmp_path, sound, bad, sound))

    expected = (fate, {}) if isinstance(fate, int) else (0, {fate: 1})
    assert (told.rows - 2, told.rejected) == expected
    assert told.places == [2] * len(told.rejected)


def _shapes(rows: int) -> dict[str, tuple[str, str]]:
    numbers = range(rows)
    objects = [{"a": at, "b": -at} for at in numbers]
    scores = [at / 10 for at in numbers]
    matrix = [[at, at] for at in numbers]
    shapes: dict[str, tuple[Any, Any]] = {
        "columns": ({name: [*numbers] for name in "abcdefgh"}, {"score": scores}),
        "instances": ({"instances": matrix}, {"predictions": scores}),
        "instances by name": ({"instances": objects}, {"predictions": [{"p": score} for score in scores]}),
        "features": ({"instances": [{"features": row} for row in matrix]}, {"predictions": [[s] for s in scores]}),
        "a list of objects": (objects, scores),
        "a matrix": (matrix, scores),
        "pandas split": ({"columns": ["a", "b"], "data": matrix}, {"predictions": scores}),
    }
    texts = {name: (json.dumps(given), json.dumps(answer)) for name, (given, answer) in shapes.items()}
    lines = "\n".join(map(json.dumps, objects)), "\n".join(json.dumps({"p": score}) for score in scores)
    return texts | {"JSON lines": lines}


SHAPES = list(itertools.product((1, 2, 1000), _shapes(1)))


@pytest.mark.parametrize(("rows", "shape"), SHAPES)
def test_a_request_of_many_rows_counts_them_all_in_every_shape(tmp_path: Path, rows: int, shape: str) -> None:
    data_in, data_out = _shapes(rows)[shape]

    told = account(captured(tmp_path, line(data_in, data_out, encodings=("JSON", "JSON"))))

    assert (told.records, told.rows, told.rejected) == (1, rows, {})


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(PAIRS) + len(FATES) * len(NEIGHBOURS) + len(SHAPES) == TRIED
