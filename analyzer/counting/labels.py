"""Labels: the cells of a column as classes, in one spelling, so that 1, 1.0 and "1" are one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Batch, Cells
from analyzer.schema import FRACTIONAL, INTEGRAL, Spelling, kinds_of_texts, leading_zeros, non_finite_texts
from analyzer.schema import numbers_of_texts as _numbers_of_texts

Codes = npt.NDArray[np.intp]

ABOVE, BELOW = "\0above", "\0below"  # stand for the classes a threshold decides on, until these are known by name
MOST_CODES = 1 << 20  # up to which counting all of them is faster than sorting
LARGEST_WHOLE = 2.0**53  # beyond, doubles cannot tell neighbouring whole numbers apart


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes of a column of one batch.

    names: of the distinct classes. codes: per row the index of its class, -1 where there is none.
    """

    names: pa.StringArray
    codes: Codes

    @classmethod
    def of(cls, cells: Cells) -> Labels:
        """Missing cells, empty texts, NaN and infinities are no class."""
        encoded = spelled(cells).dictionary_encode()
        places = np.asarray(encoded.indices.fill_null(-1)).astype(np.intp)
        return cls(encoded.dictionary, np.append(places, -1)[cells.codes])  # code -1 finds the last place

    @classmethod
    def in_batch(cls, batch: Batch, column: str) -> Labels | None:
        """The classes of a column; None when the batch does not have it."""
        return cls.of(batch.cells(column)) if batch.sees(column) else None

    def paired(self, other: Labels) -> Pairs:
        """How often each class stands beside each class of other labels of the same rows."""
        both = (self.codes >= 0) & (other.codes >= 0)
        width = max(1, len(other.names))
        pairs, rows = _counted(self.codes[both] * width + other.codes[both], len(self.names) * width)
        names = pa.concat_arrays([self.names, other.names.cast(self.names.type)]).dictionary_encode()
        places = np.asarray(names.indices).astype(np.intp)
        return Pairs(names.dictionary, places[pairs // width], places[len(self.names) + pairs % width], rows)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of classes that occur: the indices of both among the names, and the rows of each pair."""

    names: pa.StringArray
    left: Codes
    right: Codes
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predicted classes: those of a column or, with a threshold, whether its number is ABOVE it or not."""

    column: str = "prediction"
    threshold: float | None = None

    def labels(self, batch: Batch) -> Labels | None:
        """The class of every row; None when the batch does not have the column."""
        if self.threshold is None or not batch.sees(self.column):
            return Labels.in_batch(batch, self.column)
        cells = batch.cells(self.column)
        classes = np.where(cells.finite, (cells.numbers > self.threshold).astype(np.intp), -1)
        return Labels(pa.array([BELOW, ABOVE]), np.append(classes, -1)[cells.codes])


@dataclass(frozen=True, slots=True)
class Likeliest:
    """Predicted classes: the class with the highest score, the first of several.

    classes and the columns of their scores are in the same order; rows without a number for each have no class.
    """

    classes: tuple[str, ...]
    columns: tuple[str, ...]

    def labels(self, batch: Batch) -> Labels | None:
        """The class of every row; None when the batch does not have the columns."""
        if not all(map(batch.sees, self.columns)):
            return None
        best, codes = np.full(batch.rows, -np.inf), np.zeros(batch.rows, np.intp)
        whole = np.ones(batch.rows, np.bool_)
        for at, column in enumerate(self.columns):
            cells = batch.cells(column)
            scores = np.append(np.where(cells.finite, cells.numbers, np.nan), np.nan)[cells.codes]
            whole &= ~np.isnan(scores)
            better = scores > best
            codes[better], best[better] = at, scores[better]
        return Labels(pa.array(self.classes), np.where(whole, codes, -1))


def spelled(cells: Cells) -> pa.StringArray:
    """The class of every distinct value, null where it is none.

    Whole numbers lose their fraction, exponent and sign + (1.0, 1e0 and +1 are 1), other numbers are spelled as short
    as possible (0.50 is 0.5), blanks around a text go, true and false are lower case. Numbers with leading zeros are
    identifiers and stay as they are; long texts are shortened (Cells.keys).
    """
    texts = pc.utf8_trim_whitespace(cells.keys)
    spelling = Spelling.of(texts)
    kinds = kinds_of_texts(texts, spelling)
    numeric = (kinds == FRACTIONAL) | (kinds == INTEGRAL)
    if not numeric.all():
        texts = _words(texts, kinds)
    zeros = leading_zeros(texts, spelling) if cells.is_text else np.zeros(len(texts), np.bool_)
    wanted = numeric & ~zeros & ~((kinds == INTEGRAL) & spelling_is_plain(spelling))
    return _respelled(texts, kinds, wanted) if wanted.any() else texts


def one(text: str) -> str:
    """The class that a text given by a person names: the same spelling rules.

    >>> one("1.0"), one(" 0.50 "), one("TRUE"), one("007")
    ('1', '0.5', 'true', '007')
    """
    found = spelled(Cells(pa.array([text])))[0].as_py()
    return text if found is None else str(found)


def in_order(names: list[str]) -> list[str]:
    """Classes as documents list them: numbers by value when all are numbers, otherwise by text.

    >>> in_order(["10", "9", "-1"]), in_order(["b", "10", "9"])
    (['-1', '9', '10'], ['10', '9', 'b'])
    """
    texts = pa.array(names, pa.string())
    kinds = kinds_of_texts(texts)
    if not names or not np.isin(kinds, (FRACTIONAL, INTEGRAL)).all():
        return sorted(names)
    numbers = _numbers_of_texts(texts, kinds).tolist()
    return [name for _, name in sorted(zip(numbers, names, strict=True))]


def spelling_is_plain(spelling: Spelling) -> npt.NDArray[np.bool_]:
    """Which texts begin with a digit."""
    plain: npt.NDArray[np.bool_] = spelling.at(0) - np.uint8(48) < 10  # below "0" the subtraction wraps around
    return plain


def _counted(codes: Codes, bound: int) -> tuple[Codes, npt.NDArray[np.int64]]:
    """The codes that occur, all below a bound, and how often."""
    if bound > MOST_CODES:
        return np.unique(codes, return_counts=True)
    rows = np.bincount(codes, minlength=1)
    seen = np.flatnonzero(rows)
    return seen, rows[seen]


def _words(texts: pa.StringArray, kinds: npt.NDArray[np.uint8]) -> pa.StringArray:
    """True and False in lower case; what is empty, NaN or infinite becomes null."""
    lower = pc.utf8_lower(texts)
    texts = pc.if_else(pc.is_in(lower, pa.array(["true", "false"], texts.type)), lower, texts)
    nothing = non_finite_texts(texts, kinds) | np.asarray(pc.equal(pc.binary_length(texts), 0), np.bool_)
    return pc.if_else(pa.array(nothing), pa.scalar(None, texts.type), texts) if nothing.any() else texts


def _respelled(texts: pa.StringArray, kinds: npt.NDArray[np.uint8], wanted: npt.NDArray[np.bool_]) -> pa.StringArray:
    """The wanted texts as their number is spelled shortest; digits beyond a double stay as they are."""
    numbers = _numbers_of_texts(texts, kinds) + 0.0  # -0.0 becomes 0.0
    whole = wanted & (np.abs(numbers) < LARGEST_WHOLE) & (numbers == np.trunc(numbers))
    other = wanted & (kinds == FRACTIONAL) & np.isfinite(numbers) & ~whole
    integers = pa.array(np.where(whole, numbers, 0).astype(np.int64)).cast(texts.type)
    doubles = pa.array(np.where(other, numbers, 0.5)).cast(texts.type)
    return pc.if_else(pa.array(whole), integers, pc.if_else(pa.array(other), doubles, texts))
