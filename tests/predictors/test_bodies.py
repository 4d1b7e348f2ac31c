"""Bodies of requests and of answers, in every form that model servers speak."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import ConfigError, ContractError
from analyzer.predictors.answer import Answer
from analyzer.predictors.request import Request
from analyzer.predictors.rows import Features

ROWS: list[list[str | None]] = [["39", "Private", None], ["1.5", 'a,"b"', "1e20"]]
FEATURES = Features.of(("age", "work", "gain"), ROWS)
NUMBERS = FEATURES.encoded(ROWS)


def body(request: Request) -> str:
    return request.body(FEATURES, NUMBERS).decode()


def test_csv_keeps_texts_and_leaves_missing_cells_empty() -> None:
    assert body(Request()) == '39,Private,\n1.5,"a,""b""",1e+20'


def test_json_lines_by_template() -> None:
    lines = body(Request("application/jsonlines", '{"in": $features}')).splitlines()

    assert [json.loads(line) for line in lines] == [
        {"in": [39, "Private", None]},
        {"in": [1.5, 'a,"b"', 1e20]},
    ]


def test_json_by_two_templates() -> None:
    request = Request("application/json", '{"instances": $records, "v": 1}', '{"id": "x", "row": $features_kvp}')

    found = json.loads(body(request))

    assert found["v"] == 1
    assert found["instances"][0] == {"id": "x", "row": {"age": 39, "work": "Private", "gain": None}}


def test_templates_have_defaults() -> None:
    assert json.loads(body(Request("application/json")))["instances"][0] == [39, "Private", None]
    assert json.loads(body(Request("application/jsonlines")).splitlines()[0]) == {"features": [39, "Private", None]}


@given(cells=st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_no_text_breaks_out_of_its_cell(cells: list[str]) -> None:
    features = Features(("a", "b"), (tuple(sorted(set(cells))), None))
    rows = features.encoded([[cell, "1"] for cell in cells])

    found = json.loads(Request("application/json").body(features, rows))

    assert found == {"instances": [[cell, 1] for cell in cells]}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (lambda: Request("image/png"), "is not spoken"),
        (lambda: Request("application/jsonlines", '{"x": 1}'), "has no place for the data"),
        (lambda: Request("application/jsonlines", '{"x": $features'), "is no JSON once it is filled"),
        (lambda: Request("application/json", None, '{"x": 1}'), "record_template .* has no place"),
        (lambda: Answer("text/html"), "is not spoken"),
        (lambda: Answer("application/json", "a[["), "is no JMESPath expression"),
    ],
)
def test_what_cannot_work_is_refused_before_any_call(request_: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        request_()


ANSWERS: list[tuple[Answer, str, str, list[list[float]]]] = [
    (Answer(), "text/csv", "0.1\n0.9\n", [[0.1], [0.9]]),
    (Answer(), "text/csv; charset=utf-8", "0.1,0.9", [[0.1], [0.9]]),
    (Answer(), "text/csv", "0.1,0.9\n0.3,0.7", [[0.1, 0.9], [0.3, 0.7]]),
    (Answer(place=1), "text/csv", "0.1,0.9\n0.3,0.7", [[0.9], [0.7]]),
    (Answer(place="0"), "text/csv", "1,0.9\n0,0.7", [[1.0], [0.0]]),
    (Answer(), "text/csv", '"[0.1, 0.9]"\n"[0.3, 0.7]"', [[0.1, 0.9], [0.3, 0.7]]),
    (Answer(), "text/csv", "0.1\nnan", [[0.1], [np.nan]]),
    (Answer(), "text/html; charset=utf-8", "0.1\n0.9", [[0.1], [0.9]]),
    (Answer(), "application/json", "[0.1, 0.9]", [[0.1], [0.9]]),
    (Answer(), "application/json", "[[0.1], [0.9]]", [[0.1], [0.9]]),
    (Answer(), "application/json", '{"predictions": [{"score": 0.1}, {"score": 0.9}]}', [[0.1], [0.9]]),
    (Answer(), "application/json", '{"predictions": [[0.1, 0.9], [0.3, 0.7]]}', [[0.1, 0.9], [0.3, 0.7]]),
    (Answer(), "application/json", '{"predictions": [0.1, NaN]}', [[0.1], [np.nan]]),
    (Answer(place="p[*].s"), "application/json", '{"p": [{"s": 0.1, "l": 1}, {"s": 0.9}]}', [[0.1], [0.9]]),
    (Answer("application/jsonlines"), "", '{"score": 0.1}\n{"score": 0.9}', [[0.1], [0.9]]),
    (Answer("application/jsonlines", "a.b"), "", '{"a": {"b": 0.1}}\n{"a": {"b": 0.9}}\n', [[0.1], [0.9]]),
]


@pytest.mark.parametrize(("answer", "kind", "text", "expected"), ANSWERS, ids=lambda value: str(value)[:40])
def test_answers_of_model_servers(answer: Answer, kind: str, text: str, expected: list[list[float]]) -> None:
    found = answer.numbers(text.encode(), kind or None, 2)

    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "kind", "expected"), [("0.5", "text/csv", [[0.5]]), ("[0.1, 0.9]", "application/json", [[0.1, 0.9]])]
)
def test_one_row_may_be_answered_by_a_bare_number_or_list(text: str, kind: str, expected: list[list[float]]) -> None:
    assert Answer().numbers(text.encode(), kind, 1).tolist() == expected


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        (Answer(), "0.1\n0.2\n0.3", r"shape \(3, 1\) to 2 rows"),
        (Answer(), "", r"shape .* to 2 rows"),
        (Answer(), "yes\nno", "answered 'yes', which is no number"),
        (Answer(), "0.1\n0.2,0.3", "rows of different lengths"),
        (Answer(place=3), "0.1\n0.2", "lines of 1 cells"),
        (Answer("application/json"), "not json", "is not json"),
        (Answer("application/json"), "[" * 5000, "is not json"),
        (Answer("application/json"), '{"a": 1, "b": 2}', "the model answers with 'a', 'b'"),
        (Answer("application/json", "c"), '{"a": 1, "b": 2}', "'c' finds nothing"),
        (Answer("application/json"), "[[[1]], [[2]]]", "lists within lists"),
        (Answer("application/jsonlines"), '{"score": "high"}\n{"score": 1}', "'high', which is no number"),
        (Answer("application/json"), "\xff", "is not json"),
    ],
)
def test_answers_of_another_shape_are_named(answer: Answer, text: str, expected: str) -> None:
    with pytest.raises(ContractError, match=expected):
        answer.numbers(text.encode("latin-1"), None, 2)


def test_columns_are_of_numbers_when_most_cells_and_the_whole_baseline_are() -> None:
    rows: list[list[str | None]] = [["1", "1", "1"], ["2", "x", "2"], ["oops", "y", None], ["nan", "z", "3"]]

    features = Features.of(("a", "b", "c"), rows, [["5", "5", "low"]])

    assert [words is None for words in features.vocabularies] == [True, False, False]
    assert features.sound(rows) == [True, True, False, True]
    assert np.array_equal(features.encoded(rows)[:, 0], [1, 2, np.nan, np.nan], equal_nan=True)


def test_a_model_of_numbers_refuses_text_by_the_column_s_name() -> None:
    with pytest.raises(ContractError, match=r"Could not convert string to float\. .*'work' holds text"):
        FEATURES.numbers(NUMBERS)
