"""Metrics CloudWatch takes, under the names dashboards know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports.cloudwatch import (
    Metric,
    StatisticValues,
    data_quality_metrics,
    dimensions,
    feature_baseline_drift,
    feature_data,
    heartbeat,
    render_metrics,
)
from analyzer.reports.statistics import (
    Common,
    Dataset,
    Extra,
    Feature,
    NumericalStatistics,
    Statistics,
    StringStatistics,
)

NOON = datetime(2019, 11, 26, 12, tzinfo=UTC)
AGE = Feature("age", "Integral", NumericalStatistics(Common(3, 1), 2.0, 6.0, 1.0, 1.0, 3.0), analyzer=Extra(nan=1))
CITY = Feature("city", "String", string_statistics=StringStatistics(Common(1, 3)))
ALL_NAN = Feature("nan", "Fractional", NumericalStatistics(Common(4, 0)))
FAILED = Feature("failed", analyzer=Extra(failure="broke"))


def records(metrics: list[Metric], **names: str) -> list[dict[str, Any]]:
    data = render_metrics(metrics, NOON, names)
    return [json.loads(line, parse_constant=pytest.fail) for line in data.decode("ascii").splitlines()]


def test_a_record_has_the_documented_shape() -> None:
    values = StatisticValues(100.0, 98.0, 0.0, 1.0)
    names = dimensions("endpoint_0", "schedule_0")
    data = render_metrics([Metric("feature_data_age", values)], datetime(2019, 11, 26, 3, tzinfo=UTC), names)
    assert json.loads(data) == {
        "MetricName": "feature_data_age",
        "Timestamp": "2019-11-26T03:00:00Z",
        "Dimensions": [
            {"Name": "Endpoint", "Value": "endpoint_0"},
            {"Name": "MonitoringSchedule", "Value": "schedule_0"},
        ],
        "StatisticValues": {"SampleCount": 100.0, "Sum": 98.0, "Minimum": 0.0, "Maximum": 1.0},
        "Unit": "None",
    }


def test_every_column_has_the_metrics_of_its_kind() -> None:
    statistics = Statistics(dataset=Dataset(4), features=[AGE, CITY, ALL_NAN, FAILED])
    found = data_quality_metrics(statistics, {"age": 0.25, "city": 0.5})
    assert [metric.name for metric in found] == [
        "feature_data_age",
        "feature_non_null_age",
        "feature_baseline_drift_age",
        "feature_non_null_city",
        "feature_baseline_drift_city",
        "feature_non_null_nan",
    ]
    assert [metric.value for metric in found[1:]] == [0.75, 0.25, 0.25, 0.5, 1.0]


def test_the_count_of_a_column_leaves_out_what_the_sum_left_out() -> None:
    found = feature_data(AGE)
    assert found
    assert found.value == StatisticValues(2.0, 6.0, 1.0, 3.0)


def test_a_column_that_emits_nothing_has_no_metric() -> None:
    statistics = Statistics(dataset=Dataset(4), features=[AGE, CITY])
    names = [metric.name for metric in data_quality_metrics(statistics, {"age": 1.0}, lambda name: name == "city")]
    assert names == ["feature_non_null_city"]


def test_an_empty_data_set_still_beats() -> None:
    empty = Statistics(dataset=Dataset(0), features=[Feature("a", "Unknown")])
    assert data_quality_metrics(empty, {}) == []
    assert records([heartbeat(0)])[0]["Value"] == 0.0


@given(st.floats(), st.floats(), st.floats(), st.floats())
def test_numbers_cloudwatch_refuses_are_left_out(count: float, total: float, low: float, high: float) -> None:
    values = StatisticValues(count, total, low, high)
    for record in records([Metric("a", total), Metric("a", values)]):
        numbers = record["StatisticValues"].values() if "StatisticValues" in record else [record["Value"]]
        assert all(abs(number) <= 2.0**360 for number in numbers)
        assert ("Value" in record) != ("StatisticValues" in record)


@given(st.text(st.characters(exclude_categories=[])), st.text(st.characters(exclude_categories=[])))
def test_every_name_becomes_one_cloudwatch_takes(column: str, endpoint: str) -> None:
    record = records([feature_baseline_drift(column, 0.5)], Endpoint=endpoint)[0]
    for name, limit in ((record["MetricName"], 255), (record["Dimensions"][0]["Value"], 1024)):
        assert 1 <= len(name) <= limit
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith(":")
        assert name.strip()


def test_names_that_had_to_change_stay_apart_and_stable() -> None:
    columns = ["température", "tempéréture", "a" * 300, "a" * 301, "a\nb", "a\tb"]
    first, second = (records([feature_baseline_drift(column, 1.0) for column in columns]) for _ in range(2))
    assert first == second
    assert len({record["MetricName"] for record in first}) == len(columns)


def test_plain_names_stay_as_they_are() -> None:
    assert records([feature_baseline_drift("Area Code_408", 1.0)])[0]["MetricName"] == (
        "feature_baseline_drift_Area Code_408"
    )


def test_unknown_dimensions_are_absent() -> None:
    assert (dimensions(), dimensions(schedule="s")) == ({}, {"MonitoringSchedule": "s"})


def test_times_are_universal() -> None:
    times = [NOON.astimezone(timezone(timedelta(hours=5))), NOON.replace(tzinfo=None), NOON]
    assert len({render_metrics([heartbeat(1)], time, {}) for time in times}) == 1
