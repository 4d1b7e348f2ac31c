"""Sides: the payloads of capture records as rows or, when all are CSV, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from analyzer.sources.layout import Shape
from analyzer.sources.payload import (
    Flattening,
    Undecodable,
    base64_text,
    csv_rows,
    flat_row,
    is_columnar,
    parse_json,
    rows_of_value,
)
from analyzer.sources.record import Side
from analyzer.sources.rows import Row

CELLS_DIFFER = "row has another number of cells"
ROWS_DIFFER = "input and output hold different numbers of rows"
OUTPUT = "SageMakerOutput"  # beside the input, in output of batch transform
NO_ROWS = "record holds no rows"


@dataclass(frozen=True, slots=True)
class SideRows:
    """Rows of one payload; unnamed cells are called "0", "1", ... An absent payload has none.

    one_row: the same payload as a single row, where it can also be read so (lists of scalars by name). is_answer:
    it answers rows, so one row of n unnamed cells may be n answers.
    """

    rows: list[Row] = field(default_factory=list)
    one_row: Row | None = None
    is_answer: bool = False

    def spread(self, count: int) -> list[Row]:
        """The payload as `count` rows."""
        if count == 1 and self.one_row is not None and len(self.rows) != 1:
            return [self.one_row]
        if len(self.rows) == 1 and self._can_spread(count):
            return [{"0": cell} for cell in self.rows[0].values()]
        return self.rows

    def fits(self, count: int) -> bool:
        """Whether the payload can be read as that many rows; an absent one fits any."""
        if count == 1 and self.one_row is not None:
            return True
        return len(self.rows) in (0, count) or (len(self.rows) == 1 and self._can_spread(count))

    def _can_spread(self, count: int) -> bool:
        return self.is_answer and count > 1 and len(self.rows[0]) == count and is_unnamed(self.rows[0])


def is_unnamed(row: Row) -> bool:
    """Whether the row's cells have positions instead of names."""
    return all(name == str(at) for at, name in enumerate(row))


def shape_of(rows: Sequence[Row]) -> Shape:
    """What the first row looks like."""
    if not rows:
        return Shape()
    return Shape(cells=len(rows[0])) if is_unnamed(rows[0]) else Shape(names=tuple(rows[0]))


def rows_of_side(side: Side | None, flattening: Flattening) -> SideRows:
    """Rows of a payload by its own encoding; Undecodable when it holds none."""
    if side is None or side.data is None:
        return SideRows()
    text, encoding = side.data, side.encoding
    if encoding == "BASE64":
        text, encoding = base64_text(text), _sniffed(side.observedContentType)
    if encoding == "JSON":
        return _json_side(text, flattening)
    if encoding is not None and encoding != "CSV":
        raise Undecodable("encoding is none of CSV, JSON, BASE64")
    if encoding is None and text.lstrip()[:1] in ("{", "["):
        try:
            return _json_side(text, flattening)
        except Undecodable:
            pass  # not JSON after all
    return SideRows(csv_rows(text))


def _json_side(text: str, flattening: Flattening) -> SideRows:
    value = parse_json(text)
    if isinstance(value, dict) and len(value) > 1 and isinstance(value.get(OUTPUT), dict | list):
        given = {name: item for name, item in value.items() if name != OUTPUT}
        return SideRows(beside(rows_of_value(value[OUTPUT], flattening), rows_of_value(given, flattening)))
    rows = rows_of_value(value, flattening)
    try:
        return SideRows(rows, flat_row(value, flattening) if is_columnar(value) else None)
    except Undecodable:  # too wide for one row
        return SideRows(rows)


def beside(outputs: list[Row], inputs: list[Row]) -> list[Row]:
    """Rows of a model's output with the rows of its input, output columns first."""
    if len(outputs) != len(inputs):
        raise Undecodable(f"{ROWS_DIFFER}: {len(inputs)} and {len(outputs)}")
    joined = []
    for output, given in zip(outputs, inputs, strict=True):
        if is_unnamed(output) and is_unnamed(given):
            joined.append({str(at): cell for at, cell in enumerate([*output.values(), *given.values()])})
            continue
        row = dict(output)
        for name, cell in given.items():
            row[f"input.{name}" if name in row else name] = cell
        joined.append(row)
    return joined


def common_count(sides: Sequence[SideRows]) -> int:
    """How many rows a record holds; Undecodable when its payloads disagree, or none holds any."""
    counts = {len(side.rows) for side in sides if side.rows}
    # Most rows first, but a payload that can be one row or many follows the others.
    for count in sorted(counts, reverse=True):
        if all(side.fits(count) for side in sides):
            return count
    if not counts:
        raise Undecodable(NO_ROWS)
    raise Undecodable(f"{ROWS_DIFFER}: {' and '.join(map(str, sorted(counts)))}")


def _sniffed(content_type: str | None) -> str | None:
    """Encoding a content type promises; parameters are ignored, other types are judged by the text itself."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.endswith("csv"):
        return "CSV"
    return "JSON" if "json" in kind else None


@dataclass(slots=True)
class Parsed:
    """Columns of many payloads.

    owners: index of the record behind every row, or None when row i is record i. rejected: (record, reason,
    detail) of rows left out. unpaired: records whose payloads only a careful reader can pair.
    """

    columns: dict[str, pa.Array]
    rows: int
    owners: npt.NDArray[np.int64] | None = None
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    unpaired: list[int] = field(default_factory=list)


def columns_of_csv(texts: Sequence[list[str]], names: Sequence[tuple[str, ...]]) -> Parsed | None:
    """CSV payloads of several sides as one table, rows paired; None when quoting needs a careful reader.

    texts: per side the payload of every record. names: per side its column names.
    """
    owners, texts, unpaired = _paired(texts)
    count = len(texts[0]) if owners is None else len(owners)
    tables, wrong = [], np.zeros(count, np.bool_)
    details: dict[int, str] = {}
    for side, columns in zip(texts, names, strict=True):
        table, bad = parse_csv("\n".join(side).encode("utf-8", "replace"), columns)
        if len(table) + len(bad) != count:
            return None
        tables.append((table, bad))
        wrong[list(bad)] = True
        details.update({row: f"expected {len(columns)}, found {found}" for row, found in bad.items()})
    rows_of = np.arange(count) if owners is None else owners
    faults = {int(rows_of[row]): details[row] for row in sorted(details, reverse=True)}
    if details:
        wrong = np.isin(rows_of, list(faults))  # one bad row spoils its record: what is left would look whole
        owners = rows_of[~wrong]
    found = {name: column for table, bad in tables for name, column in _without(table, bad, wrong)}
    rejected = [(record, CELLS_DIFFER, faults[record]) for record in sorted(faults)]
    return Parsed(found, int(count - wrong.sum()), owners, rejected, unpaired)


def parse_csv(data: bytes, names: Sequence[str]) -> tuple[pa.Table, dict[int, int]]:
    """Text cells of CSV lines without a header, and per row that has another number of cells that number.

    An empty cell is null, a quoted empty one is an empty text.
    """
    bad: dict[int, int] = {}

    def note(row: Any) -> str:
        bad[row.number - 1] = row.actual_columns
        return "skip"

    # Column names of pyarrow must differ; ours are put back afterwards by position.
    places = [str(at) for at in range(len(names))]
    table = arrow_csv.read_csv(
        pa.BufferReader(data + b"\n"),
        read_options=arrow_csv.ReadOptions(column_names=places, use_threads=False, block_size=len(data) + 2),
        parse_options=arrow_csv.ParseOptions(
            newlines_in_values=b'"' in data, ignore_empty_lines=False, invalid_row_handler=note
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(places, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    return table.rename_columns(list(names)), bad


def _paired(
    texts: Sequence[list[str]],
) -> tuple[npt.NDArray[np.int64] | None, Sequence[list[str]], list[int]]:
    """Owner of every row (None: row i is record i), the texts whose lines are the rows, and records left out.

    These have sides with different numbers of lines, line breaks that may be part of a cell, or nothing at all.
    """
    if not any(map(_needs_care, texts)):
        return None, texts, []
    texts = [[text.strip("\r\n").replace("\r\n", "\n") for text in side] for side in texts]
    counts = np.array([[text.count("\n") + 1 for text in side] for side in texts])
    plain = [any(record) and not any(map(_is_intricate, record)) for record in zip(*texts, strict=True)]
    same = (counts == counts[0]).all(axis=0) & np.array(plain, np.bool_)
    kept = np.flatnonzero(same)
    texts = [[side[at] for at in kept.tolist()] for side in texts]
    return np.repeat(kept, counts[0, kept]), texts, np.flatnonzero(~same).tolist()


def _is_intricate(text: str) -> bool:
    """Whether line breaks of the text may be other than its rows' ends, or a quote may reach into the next text."""
    return "\r" in text or ('"' in text and ("\n" in text or _has_open_quote(text)))


def _has_open_quote(text: str) -> bool:
    return bool(text.count('"') & 1)


def _needs_care(texts: list[str]) -> bool:
    """Whether any of the texts is empty, has line breaks or an odd number of quotes."""
    joined = "".join(texts)
    if "\n" in joined or "\r" in joined or "" in texts:
        return True
    return '"' in joined and any(map(_has_open_quote, texts))


def _without(table: pa.Table, bad: dict[int, int], wrong: npt.NDArray[np.bool_]) -> Any:
    """Columns of a table whose bad rows are missing, without the rows that are wrong on any side."""
    mask = None
    if wrong.sum() > len(bad):
        present = np.ones(len(wrong), np.bool_)
        present[list(bad)] = False
        mask = pa.array(~wrong[present])
    for name, column in zip(table.column_names, table.columns, strict=True):
        whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        yield name, whole if mask is None else whole.filter(mask)
