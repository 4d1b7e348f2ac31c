"""Columns: which columns the frame of the checks has, and in which type each check sees them.

Captured cells are text. A column has the type that its cells tell (numbers: long or double, else string), or the one
the checks file declares. Checks of numbers see the numbers among the cells, checks of texts the cells as captured,
whatever that type is: where it differs, the frame has a second view of the column. Checks of completeness see the
cells as captured, too: a cell that is no number is not missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.checks import dqdl
from analyzer.checks.method import Reads
from analyzer.checks.rule import Measured, Rule
from analyzer.checks.ruleset import Type
from analyzer.engines.spark_frame import FrameColumn, Shape
from analyzer.errors import nearest
from analyzer.fold import OTHERS, Each, Failure, Fold
from analyzer.folds.kinds import Kinds
from analyzer.folds.moments import Moments
from analyzer.schema import Kind

EVENT_ID = "event_id"
FOLDS: tuple[Fold, ...] = (Each(Kinds()), Each(Moments()))
LONG_LIMIT = 2.0**63
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CAST: tuple[Type, ...] = ("boolean", "date", "timestamp")


class UnknownColumn(Exception):
    """A rule names a column that the data does not have."""


def shapes_of(results: Mapping[Fold, Any]) -> dict[str, Shape]:
    """The type that the cells of every column tell, from the results of FOLDS; columns that failed are text."""
    kinds, moments = (results[fold] for fold in FOLDS)
    return {name: _shape(found, moments.get(name)) for name, found in kinds.items() if name != OTHERS}


def _shape(counts: Any, moments: Any) -> Shape:
    kind = Kind.STRING if isinstance(counts, Failure) else counts.kind()
    if kind is Kind.INTEGRAL and moments is not None and not isinstance(moments, Failure):
        fits = moments.minimum >= -LONG_LIMIT and moments.maximum < LONG_LIMIT
        return "long" if fits else "double"
    return "double" if kind is Kind.FRACTIONAL else "string"


@dataclass(frozen=True)
class Columns:
    """The columns of one data set as its checks see them.

    shapes: by name, what the cells tell. types: declared ones.
    """

    shapes: Mapping[str, Shape]
    types: Mapping[str, Type]

    @property
    def ambiguous(self) -> bool:
        """Whether two names differ in capitals only."""
        return len({name.lower() for name in self.shapes}) < len(self.shapes)

    @property
    def event_id(self) -> str:
        """Name of the column that holds event ids; the data's own columns come first."""
        taken = {name.lower() for name in self.shapes}
        return EVENT_ID if EVENT_ID not in taken else f"{EVENT_ID} (captured)"

    def resolved(self, name: str) -> str:
        """The column that a rule means: by its name, or by the only name that differs in capitals.

        Raises UnknownColumn with what may have been meant.
        """
        if name in self.shapes or name == self.event_id:
            return name
        alike = [each for each in self.shapes if each.lower() == name.lower()]
        if len(alike) == 1:
            return alike[0]
        raise UnknownColumn(f"there is no column {name[:80]!r}.{nearest(name[:80], self.shapes)}")

    def shape(self, name: str) -> Shape:
        """Type of a column in the frame, before a declared cast."""
        declared = self.types.get(name)
        if declared is None:
            return "string" if name == self.event_id else self.shapes[name]
        return declared if declared in ("string", "long", "double") else "string"

    def seen(self, name: str, reads: Reads) -> FrameColumn:
        """The view of a column that suits a check."""
        column = self.resolved(name)
        shape, source = self.shape(column), None if column == self.event_id else column
        if source is not None and reads == "text" and (shape != "string" or column in self.types):
            return self._view(source, "string")
        if source is not None and reads == "number" and shape == "string":
            return self._view(source, "double")
        return FrameColumn(column, source, shape) if _SAFE.fullmatch(column) else self._view(source, shape)

    def _view(self, source: str | None, shape: Shape) -> FrameColumn:
        """A second column of the frame, in letters that Deequ needs not quote (it forgets to in places)."""
        at = "id" if source is None else list(self.shapes).index(source)
        name = f"column_{at}_as_{shape}"
        while name in self.shapes:
            name += "_"
        return FrameColumn(name, source, shape)

    def views(self, measured: Measured) -> dict[str, FrameColumn]:
        """The view of every column that a check names, by that name; UnknownColumn when one is not there."""
        if measured.method.on_plain:
            return {}
        columns = measured.columns or (tuple(self.shapes) if measured.method.whole and not measured.sql else ())
        return {name: self.seen(name, measured.method.reads) for name in columns}

    def plain(self, rules: Iterable[Rule]) -> list[FrameColumn]:
        """The columns that rules may look at: all of them if one looks at all, else those whose name occurs."""
        wanted, texts = set(), []
        for rule in rules:
            if rule.measured is None:
                texts.append(rule.dqdl or "")
                whole = dqdl.Text(rule.dqdl or "", 0).wholly
            else:
                whole = rule.measured.method.whole
                texts += rule.measured.sql
                wanted |= {name.lower() for name in rule.measured.columns}
            if whole:
                return self.all
        text = "\n".join(texts).lower()
        return [each for each in self.all if each.name.lower() in wanted or each.name.lower() in text]

    @property
    def all(self) -> list[FrameColumn]:
        """Every column of the data in its own type."""
        return [FrameColumn(name, name, self.shape(name)) for name in self.shapes]

    def casts(self, columns: Sequence[FrameColumn]) -> dict[str, Type]:
        """Columns of the frame that are to be cast to a declared type, by name."""
        return {
            each.name: self.types[each.name]
            for each in columns
            if each.name == each.source and self.types.get(each.name) in CAST
        }
