"""Model quality on both engines, however the input is cut: the same documents, time stamps aside."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.engines.choice import spark_is_missing
from tests.engines.reports import split_at
from tests.quality import CAPTURED, MERGED, learnt, merged, truth, written

ROWS = 1500
needs_spark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
ENGINES = [pytest.param("local"), pytest.param("spark", marks=needs_spark)]
PROBLEMS: dict[str, dict[str, Any]] = {
    "BinaryClassification": {"probability_attribute": "0"},
    "MulticlassClassification": {"inference_attribute": "1"},
    "Regression": {"inference_attribute": "0"},
}


def outputs() -> list[tuple[str, str]]:
    """Output and label of every record; some of them useless."""
    random = np.random.default_rng(12)
    labels = random.integers(0, 3, ROWS)
    scores = random.random(ROWS)
    found = [(f"{score!r},{int(score * 3)}", str(label)) for score, label in zip(scores.tolist(), labels, strict=True)]
    found[3], found[700], found[1400] = ("high,x", "1"), ("0.5,1", ""), ("2.5,2", "unknown")
    return found


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records merged already, and apart."""
    folder, rows = tmp_path_factory.mktemp("traffic"), outputs()
    written(folder, [merged(output, label, f"e{at}") for at, (output, label) in enumerate(rows)], "merged")
    written(folder, [merged(output, None, f"e{at}") for at, (output, _) in enumerate(rows)], "captured")
    written(folder, [truth(f"e{at}", label) for at, (_, label) in reversed(list(enumerate(rows)))][::2], "truth")
    return folder


def documents(folder: Path) -> str:
    """What a run wrote, without the time at which it did."""
    text = "".join((folder / name).read_text("utf-8") for name in ("statistics.json", "constraints.json"))
    return re.sub(r'"evaluation_time" : "[^"]*"', "", text)


def run(folder: Path, traffic: Path, problem: str, way: str, **settings: Any) -> None:
    source = traffic / ("merged" if way == "merged" else "captured")
    settings |= {"dataset_format": MERGED} if way == "merged" else {"dataset_format": CAPTURED}
    if way == "joined":
        settings["ground_truth_source"] = traffic / "truth"
    learnt(folder, source, problem, **PROBLEMS[problem], **settings)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """An engine, ready to run."""
    if request.param == "spark":
        request.getfixturevalue("session")
    return str(request.param)


@pytest.mark.parametrize("way", ["merged", "joined"])
@pytest.mark.parametrize("problem_and_cut", list(zip(PROBLEMS, (30_000, 120_000, 60_000), strict=True)))
def test_the_documents_are_those_of_one_process(
    traffic: Path, tmp_path: Path, engine: str, way: str, problem_and_cut: tuple[str, int]
) -> None:
    problem, split_bytes = problem_and_cut
    with pytest.MonkeyPatch.context() as patch:
        split_at(patch, split_bytes)
        run(tmp_path / "one", traffic, problem, way)
        run(tmp_path / "many", traffic, problem, way, analyzer_engine=engine, analyzer_processes=2)

    assert documents(tmp_path / "many/out") == documents(tmp_path / "one/out")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_metrics_do_not_depend_on_how_the_input_is_cut(traffic: Path, tmp_path: Path, problem: str) -> None:
    """Counts to the last row; sums of fractions to the last digits, which depend on the order of adding."""
    found = []
    for split_bytes in (1 << 20, 50_000, 10_000):
        with pytest.MonkeyPatch.context() as patch:
            split_at(patch, split_bytes)
            run(tmp_path / str(split_bytes), traffic, problem, "merged")
        found.append(json.loads((tmp_path / str(split_bytes) / "out/statistics.json").read_text("utf-8")))

    for other in found[1:]:
        assert _numbers(other) == pytest.approx(_numbers(found[0]), rel=1e-12, abs=1e-14)


def _numbers(value: Any) -> list[float]:
    """All numbers of a document, in order."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, int | float) else []


def test_both_ways_to_the_labels_give_the_same_metrics(traffic: Path, tmp_path: Path) -> None:
    """Joined captures have a label every other time only, so the labels are merged in twice here."""
    rows = outputs()
    source = written(tmp_path, [merged(o, y, f"e{at}") for at, (o, y) in enumerate(rows) if at % 2], "half")
    one = learnt(tmp_path / "a", source, dataset_format=MERGED, probability_attribute="0")
    settings: dict[str, Any] = {"dataset_format": CAPTURED, "ground_truth_source": traffic / "truth"}
    other = learnt(tmp_path / "b", traffic / "captured", probability_attribute="0", **settings)

    both = [json.loads((each.job.output / "statistics.json").read_text()) for each in (one, other)]
    blocks = [each["binary_classification_metrics"] for each in both]
    for block in blocks:
        del block["analyzer"]
    assert blocks[0] == blocks[1]
    assert both[0]["dataset"]["item_count"] == both[1]["dataset"]["item_count"] == ROWS // 2
