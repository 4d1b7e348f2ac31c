"""Fold: the algebra of every number in a report.

A fold is a small immutable description of a statistic with four verbs. Its state is a separate value; states
of equal folds merge. It is a mergeable aggregator, not the left fold of functional programming.

What every fold promises (tests/laws.py runs these over all of them):

* split invariance: updating with a then b, or merging the states of a and b, gives the same result; sketches
  promise it exactly while they are exact, and within their stated error beyond;
* associativity; identity (`merge(zero, s)` is `s`, on both sides); round trip (`load(dump(s))` behaves as `s`);
* `update` may change and return its state, `merge` may change `left`, never `right`; batches never change;
* totality: `result(zero)` is defined, and "undefined" is None, never NaN or a sentinel;
* bounded state: its size does not grow with rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, Protocol, get_origin

import msgspec
import numpy as np
import pyarrow as pa

from analyzer.batch import Batch, Cells

FORMAT = b"\x01"  # first byte of every dumped state
MOST_COLUMNS = 20_000  # of a data set; captured JSON can hold a new key in every record
OTHERS = "\0others"  # stands for the columns beyond, which no column can be called (names hold no NUL first)
TOO_MANY = f"the data has more than {MOST_COLUMNS:,} columns; cells of the others were left out"
DATA_ERRORS = (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError, OverflowError)  # of data, never of code


class Fold(Protocol):
    """A statistic of batches."""

    @property
    def state(self) -> Any:
        """Type of the state, for `load`."""

    def zero(self) -> Any: ...
    def update(self, state: Any, batch: Batch) -> Any: ...
    def merge(self, left: Any, right: Any) -> Any: ...
    def result(self, state: Any) -> Any: ...


class ColumnFold(Protocol):
    """A statistic of one column; `Each` lifts it to batches."""

    @property
    def state(self) -> Any: ...

    def zero(self) -> Any: ...
    def update(self, state: Any, cells: Cells) -> Any: ...
    def merge(self, left: Any, right: Any) -> Any: ...
    def result(self, state: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a statistic of one column could not be computed; its neighbours' could."""

    reason: str


@dataclass(frozen=True)
class Each:
    """A column fold over every column of the data set, or `only` some; columns may come and go between batches.

    State:  per column its state, and the reason of every column that failed (a failure absorbs later merges). Of data
            with more than `most` columns the first are kept; OTHERS fails in the name of the rest.
    Result: per column the fold's result or a Failure, in order of first appearance.
    """

    fold: ColumnFold
    most: int = MOST_COLUMNS
    only: tuple[str, ...] | None = None

    @property
    def state(self) -> Any:
        return GenericAlias(tuple, (GenericAlias(dict, (str, self.fold.state)), dict[str, str]))

    def zero(self) -> Any:
        return ({}, {})

    def update(self, state: Any, batch: Batch) -> Any:
        columns, failures = state
        for name in batch.columns if self.only is None else filter(batch.columns.__contains__, self.only):
            if name not in columns and len(columns) >= self.most:
                failures[OTHERS] = TOO_MANY
            elif name not in failures:
                try:
                    mine = columns.get(name)
                    columns[name] = self.fold.update(self.fold.zero() if mine is None else mine, batch.cells(name))
                except DATA_ERRORS as error:
                    failures[name] = _reason(error)
        return state

    def merge(self, left: Any, right: Any) -> Any:
        columns, failures = left
        for name, other in right[0].items():
            mine = columns.get(name)
            if mine is None and len(columns) >= self.most:
                failures[OTHERS] = TOO_MANY
            else:
                columns[name] = other if mine is None else self.fold.merge(mine, other)
        for name, reason in right[1].items():
            failures.setdefault(name, reason)
        return left

    def result(self, state: Any) -> dict[str, Any]:
        columns, failures = state
        names = dict.fromkeys([*columns, *failures])
        return {n: Failure(failures[n]) if n in failures else self.fold.result(columns[n]) for n in names}


@dataclass(frozen=True)
class Scan:
    """The product: a set of folds is a fold, fed by one pass. Equal folds are computed once.

    A fold that fails on its data becomes a Failure; the others go on. Bugs are let through.
    """

    folds: tuple[Fold, ...]

    @classmethod
    def of(cls, folds: Iterable[Fold]) -> Scan:
        return cls(tuple(dict.fromkeys(folds)))

    @property
    def state(self) -> Any:
        return tuple[dict[int, Any], dict[int, str]]

    def zero(self) -> Any:
        return ({index: fold.zero() for index, fold in enumerate(self.folds)}, {})

    def update(self, state: Any, batch: Batch) -> Any:
        states, failures = state
        for index, fold in enumerate(self.folds):
            if index not in failures:
                try:
                    states[index] = fold.update(states[index], batch)
                except DATA_ERRORS as error:
                    failures[index] = _reason(error)
        return state

    def merge(self, left: Any, right: Any) -> Any:
        states, failures = left
        failures.update({index: reason for index, reason in right[1].items() if index not in failures})
        for index, fold in enumerate(self.folds):
            states[index] = fold.merge(states[index], right[0][index])
        return left

    def result(self, state: Any) -> Mapping[Fold, Any]:
        states, failures = state
        return {
            fold: Failure(failures[i]) if i in failures else fold.result(states[i]) for i, fold in enumerate(self.folds)
        }

    def dump(self, state: Any) -> bytes:
        """The state as bytes, to cross a process or be stored."""
        states, failures = state
        return FORMAT + _encoder.encode([list(states.values()), failures])

    def load(self, data: bytes) -> Any:
        """The state `dump` wrote; ValueError for another format."""
        if data[:1] != FORMAT:
            raise ValueError(f"state format {data[:1]!r} is not {FORMAT!r}")
        states_kind = GenericAlias(tuple, tuple(fold.state for fold in self.folds))
        kinds = GenericAlias(tuple, (states_kind, dict[int, str]))
        # Arrays are views of one buffer, which must be writable: states change when they are merged.
        buffer = memoryview(bytearray(data))[1:]
        states, failures = msgspec.msgpack.decode(buffer, type=kinds, dec_hook=_decode, ext_hook=_array)
        return (dict(enumerate(states)), failures)


def merge_tree(fold: Fold, states: Iterable[Any]) -> Any:
    """One state from many, over the balanced tree that their order fixes.

    Leaves pair up as 2^k aligned blocks, so an engine that merges aligned blocks itself and hands over the
    blocks gets the same tree, and therefore the same bytes.
    """
    stack: list[tuple[int, Any]] = []
    for state in states:
        level = 0
        while stack and stack[-1][0] == level:
            state = fold.merge(stack.pop()[1], state)
            level += 1
        stack.append((level, state))
    if not stack:
        return fold.zero()
    total = stack.pop()[1]
    while stack:
        total = fold.merge(stack.pop()[1], total)
    return total


def fold_batches(fold: Fold, batches: Iterable[Batch]) -> Any:
    """The state after all batches, in order."""
    state = fold.zero()
    for batch in batches:
        state = fold.update(state, batch)
    return state


def aligned_blocks(count: int, size: int) -> Iterator[range]:
    """Indices 0..count-1 in runs of `size`, a power of two."""
    if size & (size - 1):
        raise ValueError(f"block size {size} is not a power of two")
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return msgspec.msgpack.Ext(1, value.dtype.char.encode() + value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot dump {type(value).__name__}")


def _array(code: int, data: memoryview) -> Any:
    return np.frombuffer(data[1:], np.dtype(bytes(data[:1]).decode()))


def _decode(kind: Any, value: Any) -> Any:
    if isinstance(value, get_origin(kind) or kind):
        return value
    raise TypeError(f"expected {kind}, found {type(value).__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
