"""statistics.json: shape, tolerance in reading, and what is refused."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import BaselineError, SourceUnreadable
from analyzer.reports import statistics as shapes
from analyzer.reports.document import render, write
from analyzer.reports.statistics import Common, Dataset, Feature, NumericalStatistics, Statistics, read_statistics

NUMERIC = {
    "name": "Churn",
    "inferred_type": "Integral",
    "numerical_statistics": {
        "common": {"num_present": 4, "num_missing": 1},
        "mean": 0.5,
        "sum": 2.0,
        "std_dev": 0.5,
        "min": 0.0,
        "max": 1.0,
        "approximate_num_distinct_values": 2,
        "completeness": 0.8,
        "distribution": {
            "kll": {
                "buckets": [{"lower_bound": 0.0, "upper_bound": 0.5, "count": 2.0}],
                "sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[0.0, 0.0, 1.0], [1.0]]},
            }
        },
    },
}
TEXT = {
    "name": "message",
    "inferred_type": "String",
    "string_statistics": {
        "common": {"num_present": 418, "num_missing": 0},
        "distinct_count": 1.0,
        "completeness": 1.0,
        "distribution": {"categorical": {"buckets": [{"value": "some text", "count": 418}]}},
    },
}
FILE = {"version": 0.0, "dataset": {"item_count": 5}, "features": [NUMERIC, TEXT]}


def saved(folder: Path, content: Any) -> str:
    path = folder / "statistics.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def test_a_file_reads_and_writes_back_to_the_same_keys_in_the_same_order(tmp_path: Path) -> None:
    found = read_statistics(saved(tmp_path, FILE))
    assert render(found) == render(FILE)


@pytest.mark.golden
def test_the_recorded_statistics_read_and_write_back(golden: Path) -> None:
    recorded = json.loads((golden / "dq_churn_baseline" / "expected.json").read_text())
    found = json.loads(render(read_statistics(golden / "dq_churn_baseline" / "expected.json")))
    assert found == {key: recorded[key] for key in ("version", "dataset", "features")}


def test_the_shortcuts_reach_what_checks_compare(tmp_path: Path) -> None:
    number, text = read_statistics(saved(tmp_path, FILE)).features
    assert number.levels is not None
    assert [level.tolist() for level in number.levels] == [[0.0, 0.0, 1.0], [1.0]]
    assert (number.categories, text.levels, text.categories) == (None, None, {"some text": 418})
    assert text.common == Common(418, 0)


def test_a_column_without_numbers_says_null_and_has_no_distribution() -> None:
    block = NumericalStatistics(Common(3, 0), mean=float("nan"), min=float("inf"))
    undefined = dict.fromkeys(("mean", "sum", "std_dev", "min", "max"))
    assert json.loads(render(block)) == {"common": {"num_present": 3, "num_missing": 0}, **undefined}


@pytest.mark.parametrize(
    "block",
    [
        {"common": {"num_present": 4, "num_missing": 0}},
        {"common": {"num_present": 4.0, "num_missing": 0}, "mean": 1, "sum": None, "distribution": None},
        {"common": {"num_present": 4, "num_missing": 0}, "mean": "NaN", "distribution": {"kll": None}, "new": {}},
    ],
)
def test_absent_null_integer_and_strange_keys_are_tolerated(tmp_path: Path, block: dict[str, Any]) -> None:
    feature = {"name": "a", "numerical_statistics": block, "string_statistics": None, "new": [1]}
    found = read_statistics(saved(tmp_path, {"dataset": {"item_count": 4}, "features": [feature]}))
    numbers = found.features[0].numerical_statistics
    assert numbers is not None
    assert numbers.common == Common(4, 0)
    assert numbers.mean in (None, 1.0)
    assert found.features[0].inferred_type == "Unknown"


def test_without_a_data_set_block_the_longest_column_counts(tmp_path: Path) -> None:
    assert read_statistics(saved(tmp_path, {"features": [NUMERIC, TEXT]})).dataset == Dataset(418)


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    found = read_statistics(saved(tmp_path, b"\xef\xbb\xbf" + json.dumps(FILE).encode()))
    assert found.dataset.item_count == 5


def test_another_version_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = read_statistics(saved(tmp_path, {**FILE, "version": 2.0}))
    assert "version 2.0" in caplog.text
    assert found.version == 0.0


def test_our_own_blocks_come_back_and_are_absent_in_strict_mode(tmp_path: Path) -> None:
    extra = shapes.Extra(
        classes=shapes.Classes(integral=4),
        nan=1,
        quantiles={"0.5": 0.5},
        text_lengths=shapes.TextLengths(1, 3, 2.0),
        frequent=[shapes.CategoryBucket("a", 3)],
        distinct_is_exact=False,
        failure="could not be read",
    )
    found = Statistics(dataset=Dataset(4, {"rejected": 1}), features=[Feature("a", "Integral", analyzer=extra)])
    write(tmp_path / "s.json", {**json.loads(render(found)), "later": 1})
    again = read_statistics(tmp_path / "s.json")
    assert (again.features[0].analyzer, again.dataset) == (extra, found.dataset)
    assert b"analyzer" not in render(found.strict)
    assert found.features[0].analyzer is extra


MODEL_QUALITY = {"version": 0.0, "dataset": {"item_count": 1}, "regression_metrics": {}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{", "is not JSON"),
        (b'{"dataset": NaN}', "is not JSON"),
        (b"\xff\xfe{\x00}\x00", "is not JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "unknown document"),
        (MODEL_QUALITY, "holds model-quality statistics"),
        ({"version": 0.0, "features": [], "monitoring_config": {}}, "holds data-quality constraints"),
        ({"features": [{"name": "a", "num_constraints": {}}]}, "holds data-quality constraints"),
        ({"violations": []}, "holds constraint violations"),
        ({"explanations": {}}, "holds a Clarify analysis"),
        ({"dataset": {"item_count": 1}}, "missing required field `features`"),
        ({"dataset": {"item_count": -1}, "features": []}, r"\$\.dataset\.item_count"),
        ({**FILE, "features": [{"inferred_type": "String"}]}, r"\$\.features\[0\]"),
        ({**FILE, "features": [{"name": 3}]}, r"got `int`.*\$\.features\[0\]\.name"),
        (b'{"dataset": {"item_count": 1}, "features": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"dataset": {"item_count": 1}, "features": [{"name": "\xff"}]}', "utf-8"),
    ],
)
def test_a_wrong_file_is_named_with_what_it_holds(tmp_path: Path, content: Any, expected: str) -> None:
    with pytest.raises(BaselineError, match=rf"(?s)statistics\.json.*{expected}.*Hint: "):
        read_statistics(saved(tmp_path, content))


@pytest.mark.parametrize("data", [[["x"]], [[[1.0]]], [[1.0, "NaN"]], [[{}]], [3], [[]] * 65])
def test_a_damaged_sketch_is_refused_with_its_place(tmp_path: Path, data: Any) -> None:
    feature = json.loads(json.dumps(NUMERIC))
    feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"] = data
    with pytest.raises(
        BaselineError, match=r"\$\.features\[0\]\.numerical_statistics\.distribution\.kll\.sketch\.data"
    ):
        read_statistics(saved(tmp_path, {**FILE, "features": [feature]}))


def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"absent\.json.*Hint: baseline_statistics"):
        read_statistics(tmp_path / "absent.json")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="is a folder"):
        read_statistics(tmp_path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(shapes.MAX_BYTES + 1)
    with pytest.raises(BaselineError, match="larger than"):
        read_statistics(tmp_path / "huge.json")


def test_a_file_that_may_not_be_read_is_the_platforms_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("analyzer.reports.baseline.read", refuse)
    with pytest.raises(SourceUnreadable, match="Permission denied"):
        read_statistics(tmp_path / "a.json")


def test_sketches_are_kept_as_arrays_which_need_a_quarter_of_the_memory(tmp_path: Path) -> None:
    levels = read_statistics(saved(tmp_path, FILE)).features[0].levels
    assert levels is not None
    assert all(isinstance(level, np.ndarray) and level.dtype == np.float64 for level in levels)
