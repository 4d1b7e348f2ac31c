"""Ground truth: files of labels as a source of label tables, record by record as damaged as they may arrive.

Source: contract.md 2.3 (folders by the hour of collection), 3.4 (records); user_requests.md 57.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Rejected, Truth
from analyzer.join.keys import Keys
from analyzer.join.labels import ENCODINGS, NAME_LENGTH, NO_HOUR, SCHEMA, Choice, chosen
from analyzer.sources.blocks import Block
from analyzer.sources.hours import hour_number
from analyzer.sources.layout import Shape
from analyzer.sources.payload import Flattening, Undecodable, decode_leniently
from analyzer.sources.record import DAMAGE, GROUND_TRUTH, EventMetadata, Side, scalar_text, side_of
from analyzer.sources.rejects import Account
from analyzer.sources.sides import rows_of_side, shape_of
from analyzer.sources.splits import File, plan, planned
from analyzer.sources.tabular import Bounds, extents
from analyzer.split import Split

SAMPLED = 1000  # labels looked at to learn what they are like
NOT_A_RECORD = "line is not a ground truth record"
NO_ID = "ground truth record has no id"
NO_DATA = "ground truth record has no data"
NO_ENCODING = "encoding is none of CSV, JSON, BASE64"
PYTHON_TEXT = "line is Python's text of a dict, not JSON"
SEVERAL = "several values on one line"
_HINTS = {
    PYTHON_TEXT: "Hint: write it with json.dumps",
    SEVERAL: "Hint: end every record with a line break, without commas between them",
    NO_ID: "Hint: eventMetadata.eventId must hold the inference id or event id of the request",
}
_ID, _DATA = attrgetter("eventMetadata.eventId"), attrgetter("groundTruthData.data")
_ENCODING = attrgetter("groundTruthData.encoding")
_CODES = {encoding: code for code, encoding in enumerate(ENCODINGS)}


class Label(msgspec.Struct, gc=False):
    """A ground truth record."""

    groundTruthData: Side | None = None  # noqa: N815 - the record's own keys
    eventMetadata: EventMetadata | None = None  # noqa: N815


@dataclass(frozen=True)
class GroundTruth:
    """Ground truth files.

    choice: which of several labels of one id counts. bounds: of reading. Labels come in tables of
    `analyzer.join.labels`, with the account of the records behind each; damaged records are rejected and counted.
    """

    files: tuple[File, ...]
    choice: Choice = field(default_factory=Choice)
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def size(self) -> int:
        """Stored bytes."""
        return sum(file.size for file in self.files)

    def splits(self) -> Sequence[Split]:
        return plan(self.files)

    def reader(self) -> GroundTruth:
        return replace(self, files=())

    def labels(self, split: Split) -> Iterator[tuple[pa.Table, Truth]]:
        """Labels of the records of a split, a block at a time, in order."""
        for block in self.bounds.blocks(split):
            yield self._labels(block)

    def are_plain(self, flattening: Flattening) -> bool:
        """Whether most of the first labels are one unnamed cell a row, so that they can be read in columns."""
        return self.shape(flattening) == Shape(cells=1)

    def shape(self, flattening: Flattening) -> Shape:
        """What the rows of most of the first labels look like; nothing without any."""
        shapes: Counter[Shape] = Counter()
        for side in self.first():
            with suppress(Undecodable):
                shapes[shape_of(rows_of_side(side, flattening).rows)] += 1
        return shapes.most_common(1)[0][0] if shapes else Shape()

    def first(self, most: int = SAMPLED) -> list[Side]:
        """The first payloads."""
        bounds = replace(self.bounds, block_bytes=1 << 20, samples=0)
        for split in planned(self.files):
            for block in bounds.blocks(split):
                found = _Lines(block, bounds.account(block))
                if found.data:
                    pairs = zip(found.data[:most], found.codes[:most], strict=True)
                    return [Side(data, ENCODINGS[code]) for data, code in pairs]
        return []

    def _labels(self, block: Block) -> tuple[pa.Table, Truth]:
        account = self.bounds.account(block)
        lines = _Lines(block, account)
        intake = account.intake
        truth = Truth(intake.records, intake.rejected, [_placed(sample) for sample in intake.samples])
        return chosen([lines.table()], self.choice), truth


class _Lines:
    """The labels of one block as parallel lists: id, payload, code of its encoding, line it stands on."""

    def __init__(self, block: Block, account: Account) -> None:
        self._block, self._account = block, account
        self._lines = block.data.split(b"\n")
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        self.ids: list[str] = []
        self.data: list[str] = []
        self.codes: list[int] = []
        self._places: Sequence[int] = []
        if not self._sound():
            self._one_by_one()

    def table(self) -> pa.Table:
        """The labels as rows of SCHEMA, in order."""
        keys, count = Keys.of(self.ids), len(self.ids)
        names = pa.array(self.ids, pa.string())
        if self.ids and max(map(len, self.ids)) > NAME_LENGTH:
            names = pc.utf8_slice_codeunits(names, 0, NAME_LENGTH)
        columns = {
            "high": keys.high,
            "low": keys.low,
            "hour": self._hours()[np.asarray(self._places, np.int64)],
            "encoding": np.array(self.codes, np.int8),
            "records": np.ones(count, np.int64),
            "conflict": np.zeros(count, np.bool_),
            "data": self.data,
            "name": names,
        }
        return pa.Table.from_arrays([pa.array(columns[kind.name], kind.type) for kind in SCHEMA], schema=SCHEMA)

    def _sound(self) -> bool:
        """Take all lines at once, if every one is an undamaged record."""
        try:
            labels = list(map(_decode, self._lines))
            ids, data = list(map(_ID, labels)), list(map(_DATA, labels))
            codes = list(map(_CODES.__getitem__, map(_ENCODING, labels)))
        except (*DAMAGE, AttributeError, KeyError):  # no metadata, no payload, or another encoding
            return False
        if None in data or None in ids or not all(map(str.strip, ids)):
            return False
        self.ids, self.data, self.codes, self._places = ids, data, codes, range(len(labels))
        self._account.intake.records += len(labels)
        return True

    def _one_by_one(self) -> None:
        places: list[int] = []
        starts = itertools.accumulate((len(line) + 1 for line in self._lines), initial=0)
        for place, (line, start) in enumerate(zip(self._lines, starts, strict=False)):
            if not line.strip():
                continue
            self._account.intake.records += 1
            try:
                identity, side = _label(line)
            except Undecodable as error:
                reason, _, detail = str(error).partition(": ")
                self._account.reject(start, reason, detail or _HINTS.get(reason))
                continue
            self.ids.append(identity)
            self.data.append(side.data or "")
            self.codes.append(_CODES[side.encoding])
            places.append(place)
        self._places = places

    def _hours(self) -> npt.NDArray[np.int32]:
        """Hour of collection of every line, by the folder of its file."""
        data = self._block.data
        counts = [data.count(b"\n", begin, end) for begin, end in extents(self._block)]
        hours = [hour_number(span.path) for span in self._block.spans]
        return np.repeat(np.array([NO_HOUR if hour is None else hour for hour in hours], np.int32), counts)


def _label(line: bytes) -> tuple[str, Side]:
    """Id and payload of a record; Undecodable with a reason. What is of another type is taken as what it means."""
    value = _value(line)
    if not isinstance(value, dict):
        raise Undecodable(f"{NOT_A_RECORD}: {type(value).__name__}. Hint: one JSON object a line")
    if GROUND_TRUTH not in value:
        raise Undecodable(f"{NOT_A_RECORD}: {GROUND_TRUTH} is missing")
    metadata = value.get("eventMetadata")
    named = metadata if isinstance(metadata, dict) else {}
    identity = scalar_text(named.get("eventId")) or scalar_text(named.get("inferenceId"))
    if not identity or not identity.strip():
        raise Undecodable(NO_ID)
    side = side_of(value[GROUND_TRUTH])
    if side is None or side.data is None:
        raise Undecodable(NO_DATA)
    encoding = side.encoding and side.encoding.strip().upper()
    if encoding not in _CODES:
        raise Undecodable(NO_ENCODING)
    return identity, Side(side.data, encoding)


def _value(line: bytes) -> object:
    text = ""
    try:
        text = line.decode("utf-8-sig").strip()
        return decode_leniently(text)
    except UnicodeDecodeError:
        raise Undecodable("line is not UTF-8") from None
    except RecursionError:
        raise Undecodable("JSON is nested too deeply") from None
    except ValueError as error:
        if text.startswith(("{'", "[{'")):
            raise Undecodable(PYTHON_TEXT) from None
        raise Undecodable(SEVERAL if str(error).startswith("Extra data") else "line is not JSON") from None


def _placed(sample: Rejected) -> Rejected:
    """The sample with its place in one name: lines of a file that was split count from a byte."""
    if not sample.start:
        return sample
    return replace(sample, path=f"{sample.path} (from byte {sample.start})", start=0)


_decode = msgspec.json.Decoder(Label).decode
