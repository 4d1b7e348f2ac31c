"""Batch: some rows of the data set as columns, and Cells: one column seen through its distinct values.

Every typed view is computed once per batch, on the distinct values, and shared by all folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from analyzer.schema import FRACTIONAL, INTEGRAL, STRING, Spelling, kinds_of_texts, non_finite_texts, numbers_of_texts

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

LONGEST = 512  # characters of a text that documents spell out


class Cells:
    """One column of one batch.

    Text is judged by the grammar of its characters; typed columns (Parquet) by their type. Null is missing.
    NaN and infinities are present.
    """

    def __init__(self, array: pa.Array) -> None:
        encoded = _comparable(array).dictionary_encode()
        self.rows: int = len(array)
        self.missing: int = array.null_count
        self.values: pa.Array = encoded.dictionary
        indices = encoded.indices.fill_null(-1) if self.missing else encoded.indices
        kind = self.values.type
        self.is_text = bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
        self.codes: Codes = np.asarray(indices).astype(np.intp)  # numpy indexes by this type without a copy

    @cached_property
    def present_codes(self) -> Codes:
        """Index into ``values`` of every present cell, in row order."""
        return self.codes[self.codes >= 0] if self.missing else self.codes

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Rows of every distinct value."""
        return np.bincount(self.present_codes, minlength=len(self.values)).astype(np.int64, copy=False)

    @cached_property
    def texts(self) -> pa.StringArray:
        """The distinct values as text."""
        return self.values if self.is_text else self.values.cast(pa.string())

    @cached_property
    def spelling(self) -> Spelling:
        """The bytes of the distinct texts."""
        return Spelling.of(self.texts)

    @cached_property
    def keys(self) -> pa.StringArray:
        """The distinct values as documents spell them: long texts shortened to their start and a hash."""
        lengths = self.spelling.lengths
        if not len(lengths) or lengths.max() <= LONGEST:
            return self.texts
        return pa.array(map(key_of, self.texts.to_pylist()), self.texts.type)

    @cached_property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """Kind of every distinct value."""
        if self.is_text:
            return kinds_of_texts(self.values, self.spelling)
        kind = FRACTIONAL if pa.types.is_floating(self.values.type) else INTEGRAL
        return np.full(len(self.values), kind, np.uint8)

    @cached_property
    def has_texts(self) -> bool:
        """Whether a cell is of class String."""
        return bool(len(self.kinds) and self.kinds.max() == STRING)

    @cached_property
    def numbers(self) -> Floats:
        """Value of every distinct value; NaN where it is not a number or spells NaN."""
        if self.is_text:
            return numbers_of_texts(self.values, self.kinds)
        return np.asarray(self.values.cast(pa.float64(), safe=False), np.float64)

    @cached_property
    def non_finite(self) -> npt.NDArray[np.bool_]:
        """Which distinct values are, or spell, NaN or an infinity (also digits too large for a double)."""
        if not self.is_text:
            return ~np.isfinite(self.numbers)
        return non_finite_texts(self.values, self.kinds) | np.isinf(self.numbers)

    @cached_property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Which distinct values are finite numbers."""
        return np.isfinite(self.numbers)

    @cached_property
    def all_finite(self) -> bool:
        """Whether every present cell is a finite number."""
        return bool(self.finite.all())

    @cached_property
    def row_numbers(self) -> Floats:
        """The finite numbers of the column in row order; everything else is dropped."""
        numbers: Floats = self.numbers[self.present_codes]
        return numbers if self.all_finite else numbers[np.isfinite(numbers)]


@dataclass(slots=True)
class Rejected:
    """A record that could not be used, and where it stands; its content is kept only when asked for.

    reason: one of a few fixed texts, by which records are counted. detail: numbers and names of this one.
    line: counted from 1 within the piece that starts at byte `start` of the file (0: the file itself).
    """

    reason: str
    path: str
    line: int
    event_id: str | None = None
    excerpt: str | None = None
    detail: str | None = None
    start: int = 0


@dataclass(slots=True)
class Intake:
    """What happened to the records behind a batch, before folding.

    records: lines or rows read. outside: records outside the window. rejected: by reason. samples: the first
    rejected ones. dropped: records a user script dropped. lines: newlines per (path, byte offset) of pieces of
    files that were split, from which line numbers of samples become absolute.
    """

    records: int = 0
    outside: int = 0
    untimed: int = 0
    dropped: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    samples: list[Rejected] = field(default_factory=list)
    lines: dict[str, dict[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class Truth:
    """What was found in ground truth records, before and after captured records met them.

    records: lines read. rejected: by reason, and samples the first of them. ids: different ones. matched: ids that a
    captured record in the window has. repeated: records beyond the first of their id. left_out: records that are no
    label of their id, another one being. conflicting: ids whose records differ. unmatched, conflicts: some ids.
    first_hour, last_hour: in which labels were collected, in hours since 1970; None when no folder says it.
    """

    records: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    samples: list[Rejected] = field(default_factory=list)
    ids: int = 0
    matched: int = 0
    repeated: int = 0
    left_out: int = 0
    conflicting: int = 0
    unmatched: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    first_hour: int | None = None
    last_hour: int | None = None


@dataclass(slots=True)
class Joined:
    """What became of captured records that were to meet ground truth.

    captured: records inside the window. labelled: those with a label. by_event: of these, those found by their event
    id although they have an inference id. without_id: records that have neither. pairs: labels found, one or more for
    a labelled record. delays: pairs by hours from inference to label. unmatched: ids of the first without a label.
    """

    captured: int = 0
    labelled: int = 0
    by_event: int = 0
    without_id: int = 0
    pairs: int = 0
    delays: dict[int, int] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    truth: Truth = field(default_factory=Truth)


class RowNames(Protocol):
    """A name for every row, by position: a list, an Arrow array of text, or anything alike."""

    def __getitem__(self, row: int, /) -> Any: ...


@dataclass(slots=True)
class Batch:
    """Rows as named Arrow columns of equal length; text columns hold the cells as they were captured.

    ids names every row for people (event id), where the source has such names. joined: what became of the captured
    records behind the batch, where they were to meet ground truth.
    """

    columns: Mapping[str, pa.Array]
    rows: int
    ids: RowNames | None = None
    intake: Intake = field(default_factory=Intake)
    joined: Joined | None = None
    _cells: dict[str, Cells] = field(default_factory=dict, repr=False)

    def sees(self, column: str) -> bool:
        """Whether the batch has the column, in a type whose cells can be told apart."""
        try:
            return column in self.columns and self.cells(column) is not None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return False

    def cells(self, column: str) -> Cells:
        """The column's cells, seen once for all folds; Arrow's error for a type that holds no cells (nested)."""
        found = self._cells.get(column)
        if found is None:
            found = self._cells[column] = Cells(self.columns[column])
        return found


def _comparable(array: pa.Array) -> pa.Array:
    """The array in a type whose distinct values the folds understand: text, integers or doubles."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return array
    if pa.types.is_floating(kind):
        return array.cast(pa.float64())
    if pa.types.is_decimal(kind):
        return array.cast(pa.int64()) if kind.scale == 0 and kind.precision <= 18 else array.cast(pa.float64())
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "true", "false")
    return array.cast(pa.string())


def key_of(text: str) -> str:
    """The text itself, or for a long one its first 64 characters and a hash, so that documents stay bounded."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:64]}...[{len(text)} characters, xxh128 {xxhash.xxh3_128_hexdigest(text.encode())}]"
