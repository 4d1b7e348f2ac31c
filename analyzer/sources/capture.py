"""Capture: endpoint capture records as batches, output columns first.

Each side of a record is decoded by its own encoding. Records whose sides are all CSV, which is nearly all of
them, are parsed in columns, a block at a time; the others row by row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from analyzer.batch import Batch, Intake
from analyzer.join.index import Index
from analyzer.join.keys import Keys
from analyzer.sources.blocks import Block, blocks
from analyzer.sources.envelopes import Envelopes
from analyzer.sources.layout import Layout, Shape, majority
from analyzer.sources.meeting import Meeting, keys_of
from analyzer.sources.pairing import Pairing
from analyzer.sources.payload import Undecodable
from analyzer.sources.reading import Reading
from analyzer.sources.record import GROUND_TRUTH, CaptureData, Record
from analyzer.sources.sides import columns_of_csv
from analyzer.sources.splits import File, plan, planned
from analyzer.sources.tabular import Gathering
from analyzer.split import Split

SAMPLED = 1000  # records looked at before the scan, to learn the layout
SAMPLED_BYTES = 1 << 20  # of their lines: fewer records when they are wide
WIDE_ROWS = 4096  # rows a block should hold at least, so that the work per column pays
CELL_BYTES = 3  # of a typical cell and its comma
LARGEST_BLOCK = 64 << 20
_SIDE = {
    **{name: attrgetter(f"captureData.{name}") for name in CaptureData.__struct_fields__},
    GROUND_TRUTH: attrgetter(GROUND_TRUTH),
}
_ENCODING, _DATA = attrgetter("encoding"), attrgetter("data")

Sides = tuple[tuple[str, Shape], ...]


@dataclass(frozen=True)
class CaptureSource:
    """Capture files as a source.

    index: labels that the records meet; without one they keep what ground truth they have.
    Raises ScriptError from `batches` when the user's script fails; damaged records are rejected and counted.
    """

    files: tuple[File, ...]
    reading: Reading
    layout: Layout = field(default_factory=Layout)
    script: str | None = None
    index: Index | None = None

    def splits(self) -> Sequence[Split]:
        return plan(self.files)

    def reader(self) -> CaptureSource:
        return replace(self, files=())

    def meeting(self, index: Index) -> CaptureSource:
        """The same records with the labels of an index."""
        return replace(self, index=index)

    def keys(self, split: Split) -> Keys:
        """Distinct keys of all ids by which labels are looked up."""
        reading = replace(self.reading, samples=0)
        found = [keys_of(Envelopes(block, reading).records) for block in self._blocks(split, reading.block_bytes)]
        return Keys.joined(found).distinct()

    def batches(self, split: Split) -> Iterator[Batch]:
        for envelopes in self.envelopes(split):
            for part in self.labelled(envelopes):
                yield from self._rows(part)
            yield envelopes.told()  # only now is the account of the block complete

    def envelopes(self, split: Split) -> Iterator[Envelopes]:
        """The records of a split, a block at a time, as they were captured."""
        for block in self._blocks(split, self._block_bytes):
            yield Envelopes(block, self.reading)

    def labelled(self, envelopes: Envelopes) -> Iterator[Envelopes]:
        """The records after they met the labels of the index, if there is one."""
        if self.index is None:
            yield envelopes
        else:
            meeting = Meeting(self.index, self.reading.unlabelled)
            yield from meeting.records(envelopes)
            envelopes.joined = meeting.joined

    def shape(self, wanted: int | None) -> Sides:
        """The sides of most of the first records (see `layout.majority`), from at most a few blocks."""
        found: list[Sides] = []
        seen = 0
        pairing = Pairing(self.reading, Layout())
        for split in planned(self.files):
            for block in self._blocks(split, SAMPLED_BYTES // 2):
                records = Envelopes(block, replace(self.reading, samples=0)).records
                found.extend(_shapes(pairing, records[: SAMPLED - len(found)]))
                seen += len(block.data)
                if len(found) >= SAMPLED or (found and seen >= SAMPLED_BYTES):
                    return majority(found, wanted)
        return majority(found, wanted)

    @property
    def _block_bytes(self) -> int:
        """Larger blocks for wide records."""
        columns = sum(map(len, self.layout.sides.values()))
        return max(self.reading.block_bytes, min(LARGEST_BLOCK, WIDE_ROWS * CELL_BYTES * columns))

    def _blocks(self, split: Split, size: int) -> Iterator[Block]:
        return blocks(split, size, self.reading.max_record_bytes, self.reading.gzip_max_ratio)

    def _rows(self, envelopes: Envelopes) -> Iterator[Batch]:
        if self.script is not None:
            yield from self._scripted(envelopes, self.script)
        else:
            for members, texts in self._groups(envelopes.records):
                if texts is None:
                    yield from self._in_rows(envelopes, members)
                else:
                    yield from self._in_columns(envelopes, members, texts)

    def _groups(self, records: list[Record]) -> list[tuple[Sequence[int], list[list[str]] | None]]:
        """Records that can be parsed in columns together, with their payloads, then the others; each in order."""
        if not all(name in self.layout.sides for name in self.reading.sides):
            return [(range(len(records)), None)]
        texts = self._csv_texts(records)
        if texts is not None:
            return [(range(len(records)), texts)]
        groups: dict[bool, list[int]] = defaultdict(list)
        for at, record in enumerate(records):
            groups[self._csv_texts([record]) is not None].append(at)
        fast = [records[at] for at in groups[True]]
        return [(groups[True], self._csv_texts(fast)), (groups[False], None)] if fast else [(groups[False], None)]

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

    def _in_columns(self, envelopes: Envelopes, members: Sequence[int], texts: list[list[str]]) -> Iterator[Batch]:
        records = envelopes.records
        chosen = records if len(members) == len(records) else [records[at] for at in members]
        parsed = columns_of_csv(texts, [self.layout.sides[name] for name in self.reading.sides])
        if parsed is None:
            yield from self._in_rows(envelopes, members)
            return
        for at, reason, detail in parsed.rejected:
            envelopes.reject(members[at], reason, detail)
        yield Batch(parsed.columns, parsed.rows, _EventIds(chosen, parsed.owners))
        yield from self._in_rows(envelopes, [members[at] for at in parsed.unpaired])

    def _in_rows(self, envelopes: Envelopes, members: Sequence[int]) -> Iterator[Batch]:
        gathering, pairing = Gathering(), Pairing(self.reading, self.layout)
        for at in members:
            record = envelopes.records[at]
            try:
                fresh = pairing.rows(record)
            except Undecodable as error:
                _reject(envelopes, at, error)
                continue
            yield from gathering.add(fresh, record.event_id)
        yield gathering.rest(Intake())

    def _scripted(self, envelopes: Envelopes, path: str) -> Iterator[Batch]:
        from analyzer.sources.script import Script  # noqa: PLC0415 - only jobs with a script load one

        script, gathering, pairing = Script.load(path), Gathering(), Pairing(self.reading, self.layout)
        for at, record in enumerate(envelopes.records):
            fresh = script.rows_of_record(envelopes.line(at), envelopes.where(at))
            envelopes.account.intake.dropped += not fresh
            try:
                named = [pairing.named("script", row) for row in fresh]
            except Undecodable as error:
                _reject(envelopes, at, error)
                continue
            yield from gathering.add(named, record.event_id)
        yield gathering.rest(Intake())


class _EventIds:
    """Event id of every row, looked up only for the few rows that anybody asks for."""

    def __init__(self, records: Sequence[Record], owners: npt.NDArray[np.int64] | None) -> None:
        self._records, self._owners = records, owners

    def __getitem__(self, row: int) -> str | None:
        return self._records[row if self._owners is None else self._owners[row]].event_id


def _shapes(pairing: Pairing, records: list[Record]) -> Iterator[Sides]:
    for record in records:
        try:
            yield pairing.shape(record)
        except Undecodable:
            continue


def _reject(envelopes: Envelopes, at: int, error: Undecodable) -> None:
    reason, _, detail = str(error).partition(": ")
    envelopes.reject(at, reason, detail or None)
