"""The recorded data-quality baseline and monitoring run, number for number, in both modes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.churn import requests, traffic
from tests.jobs import CAPTURE, Finished, capture, monitor, run_job, write_captures

pytestmark = pytest.mark.golden
MODES = ("default", "strict")


@pytest.fixture(scope="module", params=MODES)
def baseline(request: pytest.FixtureRequest, golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run_job(
        tmp_path_factory.mktemp(request.param),
        golden / "dq_churn_baseline/inputs",
        dataset_format='{"csv": {"header": true, "output_columns_position": "START"}}',
        analyzer_compat=request.param,
    )


def test_the_recorded_exit_message_is_left(baseline: Finished, golden: Path) -> None:
    recorded = _json(golden / "dq_churn_baseline/expected.json")

    assert baseline.outcome.message == recorded["exit_message"]


def test_every_recorded_statistic_is_reproduced(baseline: Finished, golden: Path) -> None:
    """Numbers to a few last digits (they depend on the order of summing); counts, buckets and sketches exactly."""
    recorded = _json(golden / "dq_churn_baseline/expected.json")
    statistics = baseline.document("statistics.json")

    assert statistics["dataset"]["item_count"] == recorded["dataset"]["item_count"]
    assert len(statistics["features"]) == recorded["n_features_total"]
    sketches = 0
    for expected in recorded["features"]:
        sketches += _same(baseline.features[expected["name"]], expected, expected["name"])
    assert sketches == recorded["features_with_full_sketch"]


def test_the_recorded_constraints_are_suggested(baseline: Finished, golden: Path) -> None:
    recorded = _json(golden / "dq_churn_baseline/expected_constraints.json")
    constraints = baseline.document("constraints.json")

    assert constraints["features"] == recorded["features"]
    assert _contains(constraints["monitoring_config"], recorded["monitoring_config"])


@pytest.mark.parametrize("mode", MODES)
def test_the_recorded_violations_are_found(baseline: Finished, golden: Path, tmp_path: Path, mode: str) -> None:
    case = _json(golden / "dq_churn_monitor/expected.json")
    run = case["runs"]["83bfa5"]
    write_captures(tmp_path / "in/ep/AllTraffic/2022/04/18/22/00-00-000-a.jsonl", traffic(golden, run["records"]))

    found = monitor(tmp_path / "out", tmp_path / "in", baseline.output, dataset_format=CAPTURE, analyzer_compat=mode)

    assert found.outcome.message == run["exit_message"]
    assert len(found.violations) == run["total_violations"]
    recorded_keys = ("feature_name", "constraint_check_type", "description")
    entries = [{key: each[key] for key in recorded_keys} for each in found.violations]
    for expected in run["first_ten_violations"]:
        assert expected in entries
    assert {check for _, check in found.checks} == {"data_type_check"}


def test_strict_violations_hold_the_recorded_keys_only(baseline: Finished, golden: Path, tmp_path: Path) -> None:
    write_captures(tmp_path / "in/a.jsonl", traffic(golden, 400))

    found = monitor(
        tmp_path / "out", tmp_path / "in", baseline.output, dataset_format=CAPTURE, analyzer_compat="strict"
    )

    assert {tuple(each) for each in found.violations} == {("feature_name", "constraint_check_type", "description")}


def test_emptied_cells_are_one_completeness_violation_more(baseline: Finished, golden: Path, tmp_path: Path) -> None:
    """Run 565e9a: the first two characters of 120 payloads are cut off, which empties cells of Account Length."""
    pairs = list(requests(golden))
    cut = [(request[2:], answer) for request, answer in pairs[:120]]
    records = [capture(*pair, event=str(at)) for at, pair in enumerate((cut + pairs * 5)[:1412])]
    write_captures(tmp_path / "in/a.jsonl", records)

    found = monitor(tmp_path / "out", tmp_path / "in", baseline.output, dataset_format=CAPTURE)

    assert ("Account Length", "completeness_check") in found.checks
    assert len(found.violations) == 61


def test_a_request_of_several_lines_is_one_column_only_in_strict_mode(golden: Path, tmp_path: Path) -> None:
    """dq_messages: three lines of eight values and three lines of one value against eight baseline columns."""
    messages = _json(golden / "dq_messages/expected.json")["messages"]
    message = next(each for each in messages if each.get("feature_name") == "Missing columns")
    rows = ["0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8"] * 3
    (tmp_path / "base").mkdir()
    (tmp_path / "base/data.csv").write_text("\n".join(rows * 4))
    learnt = run_job(tmp_path / "learnt", tmp_path / "base", dataset_format='{"csv":{"header":false}}')
    records = [capture("\n".join(rows), "0.1\n0.2\n0.3", event=str(at)) for at in range(9)]
    write_captures(tmp_path / "in/a.jsonl", records)

    strict = monitor(
        tmp_path / "strict", tmp_path / "in", learnt.output, dataset_format=CAPTURE, analyzer_compat="strict"
    )
    default = monitor(tmp_path / "default", tmp_path / "in", learnt.output, dataset_format=CAPTURE)

    expected = {key: message[key] for key in ("feature_name", "constraint_check_type", "description")}
    assert strict.violations == [expected]
    assert default.document("statistics.json")["dataset"]["item_count"] == 27


def _same(found: Any, expected: Any, where: str) -> int:
    """Compare recorded keys; the number of complete sketches met."""
    if isinstance(expected, dict):
        sketches = int(where.endswith(".sketch") and bool(expected.get("data")))
        return sketches + sum(_same(found[key], value, f"{where}.{key}") for key, value in expected.items())
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(found) == len(expected), where
        return sum(_same(a, b, f"{where}[{at}]") for at, (a, b) in enumerate(zip(found, expected, strict=True)))
    if isinstance(expected, float) and where.rpartition(".")[2] in ("mean", "sum", "std_dev"):
        assert found == pytest.approx(expected, rel=1e-12), where
    else:
        assert found == expected, where
    return 0


def _contains(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return all(key in found and _contains(found[key], value) for key, value in expected.items())
    return bool(found == expected)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
