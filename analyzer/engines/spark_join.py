"""Join on Spark: ids travel to the labels, and labels back to the blocks of captures that asked for them.

Two shuffles, and no rows at the driver. Labels and the distinct keys of every block of captures meet by bucket (a
range of keys); what a block asked for is sent to it, and it is folded with these labels as its index. An id that is
in many records asks once a block, so none is too frequent. The last place, behind all blocks, gets what is known of
the ground truth. States are those of the local engine.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import RDD, Accumulator
from pyspark.sql import SparkSession

from analyzer.batch import Truth
from analyzer.engines.spark import block_size, folded, packed, unpacked
from analyzer.engines.spark_tree import Folded, attempted, merged, prepare
from analyzer.engines.spark_watch import Note, Notes, Watch
from analyzer.engines.task import Report, Task, silent, stored_bytes
from analyzer.fold import Scan, aligned_blocks, fold_batches
from analyzer.join.index import Shelf, requested
from analyzer.join.join import SAMPLES, Captures, Join, Labels, told
from analyzer.join.keys import Keys, bucket_bits, bucket_edges
from analyzer.join.labels import SCHEMA, Choice, chosen, keys_of, truth_of
from analyzer.split import Source, Split

BUCKET_BYTES = 64 << 20  # of stored ground truth
ASKING_BYTES = 4 << 30  # of stored captures, whose keys a bucket gets
MOST_BITS = 11  # every block may hear from every bucket

Parcel = tuple[int, tuple[str, int, bytes]]
"""Where it goes; what it is, its place among those of its kind, and its content."""
_FAR = 1 << 40  # beyond all places
LABELS, KEYS, TRUTHS, SPLITS, FAILURE = "labels", "keys", "truths", "splits", "failure"


def run(scan: Scan, join: Join, session: SparkSession, report: Report = silent) -> Any:
    """The state of a scan over captures that meet their ground truth; the same as the local engine's.

    Errors of the sources keep their type. Raises EngineFailed when tasks die again and again.
    """
    watch = Watch(session.sparkContext, report)
    with watch.watching():
        parcels, last = met(join, session, watch.notes)
        folding = _FoldTask(scan, join.captures.reader(), last, watch.notes)
        return merged(scan, parcels.mapPartitionsWithIndex(folding))


def met(join: Join, session: SparkSession, notes: Accumulator[Notes]) -> tuple[RDD[Parcel], int]:
    """Every block of captures with the labels it asked for, as partitions in order, and the number of the last place.

    The last place gets what is known of the ground truth. Nothing runs before the result is asked for.
    """
    captures, truth = join.captures.splits(), join.labels.splits()
    ranges = aligned_blocks(len(captures), block_size(len(captures), session))
    blocks = [(place, packed(captures[block.start : block.stop])) for place, block in enumerate(ranges)]
    route = _Route(
        max(
            bucket_bits(stored_bytes(truth), BUCKET_BYTES, MOST_BITS),
            bucket_bits(stored_bytes(captures), ASKING_BYTES, MOST_BITS),
        ),
        len(blocks),
    )
    spread = session.sparkContext.parallelize
    parts = [(place, packed([split])) for place, split in enumerate(truth)]
    parcels = spread(parts, max(1, len(parts))).mapPartitions(_LabelTask(join.labels.reader(), route, notes))
    if blocks:
        parcels = parcels.union(
            spread(blocks, len(blocks)).mapPartitions(_KeyTask(join.captures.reader(), route, notes))
        )
    meeting = _MeetTask(join.labels.choice, route, notes)
    answers = _sent(route.buckets + 1, parcels).mapPartitionsWithIndex(meeting)
    own = spread([(place, (SPLITS, 0, content)) for place, content in blocks], max(1, len(blocks)))
    return _sent(route.last + 1, answers.union(own)), route.last


def _sent(places: int, parcels: RDD[Parcel]) -> RDD[Parcel]:
    """The parcels in the partitions they go to."""
    return parcels.partitionBy(places, _itself)


def _itself(place: int) -> int:
    return place


@dataclass(frozen=True, slots=True)
class _Route:
    """Where parcels go: 2**bits buckets and one place that keeps failures; blocks, and behind them the last place."""

    bits: int
    last: int

    @property
    def buckets(self) -> int:
        return 1 << self.bits


@dataclass(frozen=True)
class _LabelTask:
    """Reads splits of the ground truth and sends the labels to their buckets."""

    labels: Labels
    route: _Route
    notes: Accumulator[Notes]

    def __call__(self, parts: Iterable[tuple[int, bytes]]) -> Iterator[Parcel]:
        prepare()
        for place, content in parts:
            splits = unpacked(content)
            note = Note(0, stored_bytes(splits))
            yield from _careful(
                partial(self._parcels, place, splits[0]), self.route.buckets, self.notes, -1 - place, note
            )

    def _parcels(self, place: int, split: Split) -> Iterator[Parcel]:
        truths: list[Truth] = []
        for number, (table, truth) in enumerate(self.labels.labels(split)):
            truths.append(truth)
            edges = bucket_edges(keys_of(table).high, self.route.bits).tolist()
            for bucket, (begin, end) in enumerate(pairwise(edges)):
                if end > begin:
                    yield bucket, (LABELS, place << 20 | number, _stored(table.slice(begin, end - begin)))
        yield self.route.buckets, (TRUTHS, place, pickle.dumps(truths))


@dataclass(frozen=True)
class _KeyTask:
    """Reads blocks of captures and sends the keys of their ids to the buckets."""

    captures: Captures
    route: _Route
    notes: Accumulator[Notes]

    def __call__(self, blocks: Iterable[tuple[int, bytes]]) -> Iterator[Parcel]:
        prepare()
        for place, content in blocks:
            yield from _careful(partial(self._parcels, place, content), self.route.buckets, self.notes, -_FAR - place)

    def _parcels(self, place: int, content: bytes) -> Iterator[Parcel]:
        keys = Keys.joined([self.captures.keys(split) for split in unpacked(content)]).distinct()
        for bucket, (begin, end) in enumerate(pairwise(bucket_edges(keys.high, self.route.bits).tolist())):
            if end > begin:
                words = np.stack([keys.high[begin:end], keys.low[begin:end]])
                yield bucket, (KEYS, place, words.tobytes())


@dataclass(frozen=True)
class _MeetTask:
    """Chooses the labels of one bucket and sends every block those it asked for."""

    choice: Choice
    route: _Route
    notes: Accumulator[Notes]

    def __call__(self, bucket: int, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        prepare()
        if bucket == self.route.buckets:
            yield from ((self.route.last, parcel) for _, parcel in parcels)
        else:
            yield from _careful(
                partial(self._answers, bucket, parcels), self.route.last, self.notes, -2 * _FAR - bucket
            )

    def _answers(self, bucket: int, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
        found = sorted_parcels(parcels)
        labels = chosen([_table(content) for _, content in found[LABELS]], self.choice)
        wanted = np.zeros(len(labels), np.bool_)
        for place, content in found[KEYS]:
            high, low = np.frombuffer(content, np.uint64).reshape(2, -1)
            rows = requested(labels, Keys(high, low))
            wanted |= rows
            yield place, (LABELS, bucket, _stored(labels.filter(pa.array(rows))))
        yield self.route.last, (TRUTHS, _FAR + bucket, pickle.dumps([truth_of(labels, wanted, SAMPLES)]))


@dataclass(frozen=True)
class _FoldTask:
    """Folds a block of captures with the labels it asked for; the last place folds what is known of the labels."""

    scan: Scan
    captures: Captures
    last: int
    notes: Accumulator[Notes]

    def __call__(self, place: int, parcels: Iterable[Parcel]) -> Iterator[Folded]:
        prepare()
        found = sorted_parcels(parcels)
        if found[FAILURE]:
            name, message = pickle.loads(found[FAILURE][0][1])  # noqa: S301 - our own tasks wrote it
            yield place, name, message, b""
        elif place == self.last:
            yield attempted(place, partial(self._told, found[TRUTHS]))
        else:
            source, splits = block_of(self.captures, found)
            fold = partial(Task(self.scan, source, splits).fold, range(len(splits)))
            yield folded(place, self.scan, fold, stored_bytes(splits), self.notes)

    def _told(self, contents: list[tuple[int, bytes]]) -> bytes:
        truths = (truth for _, content in contents for truth in pickle.loads(content))  # noqa: S301 - as above
        return self.scan.dump(fold_batches(self.scan, told(truths)))


def _careful(
    work: Callable[[], Iterator[Parcel]], keeper: int, notes: Accumulator[Notes], name: int, note: Note | None = None
) -> list[Parcel]:
    """Parcels of a task, or one to the keeper of failures that says what failed; noted under the name."""
    parcels: list[Parcel] = []

    def done() -> bytes:
        parcels.extend(work())
        return b""

    _, failure, message, _ = attempted(0, done)
    if failure:
        notes.add({name: Note(0, 0, failure, message)})
        return [(keeper, (FAILURE, 0, pickle.dumps((failure, message))))]
    if note is not None:
        notes.add({name: note})
    return parcels


def block_of(captures: Captures, found: Mapping[str, list[tuple[int, bytes]]]) -> tuple[Source, Sequence[Split]]:
    """The captures as they meet the labels that came for a block, and the splits of the block."""
    index = Shelf.of(pa.concat_tables([SCHEMA.empty_table(), *(_table(each) for _, each in found[LABELS])]))
    return captures.meeting(index), unpacked(found[SPLITS][0][1])


def sorted_parcels(parcels: Iterable[Parcel]) -> dict[str, list[tuple[int, bytes]]]:
    """Contents by kind, in the order of their numbers."""
    found: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for _, (kind, number, content) in parcels:
        found[kind].append((number, bytes(content)))
    return defaultdict(list, {kind: sorted(contents, key=_number) for kind, contents in found.items()})


def _number(content: tuple[int, bytes]) -> int:
    return content[0]


def _stored(labels: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(labels)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _table(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
