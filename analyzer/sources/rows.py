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
    columns: dict[str, pa.Array] = {}
    for name in names:
        written = _utf8(name)
        while written != name and (written in names or written in columns):
            written += "_2"
        columns[written] = pa.array([row.get(name) for row in rows], pa.string())
    return columns


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
    return _utf8(str(value))


def _utf8(text: str) -> str:
    """The text without lone surrogates, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() or text.isprintable() else text.encode("utf-8", "replace").decode("utf-8")
