"""Pairing: the rows of one capture record, its payloads joined row by row under their final column names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analyzer.errors import ContractError
from analyzer.sources.layout import Layout, Shape
from analyzer.sources.payload import Undecodable
from analyzer.sources.reading import Reading
from analyzer.sources.record import GROUND_TRUTH, Record, Side, column_of
from analyzer.sources.rows import Row
from analyzer.sources.sides import CELLS_DIFFER, SideRows, common_count, is_unnamed, rows_of_side, shape_of

ANSWERS = ("Output", GROUND_TRUTH)  # sides of which one line may answer several rows
NOTHING_CAPTURED = "record has no captured payload"


@dataclass(frozen=True, slots=True)
class Pairing:
    """How records are read one by one; whatever cannot be parsed in columns goes this way."""

    reading: Reading
    layout: Layout

    def rows(self, record: Record) -> list[Row]:
        """The record's rows; Undecodable (reason, or reason: detail) when it has none or they do not match."""
        sides = {name: self._named(name, rows) for name, rows in self._sides(record).items()}
        count = max(map(len, sides.values()))
        joined: list[Row] = []
        for parts in zip(*(rows or [{}] * count for rows in sides.values()), strict=True):
            row: Row = {}
            for name, part in zip(sides, parts, strict=True):
                for column, cell in part.items():
                    row[f"{name}.{column}" if column in row else column] = cell
            joined.append(row)
        return joined

    def shape(self, record: Record) -> tuple[tuple[str, Shape], ...]:
        """What the captured sides of the record look like."""
        return tuple((name, shape_of(rows)) for name, rows in self._sides(record).items() if rows)

    def labels(self, side: Side) -> list[Row]:
        """The rows of ground truth alone."""
        found = self._extracted({GROUND_TRUTH: rows_of_side(side, self.reading.flattening)}, {GROUND_TRUTH: side})
        return self._named(GROUND_TRUTH, found[GROUND_TRUTH].rows)

    def named(self, side: str, row: Row) -> Row:
        """The row with the layout's names for unnamed cells; without any, `_c0`, `_c1`, ... by position.

        Where sides stay apart, every name begins with that of its side, and positions count from 0.
        """
        if self.reading.apart and side in self.reading.sides and (side not in self.layout.sides or not is_unnamed(row)):
            return {column_of(side, name): cell for name, cell in row.items()}
        if not is_unnamed(row):
            renamed = dict(self.layout.renamed)
            return {renamed.get(key, key): cell for key, cell in row.items()} if renamed else row
        names = self.layout.sides.get(side)
        if names is None:
            names = tuple(f"_c{at}" for at in range(len(row)))
        if len(row) != len(names):
            raise Undecodable(f"{CELLS_DIFFER}: {side} has {len(row)}, expected {len(names)}")
        return dict(zip(names, row.values(), strict=True))

    def _named(self, side: str, rows: list[Row]) -> list[Row]:
        return [self.named(side, row) for row in rows]

    def _sides(self, record: Record) -> dict[str, list[Row]]:
        """Rows of every side, equally many; none for a side that was not captured."""
        sides = {name: record.side(name) for name in self.reading.sides}
        if not any(side for name, side in sides.items() if name != GROUND_TRUTH):
            raise Undecodable(NOTHING_CAPTURED)
        if self.reading.one_encoding:
            refuse_mixed_encodings(sides)
        found = {
            name: replace(rows_of_side(side, self.reading.flattening), is_answer=name.endswith(ANSWERS))
            for name, side in sides.items()
        }
        if self.reading.extracts:
            found = self._extracted(found, sides)
        if not self.reading.explode:
            found = _first_line(found)
        count = common_count(list(found.values()))
        return {name: rows.spread(count) for name, rows in found.items()}

    def _extracted(self, found: dict[str, SideRows], sides: Mapping[str, Side | None]) -> dict[str, SideRows]:
        from analyzer.sources.extraction import extracted  # noqa: PLC0415 - few jobs need it

        wanted = {name: [each for each in self.reading.extracts if each.side == name] for name in found}
        flattening = self.reading.flattening
        return {
            name: extracted(rows, sides[name], wanted[name], flattening) if wanted[name] else rows
            for name, rows in found.items()
        }


def refuse_mixed_encodings(sides: Mapping[str, Side | None]) -> None:
    """Raise the closed image's error when the sides of a record have different encodings."""
    encodings = {name: side.encoding for name, side in sides.items() if side is not None and name != GROUND_TRUTH}
    if len(set(encodings.values())) > 1:
        given = ", but ".join(f"Encoding is {encodings[name]} for {name}" for name in sorted(encodings))
        raise ContractError(
            f"Error: Encoding mismatch: {given}. We currently only support the same type of input and output "
            "encoding at the moment."
        )


def _first_line(sides: Mapping[str, SideRows]) -> dict[str, SideRows]:
    """What is left when the payloads are joined by commas and only the first line is read."""
    left: dict[str, SideRows] = {}
    ended = False
    for name, side in sides.items():
        left[name] = SideRows() if ended else SideRows(side.rows[:1])
        ended = ended or len(side.rows) > 1
    return left
