"""Kinds of cells and columns, and the grammar that decides them (specification deequ.md, section 2)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

INTEGRAL_TEXT = r"^[-+]? ?[0-9]+$"
FRACTIONAL_TEXT = r"^[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[eE][-+]?[0-9]+)$"
BOOLEAN_TEXT = r"^(?:true|false)$"
NON_FINITE_TEXT = r"(?i)^[-+]?(?:nan|inf|infinity)$"


class Kind(IntEnum):
    """Class of a cell, and type of a column, in Deequ's order."""

    UNKNOWN = 0
    FRACTIONAL = 1
    INTEGRAL = 2
    BOOLEAN = 3
    STRING = 4

    @property
    def is_number(self) -> bool:
        return self in (Kind.FRACTIONAL, Kind.INTEGRAL)

    @property
    def label(self) -> str:
        """Spelling in the documents: Integral, Fractional, ..."""
        return self.name.capitalize()


def kinds_of_texts(texts: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Kind of every text; the whole text must match, digits are ASCII.

    The regular expressions run only where something other than digits occurs, which
    leaves plain integer columns at the speed of scanning their bytes once.
    """
    if _only_digits(texts):
        return np.full(len(texts), Kind.INTEGRAL, np.uint8)
    kinds = np.full(len(texts), Kind.STRING, np.uint8)
    # "$" also matches before a final line feed in some engines; RE2's does not.
    kinds[_matches(texts, FRACTIONAL_TEXT)] = Kind.FRACTIONAL
    if not (kinds == Kind.FRACTIONAL).all():
        kinds[_matches(texts, INTEGRAL_TEXT)] = Kind.INTEGRAL
        kinds[_matches(texts, BOOLEAN_TEXT)] = Kind.BOOLEAN
    return kinds


def numbers_of_texts(texts: pa.StringArray, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Value of every text that is a number or spells a non-finite one; NaN elsewhere.

    Digits that overflow a double become infinite, and are counted as such, never summed.
    """
    try:
        return np.asarray(texts.cast(pa.float64()), np.float64) if _no_strings(kinds) else _some_numbers(texts, kinds)
    except pa.ArrowInvalid:  # a sign followed by a blank, or a leading blank: Deequ's grammar allows both
        return _some_numbers(texts, kinds)


def non_finite_texts(texts: pa.StringArray, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which texts spell NaN or an infinity (``NaN``, ``inf``, ``-Infinity``, any case)."""
    if not (kinds == Kind.STRING).any():
        return np.zeros(len(texts), np.bool_)
    return _matches(texts, NON_FINITE_TEXT)


def decide(counts: npt.NDArray[np.int64]) -> Kind:
    """Type of a column from its five class counts (by Kind), Deequ's rule without tolerance.

    >>> decide(np.array([3, 0, 7, 0, 0])).label
    'Integral'
    >>> decide(np.array([0, 1, 7, 0, 0])).label, decide(np.array([0, 0, 7, 1, 0])).label
    ('Fractional', 'String')
    """
    if counts[Kind.UNKNOWN] and counts[Kind.UNKNOWN] == counts.sum():
        return Kind.UNKNOWN
    numbers = counts[Kind.INTEGRAL] + counts[Kind.FRACTIONAL]
    if counts[Kind.STRING] or (counts[Kind.BOOLEAN] and numbers):
        return Kind.STRING
    if counts[Kind.BOOLEAN]:
        return Kind.BOOLEAN
    return Kind.FRACTIONAL if counts[Kind.FRACTIONAL] else Kind.INTEGRAL


def _only_digits(texts: pa.StringArray) -> bool:
    lengths = pc.binary_length(texts)
    if len(texts) and pc.min(lengths).as_py() == 0:
        return False
    return not text_bytes(texts).translate(None, b"0123456789")


def text_bytes(texts: pa.StringArray) -> bytes:
    """The bytes of all texts of an array, one after the other."""
    data = texts.buffers()[2]
    if data is None or not len(texts):
        return b""
    wide = pa.types.is_large_string(texts.type)
    offsets = np.frombuffer(texts.buffers()[1], np.int64 if wide else np.int32)[texts.offset :]
    return memoryview(data)[int(offsets[0]) : int(offsets[len(texts)])].tobytes()


def _matches(texts: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.match_substring_regex(texts, pattern).fill_null(False), np.bool_)


def _no_strings(kinds: npt.NDArray[np.uint8]) -> bool:
    return bool((kinds <= Kind.INTEGRAL).all())


def _some_numbers(texts: pa.StringArray, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    numbers = np.full(len(texts), np.nan)
    wanted = np.flatnonzero((kinds == Kind.INTEGRAL) | (kinds == Kind.FRACTIONAL) | non_finite_texts(texts, kinds))
    for index, text in zip(wanted.tolist(), texts.take(pa.array(wanted)).to_pylist(), strict=True):
        numbers[index] = float(text.replace(" ", ""))
    return numbers
