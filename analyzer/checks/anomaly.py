"""Anomaly: whether the number of this run fits those of earlier runs, as Deequ's strategies see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from analyzer.checks.deequ import Deequ
from analyzer.checks.evaluation import Measurement, judged, named, number_text
from analyzer.checks.finding import Finding
from analyzer.checks.history import Entry, Run, key_of, renamed
from analyzer.checks.isolation import JavaErrors, reason_of, shown
from analyzer.checks.strategy import Strategy


def entry_of(deequ: Deequ, found: Measurement, date: int) -> Entry | None:
    """The metric in Deequ's JSON, under the names of the data's columns.

    None when there is no metric, Deequ cannot write it, or it is no number that JSON has.
    """
    if found.metric.java is None or found.metric.reason is not None:
        return None
    repository, metrics = deequ.jvm.com.amazon.deequ.repository, deequ.jvm.java.util.HashMap()
    metrics.put(found.built.analyzer, found.metric.java)
    context = deequ.jvm.com.amazon.deequ.analyzers.runners.AnalyzerContext(deequ.jvm.PythonUtils.toScalaMap(metrics))
    key = repository.ResultKey(date, deequ.jvm.PythonUtils.toScalaMap({}))
    try:
        text = repository.AnalysisResultSerde.serialize(deequ.seq([repository.AnalysisResult(key, context)]))
        entries = json.loads(text, parse_constant=_refuse)[0]["analyzerContext"]["metricMap"]
    except (*JavaErrors, ValueError):
        return None
    back = {view: name for name, view in found.views.items() if view != name}
    return renamed(entries[0], back) if entries else None


def judged_by_history(deequ: Deequ, found: Measurement, entry: Entry | None, runs: Sequence[Run]) -> Finding:
    """What becomes of a rule that compares its number with earlier ones."""
    strategy = found.rule.strategy
    if strategy is None or found.metric.reason is not None or entry is None:
        return judged(found)
    value = float(found.metric.value)
    key = key_of(entry["analyzer"])
    series = [number for run in runs if (number := run.value(key)) is not None]
    metrics: dict[str, float | None] = {found.metric.name: value}
    if len(series) < strategy.least:
        said = f"{len(series)} earlier runs have this number, {strategy.name} needs {strategy.least}."
        return Finding(found.rule, "skipped", said, metrics, value)
    try:
        anomalies = list(_detected(deequ, strategy, [*series, value]))
    except JavaErrors as error:
        return Finding(found.rule, "error", named(shown(reason_of(error)), found.views), metrics, value)
    if not anomalies:
        return Finding(found.rule, "passed", None, metrics, value)
    detail = anomalies[0]._2().detail()  # noqa: SLF001 - Scala's name for the second of a pair
    why = f" {detail.get()}." if detail.isDefined() else ""
    said = f"{found.metric.name} is {number_text(value)}, an anomaly after {len(series)} earlier runs.{why}"
    return Finding(found.rule, "failed", said, metrics, value)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _detected(deequ: Deequ, strategy: Strategy, series: Sequence[float]) -> list[Any]:
    """Anomalies that Deequ finds in the last number of a series."""
    vector = deequ.jvm.PythonUtils.toSeq(list(series)).toVector()
    last = deequ.jvm.scala.Tuple2(len(series) - 1, len(series))
    console, error = deequ.jvm.scala.Console, deequ.jvm.java.lang.System.err
    before = console.out()
    console.setOut(error)  # HoltWinters prints what it found, and standard output is ours
    try:
        found = _strategy(deequ, strategy).detect(vector, last)
        return [found.apply(at) for at in range(found.size())]
    finally:
        console.setOut(before)


def _strategy(deequ: Deequ, strategy: Strategy) -> Any:
    from pydeequ import anomaly_detection as known  # noqa: PLC0415 - it wants SPARK_VERSION at import

    if strategy.name == "HoltWinters":  # PyDeequ knows some of its intervals only
        seasonal = deequ.jvm.com.amazon.deequ.anomalydetection.seasonal.HoltWinters
        interval, seasonality = strategy.parameters["interval"], strategy.parameters["seasonality"]
        intervals, seasons = (getattr(seasonal, name)() for name in ("MetricInterval$", "SeriesSeasonality$"))
        return seasonal(getattr(intervals, interval)(), getattr(seasons, seasonality)())
    found = getattr(known, f"{strategy.name}Strategy")(*strategy.parameters.values())
    return found._set_jvm(deequ.jvm)._anomaly_jvm  # noqa: SLF001 - PyDeequ's runners do the same
