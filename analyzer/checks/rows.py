"""Rows: which single rows fail a rule, counted, and the first of them by their event ids; one pass for all rules.

Source: specification deequ.md 9.2 and 10. A rule that fails because too much is right blames nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from analyzer.checks.deequ import Built
from analyzer.checks.rule import Rule
from analyzer.schema import BOOLEAN_TEXT, FRACTIONAL_TEXT, INTEGRAL_TEXT

LEAST, MOST = (">", ">="), ("<", "<=")
MOST_GROUPS = 1000  # of repeated values whose rows are looked for
_ROW = "place int, rule int, failing bigint, ids array<string>"
_ARROW = pa.schema(
    [("place", pa.int32()), ("rule", pa.int32()), ("failing", pa.int64()), ("ids", pa.list_(pa.string()))]
)
_NUMERIC = f"(?:{INTEGRAL_TEXT})|(?:{FRACTIONAL_TEXT})"
_PATTERNS = {"Integral": INTEGRAL_TEXT, "Fractional": FRACTIONAL_TEXT, "Boolean": BOOLEAN_TEXT, "Numeric": _NUMERIC}

Failing = dict[int, tuple[int, tuple[str, ...]]]
"""By rule: how many rows fail, and the first event ids."""


def blame(rule: Rule, built: Built, views: Mapping[str, str]) -> str | None:
    """SQL that is true for the rows that fail; None when the rule is not about single rows, or about groups."""
    measured = built.measured
    blames = measured.method.blames
    column = quoted(views[measured.columns[0]]) if measured.columns and views else ""
    condition = None
    if blames in ("value", "length"):
        signs = LEAST if measured.method.name in ("hasMin", "hasMinLength") else MOST
        compared = [each.sign for group in rule.asserts.alternatives for each in group]
        if set(compared) <= set(signs):
            value = column if blames == "value" else f"length({column})"
            condition = f"({column} IS NOT NULL AND NOT {rule.asserts.sql(value)})"
    elif rule.asserts.holds(1.0):
        condition = _of_share(built, column)
    return f"({measured.where}) AND {condition}" if condition and measured.where else condition


def _of_share(built: Built, column: str) -> str | None:
    match built.measured.method.blames:
        case "complete":
            return f"({column} IS NULL)"
        case "predicate":
            return f"(NOT coalesce(({built.predicate}), false))"
        case "pattern":
            return f"(NOT coalesce(regexp_extract({column}, {literal(built.pattern)}, 0) != '', false))"
        case "type" if built.measured.given["type"] in _PATTERNS:
            pattern = _PATTERNS[built.measured.given["type"]]
            return f"({column} IS NOT NULL AND NOT {column} RLIKE {literal(pattern)})"
        case _:
            return None


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return f"`{name.replace('`', '``')}`"


def literal(text: str) -> str:
    """A text in SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def failing_rows(frame: DataFrame, event_id: str, conditions: Mapping[int, str], most: int) -> Failing:
    """Rows for which a condition is true, by rule; at most so many ids of each, the first in the order of the data."""
    if not conditions:
        return {}
    rules = list(conditions)
    flags = [f.expr(f"coalesce({conditions[rule]}, false)").alias(f"r{rule}") for rule in rules]
    chosen = frame.select(f.col(quoted(event_id)).alias("id"), *flags)
    return sampled(chosen, rules, most)


def sampled(flagged: DataFrame, rules: Sequence[int], most: int) -> Failing:
    """As `failing_rows`, of a frame whose first column is the id and whose others say whether the row fails a rule."""
    collected = sorted(flagged.mapInArrow(_Sampler(tuple(rules), most), _ROW).collect(), key=lambda row: row["place"])
    found: Failing = dict.fromkeys(rules, (0, ()))
    for row in collected:
        count, ids = found[row["rule"]]
        found[row["rule"]] = count + row["failing"], (*ids, *(row["ids"] or ()))[:most]
    return found


def repeated_rows(frame: DataFrame, columns: Sequence[str], event_id: str, where: str | None, most: int) -> Failing:
    """Rows whose values in some columns occur more than once, under the key 0; the smallest ids of them.

    As in Deequ, rows in which all the columns are null do not count.
    """
    kept = frame if where is None else frame.where(where)
    names = [quoted(name) for name in columns]
    present = kept.where(" OR ".join(f"{name} IS NOT NULL" for name in names))
    counts = present.groupBy(*names).agg(f.count(f.lit(1)).alias("rows of a group")).where("`rows of a group` > 1")
    total = counts.agg(f.sum("`rows of a group`")).collect()[0][0] or 0
    if not total:
        return {0: (0, ())}
    renamed = counts.select(*(f.col(name).alias(f"k{at}") for at, name in enumerate(names)))
    same = " AND ".join(f"{name} <=> k{at}" for at, name in enumerate(names))
    ids = present.join(
        f.broadcast(renamed.orderBy(*renamed.columns).limit(MOST_GROUPS)), f.expr(same), "left_semi"
    ).select(quoted(event_id))
    first = ids.where(f.col(quoted(event_id)).isNotNull()).orderBy(quoted(event_id)).limit(most).collect()
    return {0: (int(total), tuple(row[0] for row in first))}


@dataclass(frozen=True)
class _Sampler:
    """Counts the failing rows of a partition; runs in a Spark task."""

    rules: tuple[int, ...]
    most: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        place = context.partitionId() if context else 0
        counts, ids = dict.fromkeys(self.rules, 0), {rule: list[str]() for rule in self.rules}
        for batch in batches:
            for at, rule in enumerate(self.rules, 1):
                failing = np.flatnonzero(np.asarray(batch.column(at).cast(pa.uint8())))
                counts[rule] += len(failing)
                wanted = pa.array(failing[: self.most])
                if len(ids[rule]) < self.most and len(wanted):
                    ids[rule] += [each for each in batch.column(0).take(wanted).to_pylist() if each]
        rows = [
            {"place": place, "rule": rule, "failing": count, "ids": ids[rule][: self.most]}
            for rule, count in counts.items()
            if count
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_ARROW)
