"""Sample: some rows of the data, drawn with equal chances and without a coin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from analyzer.batch import Batch
from analyzer.schema import Spelling

Keys = npt.NDArray[np.uint64]
Row = list[str | None]


@dataclass(slots=True)
class SampleState:
    """The rows with the smallest keys; the cells of one row and 8 bytes for each."""

    keys: Keys = field(default_factory=lambda: np.empty(0, np.uint64))
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """Up to `limit` rows, each with the same chance; all rows while there are no more.

    Parameters: columns whose cells are kept; limit, rows; seed: another one draws other rows.
    Input:  every row; cells as text, None where missing. Longer texts than `longest` characters are cut.
    State:  at most `limit` rows of the columns.
    Result: rows ordered by content, so that equal rows are neighbours and no order of reading shows.
    Error:  a row's key is a hash of its place and of its batch's content. Sources cut batches alike on every engine,
            so the same data gives the same sample. Equal batches are drawn alike.
    Source: Cohen, Kaplan 2007 (bottom-k sampling).
    """

    columns: tuple[str, ...]
    limit: int = 1000
    seed: int = 0
    longest: int = 4096

    @property
    def state(self) -> type[SampleState]:
        return SampleState

    def zero(self) -> SampleState:
        return SampleState()

    def update(self, state: SampleState, batch: Batch) -> SampleState:
        keys = self._keys(batch)
        full = len(state.keys) >= self.limit
        chosen = np.flatnonzero(keys < state.keys.max()) if full and self.limit else np.arange(len(keys))
        if len(chosen) > self.limit:
            chosen = chosen[np.argpartition(keys[chosen], self.limit - 1)[: self.limit]]
        fresh = SampleState(keys[chosen], self._rows(batch, chosen))
        return self.merge(state, fresh)

    def merge(self, left: SampleState, right: SampleState) -> SampleState:
        keys, rows = np.concatenate([left.keys, right.keys]), left.rows + right.rows
        if len(keys) > self.limit:
            # Equal keys come from equal batches, and belong to equal rows.
            kept = np.sort(np.argsort(keys, kind="stable")[: self.limit])
            keys, rows = keys[kept], [rows[at] for at in kept.tolist()]
        left.keys, left.rows = keys, rows
        return left

    def result(self, state: SampleState) -> list[Row]:
        return sorted(state.rows, key=lambda row: [(cell is not None, cell or "") for cell in row])

    def _keys(self, batch: Batch) -> Keys:
        """A random-looking number for every row (the finaliser of SplitMix64)."""
        digest = xxhash.xxh3_64(seed=self.seed)
        for name in self.columns:
            digest.update(name.encode())
            for buffer in _content(batch.columns.get(name)):
                digest.update(buffer)
        with np.errstate(over="ignore"):
            bits = np.arange(batch.rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            bits += np.uint64(digest.intdigest())
            bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))

    def _rows(self, batch: Batch, chosen: npt.NDArray[np.int64]) -> list[Row]:
        places = pa.array(chosen)
        columns = [self._texts(batch.columns.get(name), places) for name in self.columns]
        return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in chosen]

    def _texts(self, array: pa.Array | None, places: pa.Array) -> Row:
        if array is None or pa.types.is_nested(array.type):
            return [None] * len(places)
        taken = array.take(places).cast(pa.string())
        return list(pc.utf8_slice_codeunits(taken, 0, self.longest).to_pylist())


def _content(array: pa.Array | None) -> Iterator[bytes]:
    """What the column's cells are, byte by byte, whatever memory lies around and under them."""
    if array is None or pa.types.is_nested(array.type):
        return
    yield np.asarray(array.is_null()).tobytes()
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        yield np.asarray(array.fill_null(0)).tobytes()
        return
    texts = array if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) else array.cast(pa.string())
    spelling = Spelling.of(texts.fill_null(""))
    yield spelling.data.tobytes()
    yield spelling.lengths.tobytes()
