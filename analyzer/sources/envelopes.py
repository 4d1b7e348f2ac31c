"""Envelopes: the capture records of one block, decoded, inside the window, each with its place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property

from analyzer.sources.blocks import Block
from analyzer.sources.payload import Undecodable
from analyzer.sources.reading import Reading
from analyzer.sources.record import DAMAGE, Record, decode_record, decode_strictly
from analyzer.sources.rejects import Account
from analyzer.sources.tabular import Places
from analyzer.sources.window import Window


class Envelopes:
    """Records of a block, and the account of those that are none.

    records: in line order. lines: the raw lines. Parallel lists instead of an object per record keep it fast.
    """

    def __init__(self, block: Block, reading: Reading) -> None:
        self._block = block
        self._walk = Places(block)
        self.account = Account(block, reading.samples, reading.excerpt)
        self.account.intake.records += len(block.troubles)
        self.lines = block.data.split(b"\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()
        self.records: list[Record]
        self._places: Sequence[int]  # the line each record stands on
        self.records, self._places = self._decoded()
        if not reading.window.is_open:
            self._keep(reading.window)

    def line(self, at: int) -> bytes:
        """The raw line of a record, by its index."""
        return self.lines[self._places[at]]

    def where(self, at: int) -> tuple[str, int, str | None]:
        """Path, line and event id of a record; asked for in ascending order."""
        path, line, _ = self._walk.where(self._starts[self._places[at]])
        return (path, line, self.records[at].event_id)

    def reject(self, at: int, reason: str, detail: str | None = None) -> None:
        """Count a record as rejected, by its index."""
        self._reject(self._places[at], reason, detail, self.records[at].event_id)

    def _decoded(self) -> tuple[list[Record], Sequence[int]]:
        try:
            records = list(map(decode_strictly, self.lines))
        except DAMAGE:
            return self._decoded_one_by_one()
        self.account.intake.records += len(self.lines)
        return records, range(len(self.lines))

    def _decoded_one_by_one(self) -> tuple[list[Record], list[int]]:
        records, places, blank = [], [], 0
        for place, line in enumerate(self.lines):
            try:
                records.append(decode_record(line))
                places.append(place)
            except Undecodable as error:
                if line.strip():
                    self._reject(place, str(error), None, None)
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
