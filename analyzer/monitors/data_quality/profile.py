"""Profile: the folds data quality needs, and the statistics document made of their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from analyzer.fold import OTHERS, Each, Failure, Fold
from analyzer.folds.categories import Categories
from analyzer.folds.distinct import Distinct, DistinctCount
from analyzer.folds.frequent import Frequent, Summary
from analyzer.folds.intake import Intakes, IntakeState
from analyzer.folds.kinds import KindCounts, Kinds
from analyzer.folds.lengths import Lengths, LengthState
from analyzer.folds.moments import Moments, MomentsResult
from analyzer.folds.quantiles import C, K, Quantiles, Sketch
from analyzer.folds.registers import Registers
from analyzer.options import Options
from analyzer.reports import statistics as document
from analyzer.schema import Kind
from analyzer.views.sketch import Distribution, buckets, distribution, quantiles

SHOWN_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
DEEQU_LOWEST_START, DEEQU_HIGHEST_START = 2147483647.0, -2147483648.0


@dataclass(frozen=True)
class Profiling:
    """Which folds make a profile; strict mode adds Deequ's distinct count."""

    options: Options
    strict: bool = False

    @property
    def categories(self) -> Categories:
        # Deequ's limit is on its estimate, which may lie below the true number: keep some more.
        return Categories(2 * self.options.categories_limit + 16)

    @property
    def distinct(self) -> Distinct:
        return Distinct(max(self.options.distinct_exact, 2))

    @property
    def intakes(self) -> Intakes:
        return Intakes(self.options.quarantine_samples)

    @property
    def folds(self) -> tuple[Fold, ...]:
        """The folds, in the order their states are dumped."""
        common = (Kinds(), Moments(), self.distinct, self.categories, Frequent(), Lengths())
        extra = (Registers(),) if self.strict else ()
        return (self.intakes, Quantiles(), *(Each(fold) for fold in (*common, *extra)))


@dataclass(frozen=True)
class Column:
    """What the scan found out about one column; None where a statistic failed or does not apply."""

    name: str
    rows: int
    kinds: KindCounts
    moments: MomentsResult | None
    sketch: Sketch | None
    distinct: DistinctCount
    categories: dict[str, int] | None
    frequent: Summary
    lengths: LengthState | None
    estimate: int | None
    strict: bool
    failure: str | None = None

    @cached_property
    def kind(self) -> Kind:
        return self.kinds.kind(strict=self.strict)

    @property
    def completeness(self) -> float:
        """Share of rows with a value; 0 without rows."""
        return self.kinds.present / self.rows if self.rows else 0.0

    @cached_property
    def distribution(self) -> Distribution | None:
        """The numbers of the column with their full weights."""
        return None if self.sketch is None else distribution(self.sketch)


class Profile:
    """Results of a scan, by column."""

    def __init__(self, results: Mapping[Fold, Any], profiling: Profiling) -> None:
        self._results = results
        self.profiling = profiling
        self.intake: IntakeState = results[profiling.intakes]

    @property
    def rows(self) -> int:
        return self.intake.rows

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column of the data set, in order of first appearance."""
        found = self._results[Each(Kinds())]
        return {name: self._column(name) for name in found if name != OTHERS or not isinstance(found[name], Failure)}

    @property
    def failures(self) -> list[str]:
        """What could not be computed, for the notices."""
        beyond = self._results[Each(Kinds())].get(OTHERS)
        found = [f"{column.name}: {column.failure}" for column in self.columns.values() if column.failure]
        return [beyond.reason, *found] if isinstance(beyond, Failure) else found

    def _column(self, name: str) -> Column:
        found = {fold: self._results[Each(fold)].get(name) for fold in self._column_folds}
        failures = [result.reason for result in found.values() if isinstance(result, Failure)]
        kinds, moments, distinct, categories, frequent, lengths, *estimate = (
            None if isinstance(result, Failure) else result for result in found.values()
        )
        return Column(
            name,
            self.rows,
            kinds or Kinds().zero(),
            moments,
            self._results[Quantiles()].get(name),
            distinct or DistinctCount(0, exact=False),
            categories,
            frequent or Summary(),
            lengths,
            estimate[0] if estimate else None,
            self.profiling.strict,
            "; ".join(dict.fromkeys(failures)) or None,
        )

    @property
    def _column_folds(self) -> tuple[Any, ...]:
        return tuple(fold.fold for fold in self.profiling.folds if isinstance(fold, Each))

    def statistics(self) -> document.Statistics:
        """The statistics document; own keys are absent in strict mode."""
        features = [self._feature(column) for column in self.columns.values()]
        return document.Statistics(dataset=document.Dataset(self.rows), features=features)

    def _feature(self, column: Column) -> document.Feature:
        extra = None if column.strict else _extra(column, self.profiling.options)
        label = "String" if column.kind is Kind.BOOLEAN else column.kind.label
        if column.kind.is_number:
            return document.Feature(column.name, label, numerical_statistics=_numerical(column), analyzer=extra)
        text = _textual(column, self.profiling.options.categories_limit)
        return document.Feature(column.name, label, string_statistics=text, analyzer=extra)


def _common(column: Column) -> document.Common:
    return document.Common(column.kinds.present, column.rows - column.kinds.present)


def _numerical(column: Column) -> document.NumericalStatistics:
    statistics = document.NumericalStatistics(
        _common(column),
        approximate_num_distinct_values=column.distinct.count if column.estimate is None else column.estimate,
        completeness=column.completeness,
    )
    moments = column.moments
    if moments is not None:
        statistics.mean, statistics.sum = finite(moments.mean), finite(moments.total)
        statistics.std_dev = finite(moments.standard_deviation)
        statistics.min, statistics.max = moments.minimum, moments.maximum
    if moments is not None and column.distribution is not None and column.sketch is not None:
        low, high = moments.minimum, moments.maximum
        if column.strict:
            low, high = min(low, DEEQU_LOWEST_START), max(high, DEEQU_HIGHEST_START)
        shown = [document.Bucket(b.low, b.high, float(b.count)) for b in buckets(column.distribution, low, high)]
        levels = [np.asarray(level, np.float64) for level in column.sketch.levels]
        sketch = document.Sketch(document.SketchParameters(C, float(K)), levels)
        statistics.distribution = document.NumericalDistribution(document.Kll(shown, sketch))
    return statistics


def _textual(column: Column, limit: int) -> document.StringStatistics:
    distinct = column.distinct.count if column.estimate is None else column.estimate
    few = column.categories and distinct <= limit
    shown = [document.CategoryBucket(text, rows) for text, rows in (column.categories or {}).items()]
    return document.StringStatistics(
        _common(column),
        float(distinct),
        column.completeness,
        document.StringDistribution(document.Categorical(shown)) if few else None,
    )


def _extra(column: Column, options: Options) -> document.Extra:
    counts, classes = column.kinds, column.kinds.classes
    extra = document.Extra(
        document.Classes(
            integral=int(classes[Kind.INTEGRAL]),
            fractional=int(classes[Kind.FRACTIONAL]),
            boolean=int(classes[Kind.BOOLEAN]),
            string=int(classes[Kind.STRING]),
        ),
        nan=counts.nan,
        infinite=counts.infinite,
        empty=counts.empty,
        leading_zeros=counts.leading_zeros,
        distinct_is_exact=column.distinct.exact,
        failure=column.failure,
    )
    if column.kind.is_number and column.distribution is not None:
        shown = quantiles(column.distribution, SHOWN_QUANTILES)
        extra.quantiles = {str(at): value for at, value in zip(SHOWN_QUANTILES, shown, strict=True)}
    if column.lengths is not None:
        lengths = column.lengths
        extra.text_lengths = document.TextLengths(lengths.shortest, lengths.longest, lengths.total / lengths.count)
    if column.frequent.counts and not column.kind.is_number:
        top = list(column.frequent.counts.items())[: options.frequent_items]
        extra.frequent = [document.CategoryBucket(text, rows) for text, rows in top]
        extra.frequent_other = column.frequent.total - sum(rows for _, rows in top)
    return extra


def finite(number: float) -> float | None:
    """The number, or None when a sum of large numbers overflowed."""
    return number if np.isfinite(number) else None
