"""Which columns of the data are features: headers, labels and paths as users of Clarify write them."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.analysis_config import parse_analysis_config
from analyzer.errors import ContractError
from analyzer.monitors.explainability.columns import columns_of

JSON_LINES = ["features.0", "features.1", "features.2", "label"]
CAPTURED = ["endpointInput.0", "endpointInput.1", "endpointInput.2"]
HEADERS = ["age", "sex", "pay"]

CASES: list[tuple[str, list[str], dict[str, Any], dict[str, str]]] = [
    ("csv with header, label by name", ["age", "sex", "y"], {"label": "y"}, {"age": "age", "sex": "sex"}),
    ("csv with header, label by position", ["y", "age", "sex"], {"label": 0}, {"age": "age", "sex": "sex"}),
    (
        "csv without header, headers with label",
        ["_c0", "_c1", "_c2"],
        {"headers": ["y", "age", "sex"], "label": "y"},
        {"age": "_c1", "sex": "_c2"},
    ),
    (
        "headers in another order than the data",
        ["sex", "age", "y"],
        {"headers": ["age", "sex", "y"], "label": "y"},
        {"age": "age", "sex": "sex"},
    ),
    (
        "json lines, label named by its path, headers with label last",
        JSON_LINES,
        {"features": "features", "label": "label", "headers": [*HEADERS, "target"]},
        {"age": "features.0", "sex": "features.1", "pay": "features.2"},
    ),
    (
        "json with instances",
        JSON_LINES,
        {"features": "instances[*].features", "label": "instances[*].label", "headers": HEADERS},
        {"age": "features.0", "sex": "features.1", "pay": "features.2"},
    ),
    ("captured csv, headers", CAPTURED, {"headers": HEADERS}, dict(zip(HEADERS, CAPTURED, strict=True))),
    (
        "captured json by name",
        ["endpointInput.sex", "endpointInput.age"],
        {"headers": ["age", "sex"]},
        {"age": "endpointInput.age", "sex": "endpointInput.sex"},
    ),
    (
        "excluded columns",
        ["id", "age", "sex", "y"],
        {"label": "y", "excluded_columns": ["id"]},
        {"age": "age", "sex": "sex"},
    ),
    (
        "excluded by position, with headers",
        CAPTURED,
        {"headers": HEADERS, "excluded_columns": [1]},
        {"age": "endpointInput.0", "pay": "endpointInput.2"},
    ),
    (
        "nested object",
        ["features.age", "features.sex", "y"],
        {"features": "features"},
        {"age": "features.age", "sex": "features.sex"},
    ),
]


@pytest.mark.parametrize(
    ("available", "config", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_features_are_found(available: list[str], config: dict[str, Any], expected: dict[str, str]) -> None:
    parsed = parse_analysis_config(config)

    found = columns_of(available, parsed, parsed.features)

    assert dict(zip(found.names, found.sources, strict=True)) == expected
    assert found.names == tuple(expected)


def test_a_key_that_the_first_records_lack_is_still_a_feature() -> None:
    found = columns_of(["endpointInput.x.age", "endpointInput.x.pay"], parse_analysis_config({"headers": HEADERS}), "x")

    assert found.sources == ("endpointInput.x.age", "endpointInput.x.sex", "endpointInput.x.pay")


def test_unnamed_columns_get_the_baseline_s_names() -> None:
    found = columns_of(CAPTURED, parse_analysis_config({}), None, HEADERS)

    assert found.names == tuple(HEADERS)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"headers": ["a", "b"]}, r"Headers in config do not match .* 2 headers, and 3 columns"),
        ({"features": "inputs"}, r"Feature names not found\. features 'inputs' is no key"),
        ({"excluded_columns": [0, 1, 2]}, r"Data must contain features\."),
    ],
)
def test_errors_begin_as_they_are_known(config: dict[str, Any], expected: str) -> None:
    parsed = parse_analysis_config(config)

    with pytest.raises(ContractError, match=expected):
        columns_of(CAPTURED, parsed, parsed.features)
