"""CloudWatch metrics of data quality as the JSON Lines file the platform picks up; it adds the namespace.

Source: contract.md 9 and the limits of CloudWatch's PutMetricData.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from analyzer.reports.statistics import Extra, Feature, Statistics

FILE_NAME = "cloudwatch_metrics.jsonl"
MAX_NAME = 255
MAX_DIMENSION = 1024
LARGEST = 2.0**360  # CloudWatch refuses numbers beyond

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class StatisticValues(msgspec.Struct):
    """Many values as one record."""

    SampleCount: float
    Sum: float
    Minimum: float
    Maximum: float

    @property
    def is_valid(self) -> bool:
        """Whether the summary is of something, and finite."""
        return self.SampleCount > 0 and all(map(_is_number, (self.SampleCount, self.Sum, self.Minimum, self.Maximum)))


class Metric(msgspec.Struct):
    """A number, or the summary of many, under a name; unit is one of CloudWatch's."""

    name: str
    value: float | StatisticValues
    unit: str = "None"

    @property
    def is_valid(self) -> bool:
        """Whether CloudWatch would take it: finite, and not a summary of nothing."""
        value = self.value
        return value.is_valid if isinstance(value, StatisticValues) else _is_number(value)


def feature_data(feature: Feature) -> Metric | None:
    """Count, sum, minimum and maximum of a numeric column; None when it has no finite number."""
    block = feature.numerical_statistics
    if not block or block.sum is None or block.min is None or block.max is None:
        return None
    extra = feature.analyzer or Extra()
    count = block.common.num_present - (extra.nan or 0) - (extra.infinite or 0)
    values = StatisticValues(float(count), block.sum, block.min, block.max)
    return Metric(f"feature_data_{feature.name}", values)


def feature_non_null(feature: Feature, rows: int) -> Metric | None:
    """Completeness of a column, to be read as Sum; None when there are no rows or the column failed."""
    common = feature.common
    return Metric(f"feature_non_null_{feature.name}", common.num_present / rows) if common and rows else None


def feature_baseline_drift(column: str, distance: float) -> Metric:
    """Distance of a column from the baseline, to be read as Sum."""
    return Metric(f"feature_baseline_drift_{column}", distance)


def heartbeat(records: int) -> Metric:
    """Records analysed, so that an alarm can tell "nothing drifted" from "nothing arrived"."""
    return Metric("analyzer_records", float(records), "Count")


def data_quality_metrics(
    statistics: Statistics, drifts: Mapping[str, float], emits: Callable[[str], bool] = lambda _: True
) -> list[Metric]:
    """The metrics of every column that emits them, in column order. drifts: distance by column, where measured."""
    rows = statistics.dataset.item_count
    found: list[Metric | None] = []
    for feature in statistics.features:
        if emits(feature.name):
            found += [feature_data(feature), feature_non_null(feature, rows)]
            if feature.name in drifts:
                found.append(feature_baseline_drift(feature.name, drifts[feature.name]))
    return [metric for metric in found if metric]


def dimensions(endpoint: str | None = None, schedule: str | None = None) -> dict[str, str]:
    """Endpoint and MonitoringSchedule, as far as they are known."""
    return {name: value for name, value in (("Endpoint", endpoint), ("MonitoringSchedule", schedule)) if value}


def render_metrics(metrics: Iterable[Metric], timestamp: datetime, dimensions: Mapping[str, str]) -> bytes:
    """One JSON record per line; metrics CloudWatch would refuse are left out. A naive timestamp is UTC."""
    aware = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    shared = {
        "Timestamp": aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Dimensions": [{"Name": k, "Value": _accepted(v, MAX_DIMENSION)} for k, v in dimensions.items()],
    }
    return b"".join(_line(metric, shared) for metric in metrics if metric.is_valid)


def _line(metric: Metric, shared: Mapping[str, Any]) -> bytes:
    value = metric.value
    many = isinstance(value, StatisticValues)
    number = {"StatisticValues": msgspec.to_builtins(value)} if many else {"Value": value}
    record = {"MetricName": _accepted(metric.name, MAX_NAME), **shared, **number, "Unit": metric.unit}
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _accepted(name: str, limit: int) -> str:
    """The name when CloudWatch takes it; else its printable part and a hash of the whole, the same in every run."""
    if name.strip() and len(name) <= limit and name.isascii() and name.isprintable() and name[0] != ":":
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    plain = _UNPRINTABLE.sub("_", name[: limit - 9]).lstrip(": ")
    return f"{plain}_{digest}"


def _is_number(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= LARGEST
