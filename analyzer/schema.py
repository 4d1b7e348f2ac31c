"""Kinds of cells and columns, and the grammar that decides them (specification deequ.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

INTEGRAL_TEXT = r"^[-+]? ?[0-9]+$"
FRACTIONAL_TEXT = r"^[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[eE][-+]?[0-9]+)$"
BOOLEAN_TEXT = r"^(?:true|false)$"
LEADING_ZERO_TEXT = r"^[-+]? ?0[0-9]"
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


# Plain numbers for the hot path: looking a member up in an enumeration takes a microsecond.
FRACTIONAL, INTEGRAL, BOOLEAN, STRING = (int(kind) for kind in list(Kind)[1:])
_ZERO = np.uint8(48)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The bytes of some texts: all of them in one array, and where each begins and how long it is (in bytes)."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, texts: pa.StringArray) -> Spelling:
        """A view of Arrow's own memory."""
        _, offsets, data = texts.buffers()
        wide = pa.types.is_large_string(texts.type)
        if data is None or not len(texts):
            return cls(np.empty(0, np.uint8), np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64))
        ends = np.frombuffer(offsets, np.int64 if wide else np.int32)[texts.offset : texts.offset + len(texts) + 1]
        ends = ends.astype(np.int64)
        view = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
        return cls(view, ends[:-1] - ends[0], np.diff(ends))

    @property
    def is_digits(self) -> bool:
        """Whether every text is a run of ASCII digits."""
        # Below "0" the subtraction wraps around to large values.
        return bool(self.lengths.size and self.lengths.min() and (self.data - np.uint8(48) < 10).all())

    def at(self, place: int) -> npt.NDArray[np.uint8]:
        """The byte at that place of every text; 0 where the text is shorter."""
        long = self.lengths > place
        found = np.zeros(len(self.starts), np.uint8)
        found[long] = self.data[self.starts[long] + place]
        return found


def kinds_of_texts(texts: pa.StringArray, spelling: Spelling | None = None) -> npt.NDArray[np.uint8]:
    """Kind of every text; the whole text must match, digits are ASCII.

    The regular expressions run only where something other than digits occurs, which
    leaves plain integer columns at the speed of looking at their bytes once.
    """
    if (spelling or Spelling.of(texts)).is_digits:
        return np.full(len(texts), INTEGRAL, np.uint8)
    kinds = np.full(len(texts), STRING, np.uint8)
    # "$" also matches before a final line feed in some engines; RE2's does not.
    kinds[_matches(texts, FRACTIONAL_TEXT)] = FRACTIONAL
    if not (kinds == FRACTIONAL).all():
        kinds[_matches(texts, INTEGRAL_TEXT)] = INTEGRAL
        kinds[_matches(texts, BOOLEAN_TEXT)] = BOOLEAN
    return kinds


def leading_zeros(texts: pa.StringArray, spelling: Spelling) -> npt.NDArray[np.bool_]:
    """Which texts begin, after a sign, with a zero that another digit follows."""
    first = spelling.at(0)
    if (first - np.uint8(1) < _ZERO - 1).any():  # a sign or a blank
        return _matches(texts, LEADING_ZERO_TEXT)
    zero: npt.NDArray[np.bool_] = first == _ZERO
    if zero.any():
        zero &= spelling.at(1) - _ZERO < 10
    return zero


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
    if not (kinds == STRING).any():
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


def _matches(texts: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.match_substring_regex(texts, pattern).fill_null(False), np.bool_)


def _no_strings(kinds: npt.NDArray[np.uint8]) -> bool:
    return bool((kinds <= INTEGRAL).all())


def _some_numbers(texts: pa.StringArray, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    numbers = np.full(len(texts), np.nan)
    wanted = np.flatnonzero((kinds == INTEGRAL) | (kinds == FRACTIONAL) | non_finite_texts(texts, kinds))
    for index, text in zip(wanted.tolist(), texts.take(pa.array(wanted)).to_pylist(), strict=True):
        numbers[index] = float(text.replace(" ", ""))
    return numbers
