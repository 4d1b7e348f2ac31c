"""Sides: the columns of a data set by the part of a record they come from; a table is one part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.log import one_line
from analyzer.sources.attributes import Names
from analyzer.sources.record import GROUND_TRUTH

ANSWERS = ("endpointOutput", "batchTransformOutput", "endpointInput", "batchTransformInput")
INPUTS = ("endpointInput", "batchTransformInput", "batchTransformOutput")
LISTED = 30  # columns that an error names


@dataclass(frozen=True)
class Sides:
    """The columns of the first rows."""

    columns: Sequence[str]
    separator: str = "."

    @property
    def is_captured(self) -> bool:
        """Whether the records were captured, so that requests, answers and ground truth are told apart."""
        return any(Names(self.columns, side).own for side in ANSWERS)

    @property
    def table(self) -> Names:
        """All columns as one part."""
        return Names(self.columns, "", self.separator)

    @property
    def answers(self) -> list[Names]:
        """The parts predictions are looked for in, the likeliest first."""
        return self._those(ANSWERS)

    @property
    def only_answer(self) -> str | None:
        """The column of captured answers that are one cell each; None when there are more, or other parts only."""
        first = self.answers[0]
        return first.own["0"] if first.side.endswith("Output") and list(first.own) == ["0"] else None

    @property
    def inputs(self) -> list[Names]:
        """The parts features are looked for in, the likeliest first."""
        return self._those(INPUTS)

    @property
    def truth(self) -> Names:
        """The part that holds the labels."""
        return Names(self.columns, GROUND_TRUTH, self.separator)

    def _those(self, names: Sequence[str]) -> list[Names]:
        sides = [Names(self.columns, side, self.separator) for side in names]
        found = [side for side in sides if side.own]
        return found if found or self.is_captured else [self.table]


def shown(names: Sequence[str]) -> str:
    """The first of some names."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(one_line(repr(name), 80) for name in names[:LISTED]) + more


def listed(names: Sequence[str]) -> str:
    """A hint with the first of some names."""
    return f"Hint: there are {shown(names)}." if names else "Hint: there is none at all."
