"""Rows as Python values, for everything that cannot be parsed in columns, and their way into Arrow."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

Cell = str | None
Row = dict[str, Cell]
"""Column name -> text of the cell; None, like an absent name, is missing."""


def columns_of(rows: Sequence[Row]) -> dict[str, pa.Array]:
    """Text columns over the union of the rows' names, in order of first appearance."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}


def text_of(value: object) -> Cell:
    """A scalar of a JSON payload or of a user's script as the text of a cell.

    >>> text_of(1), text_of(1.0), text_of(True), text_of(None), text_of("a")
    ('1', '1.0', 'true', None, 'a')
    """
    if value is None:
        return None
    if value is True:
        return "true"
    if value is False:
        return "false"
    text = str(value)
    # A lone surrogate cannot be written as UTF-8; JSON can spell one.
    return text if text.isascii() or text.isprintable() else text.encode("utf-8", "replace").decode("utf-8")
