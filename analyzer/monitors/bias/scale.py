"""Scale: whether the values that select a group are categories, or one threshold of a continuous column.

Source: bias_explainability.md 1.1 and 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from analyzer.analysis_config import Value
from analyzer.counting.membership import Membership
from analyzer.fold import Each, Failure, Fold
from analyzer.folds.distinct import Distinct
from analyzer.folds.kinds import KindCounts, Kinds
from analyzer.folds.moments import Moments
from analyzer.schema import Kind

DISTINCT = 65_536  # values counted exactly; beyond, the estimate is within about 0.4 %
UNIQUE_SHARE = 0.05  # of distinct values among all, from which on whole numbers are continuous
FEW_VALUES = 10  # whole numbers of so few distinct values are categories, however few the rows; strict: not so
_INTERVAL = re.compile(r"\(\S+, \S+\]")

Results = Mapping[Fold, Any]


class Scale(StrEnum):
    """How a column is read."""

    CATEGORICAL = "categorical"
    CONTINUOUS = "continuous"


@dataclass(frozen=True)
class Trait:
    """What the scan found out about a column.

    present: cells that are not missing. kinds: of them. maximum: of the finite numbers, None without any.
    """

    present: int
    kinds: KindCounts
    distinct: int
    maximum: float | None

    @property
    def is_whole(self) -> bool:
        """Whether every number is a whole one, however spelled."""
        return int(self.kinds.classes[Kind.FRACTIONAL]) == self.kinds.whole

    @property
    def is_spelled_whole(self) -> bool:
        """Whether no number has a fraction or exponent: an integer column."""
        return not self.kinds.classes[Kind.FRACTIONAL]

    def scale(self, value: Value, *, strict: bool) -> Scale:
        """How one configured value is read."""
        if self.kinds.kind() not in (Kind.INTEGRAL, Kind.FRACTIONAL) or threshold_of(value) is None:
            return Scale.CATEGORICAL
        if not (self.is_spelled_whole if strict else self.is_whole):
            return Scale.CONTINUOUS
        if not strict and self.distinct <= FEW_VALUES:
            return Scale.CATEGORICAL
        return Scale.CONTINUOUS if self.distinct >= UNIQUE_SHARE * self.present else Scale.CATEGORICAL

    def interval(self, threshold: float) -> str:
        """The report's name of everything above a threshold: from there to the maximum; empty at the maximum."""
        if self.maximum is None or threshold == self.maximum:
            return ""
        ends = sorted((float(threshold), float(self.maximum)))
        whole = self.is_spelled_whole and all(end.is_integer() for end in ends)
        low, high = (str(int(end)) if whole else repr(end) for end in ends)
        return f"({low}, {high}]"


def possible(values: Sequence[Value]) -> tuple[Scale, ...]:
    """The scales that the data may turn out to have: one number may be a category or a threshold."""
    undecided = len(values) == 1 and threshold_of(values[0]) is not None and not isinstance(values[0], bool)
    return (Scale.CATEGORICAL, Scale.CONTINUOUS) if undecided else (Scale.CATEGORICAL,)


def known_scale(values: Sequence[Value], described: Sequence[str]) -> Scale | None:
    """The scale a baseline used, told by how it describes its groups; None when it describes none."""
    if not described or len(values) != 1:
        return None
    return Scale.CONTINUOUS if len(described) == 1 and is_interval(described[0]) else Scale.CATEGORICAL


def is_interval(described: str) -> bool:
    """Whether a report's name of a group is that of a threshold."""
    return not described or _INTERVAL.fullmatch(described) is not None


def threshold_of(value: Value) -> float | None:
    """The value as a threshold; None when it is no number."""
    try:
        return float(value)
    except ValueError:
        return None


def membership(values: Sequence[Value], scale: Scale) -> Membership:
    """The cells that configured values select."""
    if scale is Scale.CONTINUOUS:
        return Membership(above=threshold_of(values[0]))
    return Membership.among(values)


def described(values: Sequence[Value]) -> str:
    """The report's name of some categories."""
    return ",".join(map(str, values))


def trait_folds(columns: Sequence[str]) -> tuple[Fold, ...]:
    """What must be counted to know the traits of columns."""
    only = tuple(dict.fromkeys(columns))
    return tuple(Each(fold, only=only) for fold in (Kinds(), Distinct(DISTINCT), Moments()))


def trait(results: Results, folds: Sequence[Fold], column: str) -> Trait:
    """The traits of a column; one that is not there, or whose counts failed, has no cells."""
    kinds, distinct, moments = (results[fold].get(column) for fold in folds)
    if any(each is None or isinstance(each, Failure) for each in (kinds, distinct)):
        return Trait(0, Kinds().zero(), 0, None)
    maximum = None if moments is None or isinstance(moments, Failure) else moments.maximum
    return Trait(kinds.present, kinds, distinct.count, maximum)
