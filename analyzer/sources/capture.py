"""Capture: endpoint capture records as batches, output columns first.

Each side of a record is decoded by its own encoding. Records whose sides are all CSV, which is nearly all of
them, are parsed in columns, a block at a time; the others row by row.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.batch import Batch, Intake
from analyzer.errors import ContractError
from analyzer.sources.blocks import Block, blocks
from analyzer.sources.layout import Layout, Shape, majority
from analyzer.sources.payload import Flattening, Undecodable
from analyzer.sources.record import DAMAGE, CaptureData, Record, Side, decode_record, decode_strictly
from analyzer.sources.rejects import Account
from analyzer.sources.rows import Row, columns_of
from analyzer.sources.sides import CELLS_DIFFER, SideRows, columns_of_csv, common_count, is_unnamed, rows_of_side
from analyzer.sources.splits import File, Split, plan
from analyzer.sources.tabular import Gathering
from analyzer.sources.window import TEXT, Window

OUTPUT_FIRST = ("endpointOutput", "endpointInput")
_SIDE = {name: attrgetter(f"captureData.{name}") for name in CaptureData.__struct_fields__}
_ENCODING, _DATA = attrgetter("encoding"), attrgetter("data")
SAMPLED = 1000  # records looked at before the scan, to learn the layout


@dataclass(frozen=True)
class Reading:
    """How captured records become rows.

    sides: payloads read, in column order. explode: several rows in one request become several rows; otherwise
    only its first line is one (as the closed image had it).
    """

    sides: tuple[str, ...] = OUTPUT_FIRST
    window: Window = field(default_factory=Window)
    explode: bool = True
    one_encoding: bool = False
    flattening: Flattening = field(default_factory=Flattening)
    samples: int = 100
    excerpt: int = 0
    block_bytes: int = 17 << 20  # a split of 64 MiB is four blocks
    max_record_bytes: int = 64 << 20
    gzip_max_ratio: int = 1000


@dataclass(frozen=True)
class CaptureSource:
    """Capture files as a source.

    Raises ScriptError from `batches` when the user's script fails; damaged records are rejected and counted.
    """

    files: tuple[File, ...]
    reading: Reading
    layout: Layout = field(default_factory=Layout)
    script: str | None = None

    def splits(self) -> Sequence[Split]:
        return plan(self.files)

    def batches(self, split: Split) -> Iterator[Batch]:
        reading = self.reading
        found = blocks(split, reading.block_bytes, reading.max_record_bytes, reading.gzip_max_ratio)
        for block in found:
            yield from _BlockReader(self, block).batches()

    def shape(self, wanted: int | None) -> tuple[tuple[str, Shape], ...]:
        """The sides of most of the first records (see `layout.majority`), from at most a few blocks."""
        shapes: list[tuple[tuple[str, Shape], ...]] = []
        small = replace(self.reading, block_bytes=1 << 20)
        for split in plan(self.files):
            for block in blocks(split, small.block_bytes, small.max_record_bytes, small.gzip_max_ratio):
                reader = _BlockReader(replace(self, reading=small), block)
                shapes.extend(reader.shapes(SAMPLED - len(shapes)))
                if len(shapes) >= SAMPLED:
                    return majority(shapes, wanted)
        return majority(shapes, wanted)


class _EventIds:
    """Event id of every row, looked up only for the few rows that anybody asks for."""

    def __init__(self, records: Sequence[Record], owners: npt.NDArray[np.int64] | None) -> None:
        self._records, self._owners = records, owners

    def __getitem__(self, row: int) -> str | None:
        return self._records[row if self._owners is None else self._owners[row]].event_id


class _BlockReader:
    """The records of one block on their way to batches; parallel lists instead of objects keep it fast."""

    def __init__(self, source: CaptureSource, block: Block) -> None:
        self.source = source
        self.reading = source.reading
        self.block = block
        self.account = Account(block, self.reading.samples, self.reading.excerpt)
        self.account.intake.records += len(block.troubles)
        self.lines = block.data.split(b"\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self._starts: list[int] | None = None

    def batches(self) -> Iterator[Batch]:
        records, places = self._in_window(*self._decoded())
        if self.source.script is not None:
            yield self._scripted(records, places, self.source.script)
            return
        for fast, members in self._groups(records):
            yield from (self._in_columns if fast else self._in_rows)(records, places, members)
        yield Batch({}, 0, intake=self.account.intake)  # only now is the account of the block complete

    def shapes(self, limit: int) -> list[tuple[tuple[str, Shape], ...]]:
        records, _ = self._in_window(*self._decoded())
        found = []
        for record in records[:limit]:
            try:
                sides = self._side_rows(record)
                count = common_count([rows for _, rows in sides])
            except Undecodable:
                continue
            found.append(tuple((name, SideRows(rows.spread(count)).shape) for name, rows in sides if rows.rows))
        return [shape for shape in found if shape]

    def _decoded(self) -> tuple[list[Record], Sequence[int]]:
        """Records of the block's lines, and the line each stood on."""
        lines = self.lines
        try:
            records = list(map(decode_strictly, lines))
        except DAMAGE:
            return self._decoded_one_by_one()
        self.account.intake.records += len(lines)
        return records, range(len(lines))

    def _decoded_one_by_one(self) -> tuple[list[Record], list[int]]:
        records, places, blank = [], [], 0
        for place, line in enumerate(self.lines):
            try:
                records.append(decode_record(line))
                places.append(place)
            except Undecodable as error:
                if line.strip():
                    self._reject(place, str(error))
                else:
                    blank += 1
        self.account.intake.records += len(self.lines) - blank
        return records, places

    def _in_window(self, records: list[Record], places: Sequence[int]) -> tuple[list[Record], Sequence[int]]:
        window = self.reading.window
        if window.is_open:
            return records, places
        low = window.start.strftime(TEXT) if window.start else ""
        high = window.end.strftime(TEXT) if window.end else "~"
        kept = []
        for at, record in enumerate(records):
            time = record.time
            if time is not None and len(time) == 20 and time[10] == "T" and time[19] == "Z":
                inside: bool | None = low <= time < high  # canonical times order like their texts
            else:
                inside = None if time is None else window.holds(time)
            if inside is None:
                self.account.intake.untimed += 1
            if inside is not False:
                kept.append(at)
        self.account.intake.outside += len(records) - len(kept)
        if len(kept) == len(records):
            return records, places
        return [records[at] for at in kept], [places[at] for at in kept]

    def _groups(self, records: list[Record]) -> list[tuple[bool, list[int]]]:
        """Records that can be parsed in columns together, then the others; each in order."""
        if not all(name in self.source.layout.sides for name in self.reading.sides):
            return [(False, list(range(len(records))))]
        if self._csv_texts(records) is not None:
            return [(True, list(range(len(records))))]
        groups: dict[bool, list[int]] = defaultdict(list)
        for at, record in enumerate(records):
            groups[self._csv_texts([record]) is not None].append(at)
        return sorted(groups.items(), reverse=True)

    def _csv_texts(self, records: list[Record]) -> list[list[str]] | None:
        """Per side the payload of every record; None unless all are there and CSV (one line, if only one is read)."""
        found: list[list[str]] = []
        try:
            for name in self.reading.sides:
                sides = list(map(_SIDE[name], records))
                found.append(list(map(_DATA, sides)))
                if set(map(_ENCODING, sides)) != {"CSV"} or None in found[-1]:
                    return None
                if not self.reading.explode and any("\n" in text for text in found[-1]):
                    return None
        except AttributeError:  # a side or all captured data is missing
            return None
        return found

    def _in_columns(self, records: list[Record], places: Sequence[int], members: list[int]) -> Iterator[Batch]:
        chosen = records if len(members) == len(records) else [records[at] for at in members]
        texts = self._csv_texts(chosen) or []
        parsed = columns_of_csv(texts, [self.source.layout.sides[name] for name in self.reading.sides])
        if parsed is None:
            yield from self._in_rows(records, places, members)
            return
        for at, reason, detail in parsed.rejected:
            self._reject(places[members[at]], reason, detail, chosen[at].event_id)
        yield Batch(parsed.columns, parsed.rows, _EventIds(chosen, parsed.owners))
        yield from self._in_rows(records, places, [members[at] for at in parsed.unpaired])

    def _in_rows(self, records: list[Record], places: Sequence[int], members: Sequence[int]) -> Iterator[Batch]:
        gathering = Gathering()
        for at in members:
            record = records[at]
            try:
                fresh = self._rows(record)
            except Undecodable as error:
                reason, _, detail = str(error).partition(": ")
                self._reject(places[at], reason, detail or None, record.event_id)
                continue
            yield from gathering.add(fresh, record.event_id)
        yield gathering.rest(Intake())

    def _side_rows(self, record: Record) -> list[tuple[str, SideRows]]:
        sides = {name: record.side(name) for name in self.reading.sides}
        if not any(sides.values()):
            raise Undecodable("record has no captured payload")
        if self.reading.one_encoding:
            refuse_mixed_encodings(sides)
        rows = [(name, rows_of_side(side, self.reading.flattening)) for name, side in sides.items()]
        return rows if self.reading.explode else _first_line(rows)

    def _rows(self, record: Record) -> list[Row]:
        """The record's rows with their final column names; sides are paired row by row."""
        sides = self._side_rows(record)
        count = common_count([rows for _, rows in sides])
        named = [self._named(name, rows.spread(count)) for name, rows in sides]
        joined = []
        for parts in zip(*(rows or [{}] * count for rows in named), strict=True):
            row: Row = {}
            for (name, _), part in zip(sides, parts, strict=True):
                for column, cell in part.items():
                    row[f"{name}.{column}" if column in row else column] = cell
            joined.append(row)
        return joined

    def _named(self, side: str, rows: list[Row]) -> list[Row]:
        names = self.source.layout.sides.get(side)
        renamed = dict(self.source.layout.renamed)
        result = []
        for row in rows:
            if not is_unnamed(row):
                result.append({renamed.get(key, key): cell for key, cell in row.items()})
            elif names is None or len(row) != len(names):
                raise Undecodable(f"{CELLS_DIFFER}: {side} has {len(row)}, expected {len(names or ())}")
            else:
                result.append(dict(zip(names, row.values(), strict=True)))
        return result

    def _scripted(self, records: list[Record], places: Sequence[int], path: str) -> Batch:
        from analyzer.sources.script import Script  # only jobs with a script load one

        script = Script.load(path)
        rows: list[Row] = []
        ids: list[str | None] = []
        for record, place in zip(records, places, strict=True):
            fresh = script.rows_of_record(self.lines[place], self._where(place, record))
            self.account.intake.dropped += not fresh
            rows.extend(fresh)
            ids.extend([record.event_id] * len(fresh))
        names = self.source.layout.sides.get("script")
        if names is not None:
            rows = [dict(zip(names, row.values(), strict=False)) if "0" in row else row for row in rows]
        return Batch(columns_of(rows), len(rows), pa.array(ids, pa.string()), self.account.intake)

    def _where(self, place: int, record: Record) -> Any:
        path, _, line = self.block.origin(self._start(place))
        return (path, line, record.event_id)

    def _reject(self, place: int, reason: str, detail: str | None = None, event_id: str | None = None) -> None:
        self.account.reject(self._start(place), reason, detail, event_id)

    def _start(self, place: int) -> int:
        if self._starts is None:
            self._starts = list(itertools.accumulate((len(line) + 1 for line in self.lines), initial=0))
        return self._starts[place]


def refuse_mixed_encodings(sides: Mapping[str, Side | None]) -> None:
    """Raise the closed image's error when the sides of a record have different encodings."""
    encodings = {name: side.encoding for name, side in sides.items() if side is not None}
    if len(set(encodings.values())) > 1:
        given = ", but ".join(f"Encoding is {encodings[name]} for {name}" for name in sorted(encodings))
        raise ContractError(
            f"Error: Encoding mismatch: {given}. We currently only support the same type of input and output "
            "encoding at the moment."
        )


def _first_line(sides: list[tuple[str, SideRows]]) -> list[tuple[str, SideRows]]:
    """What is left when the payloads are joined by commas and only the first line is read."""
    left: list[tuple[str, SideRows]] = []
    ended = False
    for name, side in sides:
        left.append((name, SideRows() if ended else SideRows(side.rows[:1])))
        ended = ended or len(side.rows) > 1
    return left
