"""History: one file a run, found again by window and tags, locally and on S3; strange files do no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.checks.history import History, key_of, renamed

if TYPE_CHECKING:
    from tests.conftest import Bucket

DAY = 86_400_000
TAGS = {"endpoint": "churn"}


def entry(value: object, **analyzer: object) -> dict[str, Any]:
    return {
        "analyzer": {"analyzerName": "Mean", "column": "age", **analyzer},
        "metric": {"metricName": "DoubleMetric", "entity": "Column", "instance": "age", "name": "Mean", "value": value},
    }


@pytest.fixture(params=["local", "s3"])
def prefix(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "local":
        return str(tmp_path / "history")
    bucket: Bucket = request.getfixturevalue("s3")
    return bucket.uri("team/history")


def test_runs_are_found_again_in_their_order(prefix: str) -> None:
    for day in (3, 1, 2):
        History(prefix, day * DAY, TAGS).save([entry(float(day))])

    runs = History(prefix, 3 * DAY, TAGS).earlier()

    assert [(run.date, run.value(key_of(entry(0)["analyzer"]))) for run in runs] == [(DAY, 1.0), (2 * DAY, 2.0)]


def test_a_repeated_run_replaces_its_own_file(prefix: str) -> None:
    for value in (1.0, 2.0):
        History(prefix, DAY, TAGS).save([entry(value)])

    assert [run.value(key_of(entry(0)["analyzer"])) for run in History(prefix, 2 * DAY, TAGS).earlier()] == [2.0]


def test_runs_of_other_endpoints_are_left_alone(tmp_path: Path) -> None:
    History(str(tmp_path), DAY, {"endpoint": "other"}).save([entry(1.0)])
    History(str(tmp_path), DAY, {}).save([entry(2.0)])

    assert [run.tags for run in History(str(tmp_path), 2 * DAY, TAGS).earlier()] == [{}]


def test_a_repository_that_deequ_wrote_is_read(tmp_path: Path) -> None:
    runs = [
        {
            "resultKey": {"dataSetDate": day, "tags": {}},
            "analyzerContext": {"metricMap": [entry(float(day), where=None)]},
        }
        for day in (2, 1)
    ]
    (tmp_path / "metrics.json").write_text(json.dumps(runs).replace("2.0", "NaN"))

    found = History(str(tmp_path), DAY, TAGS).earlier()

    assert [(run.date, run.value(key_of(entry(0)["analyzer"]))) for run in found] == [(1, 1.0), (2, None)]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"resultKey": 1}]', "[" * 100_000, '{"a": 1}', "\x00"])
def test_strange_files_are_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    History(str(tmp_path), DAY, TAGS).save([entry(1.0)])

    assert len(History(str(tmp_path), 2 * DAY, TAGS).earlier()) == 1


def test_a_number_that_json_lacks_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        History(str(tmp_path), DAY, TAGS).save([entry(float("nan"))])


def test_without_any_run_there_is_no_history(tmp_path: Path) -> None:
    assert History(str(tmp_path / "none"), DAY, TAGS).earlier() == []


def test_columns_get_their_own_names_back() -> None:
    found = renamed(
        {"a": ["column_1_as_string IS NULL", 5], "b": {"column": "column_1_as_string"}}, {"column_1_as_string": "x"}
    )

    assert found == {"a": ["x IS NULL", 5], "b": {"column": "x"}}
