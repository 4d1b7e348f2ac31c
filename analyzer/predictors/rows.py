"""Rows for a model: what its features are, and how cells become numbers and back.

Rows travel as one matrix of doubles: numbers as they are, texts by their place in a vocabulary, NaN where a cell is
missing. Mixing a row with a baseline row is then one choice between two matrices, whatever the columns hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analyzer.batch import Cells, Floats
from analyzer.errors import ContractError

Row = Sequence[str | None]


@dataclass(frozen=True)
class Features:
    """The model's inputs in their order. vocabularies: the texts of a column that holds text; None for numbers."""

    names: tuple[str, ...]
    vocabularies: tuple[tuple[str, ...] | None, ...]

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[Row], background: Sequence[Row] = ()) -> Features:
        """Features of these rows.

        A column is of numbers when at least half of its present cells are, and all of the background rows' are (a cell
        that spells NaN counts as one); else it is of text.
        """
        vocabularies = [
            None
            if _is_of_numbers([row[at] for row in rows], [row[at] for row in background])
            else tuple(sorted({cell for row in (*rows, *background) if (cell := row[at]) is not None}))
            for at in range(len(names))
        ]
        return cls(tuple(names), tuple(vocabularies))

    def sound(self, rows: Sequence[Row]) -> list[bool]:
        """Which rows have no text where the column is of numbers."""
        fits = np.ones(len(rows), np.bool_)
        for at, words in enumerate(self.vocabularies):
            if words is None and rows:
                cells = Cells(pa.array([row[at] for row in rows], pa.string()))
                wrong = np.isnan(cells.numbers) & ~cells.non_finite & (np.asarray(cells.spelling.lengths) > 0)
                fits &= ~np.append(wrong, False)[cells.codes]
        return fits.tolist()

    @property
    def texts(self) -> list[str]:
        """Names of the columns that hold text."""
        return [name for name, words in zip(self.names, self.vocabularies, strict=True) if words is not None]

    def encoded(self, rows: Sequence[Row]) -> Floats:
        """The rows as a matrix, (rows, features); texts that are not in the vocabulary are missing."""
        found = np.full((len(rows), len(self.names)), np.nan)
        columns = zip(*rows, strict=True) if rows else ()
        for at, (column, words) in enumerate(zip(columns, self.vocabularies, strict=False)):
            if words is None:
                found[:, at] = _numbers(column)
            else:
                places = {word: place for place, word in enumerate(words)}
                found[:, at] = [math.nan if cell is None else places.get(cell, math.nan) for cell in column]
        return found

    def numbers(self, rows: Floats) -> Floats:
        """The matrix for a model that knows numbers only; ContractError when a column holds text."""
        if self.texts:
            shown = ", ".join(map(repr, self.texts[:5]))
            raise ContractError(
                f"Could not convert string to float. The model takes numbers, but {shown} holds text. "
                'Hint: leave the column out (excluded_columns), or give the predictor a "script" that encodes it.'
            )
        return rows

    def columns(self, rows: Floats) -> list[pa.Array]:
        """The rows as columns: doubles, or text; null where a cell is missing."""
        return [self._column(rows[:, at], words) for at, words in enumerate(self.vocabularies)]

    def spelled(self, rows: Floats, *, quoted: bool) -> list[pa.Array]:
        """The columns as text for a request. quoted: as JSON values (null for missing), else as cells of CSV."""
        found = []
        for at, words in enumerate(self.vocabularies):
            if words is None:
                cells = self._column(rows[:, at], None).cast(pa.string())
            else:
                kept = [json.dumps(word) if quoted else _csv_cell(word) for word in words]
                cells = self._column(rows[:, at], tuple(kept))
            found.append(cells.fill_null("null" if quoted else ""))
        return found

    def _column(self, numbers: Floats, words: tuple[str, ...] | None) -> pa.Array:
        if words is None:
            # Infinities have no spelling in JSON either.
            return pa.array(np.ascontiguousarray(numbers), mask=~np.isfinite(numbers))
        places = np.where(np.isnan(numbers), 0, numbers).astype(np.int32)
        indices = pa.array(places, mask=np.isnan(numbers))
        return pa.array(words, pa.string()).take(indices)


def _is_of_numbers(cells: Sequence[str | None], background: Sequence[str | None]) -> bool:
    mine, other = _share_of_numbers(cells), _share_of_numbers(background)
    if mine is None:
        return other in (None, 1.0)
    return mine >= 0.5 and other in (None, 1.0)


def _share_of_numbers(column: Sequence[str | None]) -> float | None:
    """Share of the present cells that are numbers; None when none is present. Empty texts are not."""
    cells = Cells(pa.array([cell or None for cell in column], pa.string()))
    total = int(cells.counts.sum())
    if not total:
        return None
    return float(cells.counts[np.isfinite(cells.numbers) | cells.non_finite].sum()) / total


def _numbers(column: Sequence[str | None]) -> Floats:
    """Cells as numbers; what is none (of other rows than those the features were told by) is missing."""
    cells = Cells(pa.array(column, pa.string()))
    return np.append(cells.numbers, np.nan)[cells.codes]


def _csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
