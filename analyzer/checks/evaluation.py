"""Evaluation: every rule of a ruleset on one data set, in as few passes over it as Deequ can do with.

Rules in Deequ's words share Deequ's scans; rules in DQDL are handed over as one ruleset. What breaks is set apart.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from analyzer.checks.columns import Columns, UnknownColumn
from analyzer.checks.deequ import EMPTY_STATE, Built, Deequ, Metric, Reason
from analyzer.checks.finding import Finding, broken
from analyzer.checks.isolation import Isolation, JavaErrors, reason_of, shown
from analyzer.checks.rows import blame, failing_rows, repeated_rows
from analyzer.checks.rule import Rule
from analyzer.log import one_line

_log = logging.getLogger("UserChecks")


@dataclass(frozen=True)
class Frames:
    """The data set for checks: with all views and the event id, and as it was captured.

    others: further data sets by alias.
    """

    full: DataFrame
    plain: DataFrame
    columns: Columns
    others: Mapping[str, DataFrame] = field(default_factory=dict)

    def of(self, *, plain: bool) -> DataFrame:
        """The frame for rules about the columns as such, or for others."""
        return self.plain if plain else self.full


@dataclass(frozen=True)
class Measurement:
    """A rule of Deequ's with its metric."""

    rule: Rule
    built: Built
    metric: Metric
    views: Mapping[str, str]


def measurements(deequ: Deequ, frames: Frames, rules: Sequence[Rule]) -> tuple[list[Measurement], list[Finding]]:
    """The metric of every rule in Deequ's words, and those that cannot be measured at all."""
    ready: list[tuple[Rule, Built, dict[str, str]]] = []
    refused: list[Finding] = []
    for rule in rules:
        try:
            ready.append(_built(deequ, frames, rule))
        except UnknownColumn as error:
            refused.append(broken(rule, str(error)))
        except JavaErrors as error:
            refused.append(broken(rule, shown(reason_of(error))))
    found: list[Measurement] = []
    for plain in (False, True):
        some = [each for each in ready if each[1].measured.method.on_plain == plain]
        frame = frames.of(plain=plain)
        isolation: Isolation[Built, Metric] = Isolation(partial(deequ.run, frame), _unmeasured)
        metrics = isolation.results([built for _, built, _ in some])
        found += [Measurement(*each[:2], metric, each[2]) for each, metric in zip(some, metrics, strict=True)]
    return found, refused


def _unmeasured(built: Built, reason: Reason) -> Metric:
    return Metric(built.measured.method.name, reason=reason)


def _built(deequ: Deequ, frames: Frames, rule: Rule) -> tuple[Rule, Built, dict[str, str]]:
    """The rule in Deequ's hands; raises for columns that are not there and SQL that Spark does not understand."""
    assert rule.measured is not None  # noqa: S101 - the caller's choice
    for alias in filter(None, [rule.measured.given.get("dataset")]):
        if alias not in frames.others:
            raise UnknownColumn(f"there is no data set {alias!r}. Hint: name it under `datasets` in the checks file.")
    views = frames.columns.views(rule.measured)
    built = deequ.build(rule.measured, views, frames.others)
    frame = frames.of(plain=rule.measured.method.on_plain)
    for text in (rule.measured.where, rule.measured.given.get("condition")):
        if text:
            frame.where(f.expr(text))  # Spark looks at names and types now, and reads nothing
    return rule, built, {name: view.name for name, view in views.items()}


def judged(found: Measurement) -> Finding:
    """What becomes of a rule with its metric; one that needs earlier runs is judged elsewhere."""
    rule, metric = found.rule, found.metric
    if metric.reason is not None:
        if metric.reason.kind == EMPTY_STATE:
            nothing = rule.measured is not None and rule.measured.where is not None
            said = None if nothing else "there is no value to judge."
            return Finding(rule, "passed" if nothing else "failed", said, {metric.name: None})
        return broken(rule, named(shown(metric.reason), found.views))
    number = found.built.number(metric.value)
    if number is None:
        return broken(rule, "the distribution has no such place.")
    value = float(number)
    passed = rule.asserts.holds(value)
    said = None if passed else f"{metric.name} is {number_text(number)}, expected {rule.asserts.text}."
    return Finding(rule, "passed" if passed else "failed", said, {metric.name: value}, value)


def named(message: str, views: Mapping[str, str]) -> str:
    """A message with the names of columns that the rule used."""
    for name, view in views.items():
        message = message.replace(view, name)
    return one_line(message, 500)


def number_text(value: Any) -> str:
    """A number as people read it."""
    number = float(value)
    return str(int(number)) if math.isfinite(number) and number.is_integer() and abs(number) < 1e15 else repr(number)


def with_rows(frames: Frames, found: Sequence[tuple[Measurement, Finding]], most: int) -> list[Finding]:
    """The findings, those of failed rules with the rows that fail; trouble in finding these changes no verdict."""
    findings = [finding for _, finding in found]
    failed = {
        at: each[0] for at, each in enumerate(found) if each[1].verdict == "failed" and each[1].observed is not None
    }
    conditions = {at: blame(each.rule, each.built, each.views) for at, each in failed.items()}
    try:
        single = {at: text for at, text in conditions.items() if text is not None}
        for at, (count, ids) in failing_rows(frames.full, frames.columns.event_id, single, most).items():
            findings[at] = findings[at].with_rows(count, ids)
        for at, each in failed.items():
            if each.built.measured.method.blames == "group" and each.rule.asserts.holds(_ideal(each)):
                findings[at] = findings[at].with_rows(*_repeated(frames, each, most))
    except JavaErrors as error:
        _log.warning("The rows that fail could not be listed: %s", shown(reason_of(error)))
    return findings


def _ideal(found: Measurement) -> float:
    """The number of data without a failing row."""
    return 0.0 if found.built.measured.method.name == "hasDuplicateRowCount" else 1.0


def _repeated(frames: Frames, found: Measurement, most: int) -> tuple[int, tuple[str, ...]]:
    measured = found.built.measured
    columns = list(found.views.values())
    return repeated_rows(frames.full, columns, frames.columns.event_id, measured.where, most)[0]
