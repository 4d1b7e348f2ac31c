"""Bias on both engines, however the input is cut: the same documents."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analyzer.engines.choice import spark_is_missing
from tests.engines.reports import split_at
from tests.jobs import write_captures
from tests.monitors.bias.jobs import MERGED, analyse, merged

ROWS = 500
CONFIG = {
    "headers": ["age", "income", "sex", "town", "y"],
    "label": "y",
    "label_values_or_threshold": [1],
    "facet": [
        {"name_or_index": "sex", "value_or_threshold": [0]},
        {"name_or_index": "age", "value_or_threshold": [40]},
        {"name_or_index": "town"},
    ],
    "group_variable": "age",
    "excluded_columns": ["town"],
}
SETTINGS = {
    "probability_attribute": "0",
    "options": {"bias_flip_test_rows": 200, "bias_groups": 40, "bias_facet_values": 12},
}
needs_spark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
ENGINES = [pytest.param("local"), pytest.param("spark", marks=needs_spark)]
WAYS = ("merged", "joined")


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records with their ground truth, and both apart; some cells are useless."""
    folder, random = tmp_path_factory.mktemp("traffic"), np.random.default_rng(5)
    rows = [
        [int(age), round(float(income), 2), int(sex), f"town{town}", int(label), round(float(score), 4)]
        for age, income, sex, town, label, score in zip(
            random.integers(18, 90, ROWS),
            random.lognormal(10, 1, ROWS),
            random.integers(0, 2, ROWS),
            random.integers(0, 130, ROWS),
            random.integers(0, 2, ROWS),
            random.random(ROWS),
            strict=True,
        )
    ]
    rows[7][0], rows[260][2], rows[450][1] = "?", "", "NaN"
    records = merged(rows)
    write_captures(folder / "merged/a.jsonl", records)
    truths = [
        {"groundTruthData": record["groundTruthData"], "eventMetadata": {"eventId": f"e{at}"}}
        for at, record in reversed([*enumerate(records)])
    ]
    write_captures(folder / "truth/2026/01/01/00/a.jsonl", truths[::2])
    for record in records:
        del record["groundTruthData"]
    write_captures(folder / "captured/ep/v/2026/01/01/00/a.jsonl", records)
    return folder


def document(folder: Path, traffic: Path, way: str, **settings: object) -> bytes:
    """What one run wrote."""
    source = {"dataset_format": MERGED} if way == "merged" else {"ground_truth_source": traffic / "truth"}
    place = traffic / ("merged" if way == "merged" else "captured")
    analyse(folder, place, CONFIG, **SETTINGS, **source, **settings)
    return (folder / "out/analysis.json").read_bytes()


@pytest.fixture(scope="module")
def expected(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The documents of one process over the whole input."""
    found = {way: document(tmp_path_factory.mktemp(way), traffic, way) for way in WAYS}
    for way, text in found.items():
        entries = json.loads(text)["post_training_bias_metrics"]["facets"]
        assert [len(entries[facet]) for facet in ("sex", "age", "town")] == [1, 1, 12], way
        assert entries["sex"][0]["analyzer"]["flip_test"]["rows"] > 0
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("split_bytes", [1 << 20, 30_000])
@pytest.mark.parametrize("way", WAYS)
def test_the_documents_do_not_depend_on_engine_or_parts(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, split_bytes: int, way: str
) -> None:
    if engine == "spark":
        request.getfixturevalue("session")
    expected, traffic = request.getfixturevalue("expected"), request.getfixturevalue("traffic")
    with pytest.MonkeyPatch.context() as patch:
        split_at(patch, split_bytes)
        found = document(tmp_path, traffic, way, analyzer_engine=engine, analyzer_processes=2)

    assert found == expected[way]
