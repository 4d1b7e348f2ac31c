"""Meeting: captured records and the labels of their ids.

A record is looked up by its inference id, and by its event id when it has no other or the first finds nothing.
Source: contract.md 3.4 (join key), 3.5 (inner join, every label of an id joins every record of it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from operator import attrgetter

import numpy as np

from analyzer.batch import Joined
from analyzer.join.index import Found, Index
from analyzer.join.keys import Keys, Rows
from analyzer.join.labels import ENCODINGS, NAME_LENGTH, NO_HOUR, column
from analyzer.sources.envelopes import Envelopes
from analyzer.sources.record import EventMetadata, Record, Side
from analyzer.sources.window import parse_time

PAIRS = 1 << 16  # records at a time: labels that repeat an id multiply them
SAMPLES = 10
_METADATA, _EVENT = attrgetter("eventMetadata"), attrgetter("eventId")
_INFERENCE, _TIME = attrgetter("inferenceId"), attrgetter("inferenceTime")
EARLIEST, LATEST = -31 * 24, 3 * 366 * 24  # hours of delay that are told apart


def keys_of(records: Sequence[Record]) -> Keys:
    """Keys of all ids by which the records may be looked up."""
    names = _Names.of(records)
    return Keys.of(text for text in (*names.first, *names.second) if text)


@dataclass(frozen=True, slots=True)
class _Names:
    """Of every record the id, the event id where that is another one ("" for none), and the time."""

    first: list[str]
    second: list[str]
    times: list[str | None]

    @classmethod
    def of(cls, records: Sequence[Record]) -> _Names:
        known = [metadata or EventMetadata() for metadata in map(_METADATA, records)]
        events, inferences = list(map(_EVENT, known)), list(map(_INFERENCE, known))
        times = list(map(_TIME, known))
        if not any(inferences):
            return cls([event or "" for event in events] if None in events else events, [], times)
        first = [inference or event or "" for inference, event in zip(inferences, events, strict=True)]
        second = [(inference and event) or "" for inference, event in zip(inferences, events, strict=True)]
        return cls(first, second, times)


@dataclass(slots=True)
class Meeting:
    """Where captured records meet labels; `joined` counts what became of those seen so far.

    index: the labels. unlabelled: records without a label stay, without ground truth; otherwise they are left out.
    """

    index: Index
    unlabelled: bool = False
    joined: Joined = field(default_factory=Joined)

    def records(self, envelopes: Envelopes) -> Iterator[Envelopes]:
        """The records with their labels, one for each label, in order, so many at a time."""
        names = _Names.of(envelopes.records)
        found = self._found(names)
        owners, rows = found.owners, np.arange(len(found.owners))
        alone = np.setdiff1d(np.arange(len(names.first)), owners)
        self._count(names, found, alone)
        if self.unlabelled:
            order = np.argsort(np.concatenate([owners, alone]), kind="stable")
            owners = np.concatenate([owners, alone])[order]
            rows = np.concatenate([rows, np.full(len(alone), -1)])[order]
        for begin in range(0, len(owners), PAIRS):
            some = slice(begin, begin + PAIRS)
            yield envelopes.labelled(owners[some].tolist(), _sides(found, rows[some]))

    def _found(self, names: _Names) -> Found:
        found = _looked_up(self.index, names.first)
        beside = _looked_up(self.index, names.second)  # found or not: these labels are not without a partner
        if not len(beside.owners):
            return found
        alone = ~np.isin(beside.owners, found.owners)
        self.joined.by_event += len(np.unique(beside.owners[alone]))
        return Found.joined([found, beside.at(alone)])

    def _count(self, names: _Names, found: Found, alone: Rows) -> None:
        joined = self.joined
        joined.captured += len(names.first)
        joined.labelled += len(names.first) - len(alone)
        joined.pairs += len(found.owners)
        joined.without_id += names.first.count("")
        unmatched = (names.first[at] for at in alone.tolist() if names.first[at])
        joined.unmatched += [text[:NAME_LENGTH] for text in islice(unmatched, SAMPLES - len(joined.unmatched))]
        counts = np.bincount(_delays(names.times, found) - EARLIEST)
        for place in np.flatnonzero(counts).tolist():
            delay = place + EARLIEST
            joined.delays[delay] = joined.delays.get(delay, 0) + int(counts[place])


def _delays(times: Sequence[str | None], found: Found) -> Rows:
    """Hours from inference to label, where both are known."""
    hours = {time: _hour(time) for time in set(times)}  # many records share a second
    captured = np.fromiter(map(hours.__getitem__, times), np.int64, len(times))[found.owners]
    collected = column(found.labels, "hour").astype(np.int64)
    timed = (captured > NO_HOUR) & (collected > NO_HOUR)
    delays: Rows = np.clip(collected[timed] - captured[timed], EARLIEST, LATEST)
    return delays


def _looked_up(index: Index, texts: list[str]) -> Found:
    """Labels by the position of their id among the texts."""
    if all(texts):
        return index.found(Keys.of(texts))
    places = np.array([at for at, text in enumerate(texts) if text], np.int64)
    found = index.found(Keys.of(filter(None, texts)))
    return Found(places[found.owners], found.labels)


def _sides(found: Found, rows: Rows) -> list[Side | None]:
    """The labels of these rows, equal ones as one object; None for row -1."""
    present = rows[rows >= 0]
    data = found.labels.column("data").combine_chunks().take(present).dictionary_encode()
    texts = data.dictionary.to_pylist()
    kinds = column(found.labels, "encoding")[present]
    sides: list[Side | None] = []
    chosen = np.full(len(rows), -1, np.int64)
    for kind in np.unique(kinds).tolist() if len(kinds) else ():
        alike = kinds == kind
        chosen[np.flatnonzero(rows >= 0)[alike]] = np.asarray(data.indices)[alike].astype(np.int64) + len(sides)
        sides += [Side(text, ENCODINGS[kind]) for text in texts]
    return list(map([*sides, None].__getitem__, chosen.tolist()))


@lru_cache(maxsize=1 << 14)
def _hour(time: str | None) -> int:
    moment = parse_time(time or "")
    return NO_HOUR if moment is None else int(moment.timestamp()) // 3600
