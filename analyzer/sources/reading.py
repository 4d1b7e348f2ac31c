"""Reading: how captured records become rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.sources.attributes import Extract
from analyzer.sources.payload import Flattening
from analyzer.sources.transform import Lines
from analyzer.sources.window import Window

OUTPUT_FIRST = ("endpointOutput", "endpointInput")


@dataclass(frozen=True)
class Reading:
    """What is read of the records, and the bounds of reading.

    sides: payloads read, in column order. explode: several rows in one request become several rows; otherwise
    only its first line is one (as the closed image had it). one_encoding: sides of different encodings are an
    error (as there). apart: columns are named `side.cell` (see `record.column_of`), so that sides can be told apart
    whatever the layout; rows of a script have no side. lines: what a line is. unlabelled: of records that are to meet
    ground truth, those without a label are kept. extracts: values to be looked for in JSON payloads. samples: rejected
    records kept; excerpt: characters kept of each. The others: see `blocks`.
    """

    sides: tuple[str, ...] = OUTPUT_FIRST
    window: Window = field(default_factory=Window)
    explode: bool = True
    one_encoding: bool = False
    apart: bool = False
    lines: Lines = "capture"
    unlabelled: bool = False
    extracts: tuple[Extract, ...] = ()
    flattening: Flattening = field(default_factory=Flattening)
    samples: int = 100
    excerpt: int = 0
    block_bytes: int = 17 << 20  # a split of 64 MiB is four blocks
    max_record_bytes: int = 64 << 20
    gzip_max_ratio: int = 1000
