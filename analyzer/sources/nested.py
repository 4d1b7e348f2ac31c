"""Arrow columns of any type as columns of cells: text, numbers or booleans.

Structs become `parent.child`. Lists become `parent.0`, `parent.1`, ... when they have a common length; a list of
another length leaves those cells missing and shows up as `<list>` in a column of its own. Lists without a common
length, maps, binary values and unknown types become a fixed text, so that present and missing still count. Dates,
times and timestamps become ISO 8601 text (UTC where a zone is known), durations integers of their unit.
Source: user_requests.md 20-23.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.sources.tabular import unique_names

DEEPEST = 32  # levels of nesting that are flattened


def flat_columns(batch: pa.RecordBatch, lengths: Mapping[str, int]) -> dict[str, pa.Array]:
    """Columns of cells; lengths: of the lists that are flattened, by flattened name."""
    named = zip(batch.schema.names, batch.columns, strict=True)
    leaves = [leaf for name, array in named for leaf in _leaves(name, array, lengths, DEEPEST)]
    names = unique_names([name for name, _ in leaves])
    return {name: array for name, (_, array) in zip(names, leaves, strict=True)}


def list_lengths(batch: pa.RecordBatch, limit: int) -> dict[str, int]:
    """The common length, from 1 to limit, of the lists in each column, by flattened name; others are left out."""
    lengths: dict[str, int] = {}
    level = list(zip(batch.schema.names, batch.columns, strict=True))
    for _ in range(DEEPEST):
        level = [inner for name, array in level for inner in _measured(name, array, limit, lengths)]
    return lengths


def holds_lists(kind: pa.DataType) -> bool:
    """Whether a column of this type has lists somewhere."""
    return is_list(kind) or any(holds_lists(kind.field(at).type) for at in range(kind.num_fields))


def is_list(kind: pa.DataType) -> bool:
    """Whether the type is a list of any layout but a view."""
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _measured(name: str, array: pa.Array, limit: int, lengths: dict[str, int]) -> Iterator[tuple[str, pa.Array]]:
    array = _plain(array)
    if types.is_struct(array.type):
        yield from _children(name, array)
    elif is_list(array.type):
        found = pc.unique(pc.list_value_length(array).drop_null()).to_pylist()
        if len(found) == 1 and 0 < found[0] <= limit:
            lengths[name] = found[0]
            yield from _elements(name, array, found[0])


def _leaves(name: str, array: pa.Array, lengths: Mapping[str, int], depth: int) -> Iterator[tuple[str, pa.Array]]:
    array = _plain(array)
    if depth and types.is_struct(array.type) and array.type.num_fields:
        for inner, child in _children(name, array):
            yield from _leaves(inner, child, lengths, depth - 1)
    elif depth and is_list(array.type) and name in lengths:
        _, fits = _fitting(array, lengths[name])
        odd = np.asarray(array.is_valid(), np.bool_) & ~fits
        if odd.any():
            yield name, _marked(odd, "<list>")
        for inner, child in _elements(name, array, lengths[name]):
            yield from _leaves(inner, child, lengths, depth - 1)
    else:
        yield name, _cells(array)


def _plain(array: pa.Array) -> pa.Array:
    """The array without dictionary or extension type."""
    while True:
        if isinstance(array.type, pa.BaseExtensionType):
            array = array.storage
        elif types.is_dictionary(array.type):
            array = array.dictionary_decode()
        else:
            return array


def _children(name: str, array: pa.StructArray) -> Iterator[tuple[str, pa.Array]]:
    for at, child in enumerate(array.flatten()):  # a null struct has null children
        yield f"{name}.{array.type.field(at).name}", child


def _fitting(array: pa.Array, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where each list begins in the array's values, and whether it has the length."""
    if types.is_fixed_size_list(array.type):
        size = array.type.list_size
        starts = (array.offset + np.arange(len(array), dtype=np.int64)) * size
        return starts, np.asarray(array.is_valid(), np.bool_) & (size == length)
    starts = np.asarray(array.offsets, np.int64)[: len(array)]
    return starts, np.asarray(pc.equal(pc.list_value_length(array), length).fill_null(False), np.bool_)


def _elements(name: str, array: pa.Array, length: int) -> Iterator[tuple[str, pa.Array]]:
    """One array per position; null where a list has another length."""
    starts, fits = _fitting(array, length)
    for at in range(length):
        yield f"{name}.{at}", array.values.take(pa.array(starts + at, mask=~fits))


def _cells(array: pa.Array) -> pa.Array:
    kind = array.type
    if types.is_float16(kind):
        return array.cast(pa.float32())
    if types.is_timestamp(kind):
        return _timestamps(array)
    if types.is_date(kind) or types.is_time(kind) or types.is_string_view(kind):
        return array.cast(pa.string())
    if types.is_duration(kind):
        return array.cast(pa.int64())
    return array if _is_cell(kind) else _marked(np.asarray(array.is_valid(), np.bool_), _mark(kind))


def _timestamps(array: pa.Array) -> pa.StringArray:
    """ISO 8601 text; the stored value of a column with a zone is UTC."""
    # The cast through the bare type needs no time zone database, which slim images lack.
    texts = array.cast(pa.timestamp(array.type.unit)).cast(pa.string())
    texts = pc.replace_substring_regex(pc.replace_substring(texts, " ", "T", max_replacements=1), r"\.0+$", "")
    return pc.binary_join_element_wise(texts, "Z", "") if array.type.tz else texts


def _is_cell(kind: pa.DataType) -> bool:
    """Whether folds understand values of the type."""
    texts = types.is_string(kind) or types.is_large_string(kind)
    return bool(texts or types.is_primitive(kind) or types.is_decimal(kind) or types.is_null(kind))


def _mark(kind: pa.DataType) -> str:
    if is_list(kind):
        return "<list>"
    if types.is_struct(kind):
        return "<struct>"
    return "<map>" if types.is_map(kind) else "<binary>"


def _marked(present: npt.NDArray[np.bool_], mark: str) -> pa.StringArray:
    return pc.if_else(pa.array(present), pa.scalar(mark), pa.scalar(None, pa.string()))
