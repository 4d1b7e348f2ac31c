"""Text of strangers made safe for terminals, logs and messages (column names and values come from captured data)."""

from __future__ import annotations

import unicodedata

_PER_CELL = 4  # characters kept per cell of width, so that piles of combining marks stay small


def printable(text: str) -> str:
    r"""The text with every control, bidirectional override, line separator and surrogate escaped.

    >>> printable(chr(27) + "[31m") == r"\x1b[31m"
    True
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def width(text: str) -> int:
    """Cells of a terminal the text takes: 2 for wide characters, 0 for combining marks."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def clip(text: str, cells: int) -> str:
    """The text, safe to print, in at most `cells` cells (at least 4); "..." stands for what was cut."""
    shown = printable(text[: _PER_CELL * cells])
    if len(text) <= _PER_CELL * cells and width(shown) <= cells:
        return shown
    kept, room = [], cells - 3
    for character in shown:
        room -= _cells(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "..."


def pad(text: str, cells: int) -> str:
    """The text filled with blanks to `cells` cells."""
    return text + " " * (cells - width(text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
