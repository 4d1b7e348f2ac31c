"""Envelopes: the capture records of one block, decoded, inside the window, each with its place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from operator import attrgetter

from analyzer.batch import Batch, Joined
from analyzer.sources.blocks import Block
from analyzer.sources.merged import merged_line
from analyzer.sources.payload import Undecodable
from analyzer.sources.reading import Reading
from analyzer.sources.record import DAMAGE, Record, Side
from analyzer.sources.rejects import Account
from analyzer.sources.tabular import Places
from analyzer.sources.transform import DECODINGS, HEADER
from analyzer.sources.window import Window

_CAPTURED, _METADATA = attrgetter("captureData"), attrgetter("eventMetadata")


class Envelopes:
    """Records of a block, and the account of those that are none.

    records: in line order. lines: the raw lines. Parallel lists instead of an object per record keep it fast.
    joined: what became of the records where they were to meet ground truth.
    """

    def __init__(self, block: Block, reading: Reading) -> None:
        self._block = block
        self._walk = Places(block)
        self.account = Account(block, reading.samples, reading.excerpt)
        self.account.intake.records += len(block.troubles)
        self.joined: Joined | None = None
        self._decoding = DECODINGS[reading.lines]
        self._spliced: bool | None = None  # whether lines get their ground truth, and keep the rest as it was
        self.lines = block.data.split(b"\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.records: list[Record]
        self._places: Sequence[int]  # the line each record stands on
        self.records, self._places = self._decoded()
        if not reading.window.is_open:
            self._keep(reading.window)

    def line(self, at: int) -> bytes:
        """The line of a record, by its index: the raw one, or the merged one of a record that met its label."""
        line = self.lines[self._places[at]]
        if self._spliced is None:
            return line
        return merged_line(line if self._spliced else None, self.records[at])

    def where(self, at: int) -> tuple[str, int, str | None]:
        """Path, line and event id of a record; asked for in ascending order."""
        path, line, _ = self._walk.where(self._starts[self._places[at]])
        return (path, line, self.records[at].event_id)

    def reject(self, at: int, reason: str, detail: str | None = None) -> None:
        """Count a record as rejected, by its index."""
        self._reject(self._places[at], reason, detail, self.records[at].event_id)

    def told(self) -> Batch:
        """A batch without rows that accounts for the records."""
        return Batch({}, 0, intake=self.account.intake, joined=self.joined)

    def labelled(self, owners: Sequence[int], sides: Sequence[Side | None]) -> Envelopes:
        """The records of these indices, each with its ground truth, as further envelopes of the same account."""
        found = copy(self)
        records = list(map(self.records.__getitem__, owners))
        found.records = list(map(Record, map(_CAPTURED, records), map(_METADATA, records), sides))
        found._spliced = self._decoding is DECODINGS["capture"]  # noqa: SLF001 - of this class
        found._places = [self._places[at] for at in owners]  # noqa: SLF001 - of this class
        return found

    def _decoded(self) -> tuple[list[Record], Sequence[int]]:
        try:
            records = list(map(self._decoding.strictly, self.lines))
        except (*DAMAGE, Undecodable):
            return self._decoded_one_by_one()
        self.account.intake.records += len(self.lines)
        return records, range(len(self.lines))

    def _decoded_one_by_one(self) -> tuple[list[Record], list[int]]:
        records, places, blank = [], [], 0
        for place, line in enumerate(self.lines):
            try:
                records.append(self._decoding.carefully(line))
                places.append(place)
            except Undecodable as error:
                reason, _, detail = str(error).partition(": ")
                if line.strip() and reason != HEADER:
                    self._reject(place, reason, detail or None, None)
                else:
                    blank += 1
        self.account.intake.records += len(self.lines) - blank
        return records, places

    def _keep(self, window: Window) -> None:
        """Leave out what was captured outside the window; a record whose time nobody can read is kept."""
        kept, intake = [], self.account.intake
        known: dict[str | None, bool | None] = {None: None}  # many records share a second
        for at, record in enumerate(self.records):
            time = record.time
            inside = known[time] if time in known else known.setdefault(time, window.holds(time or ""))
            intake.untimed += inside is None
            if inside is not False:
                kept.append(at)
        intake.outside += len(self.records) - len(kept)
        if len(kept) < len(self.records):
            self.records, self._places = [self.records[at] for at in kept], [self._places[at] for at in kept]

    def _reject(self, place: int, reason: str, detail: str | None, event_id: str | None) -> None:
        self.account.reject(self._starts[place], reason, detail, event_id)

    @cached_property
    def _starts(self) -> list[int]:
        """Byte in the block at which each line begins."""
        return list(itertools.accumulate((len(line) + 1 for line in self.lines), initial=0))
