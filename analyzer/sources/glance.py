"""Glance: the columns that the first rows of a source have, looked at before it is scanned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from analyzer.batch import Batch
from analyzer.join.join import Join
from analyzer.sources.attributes import Extract
from analyzer.sources.capture import CaptureSource
from analyzer.sources.ground_truth import GroundTruth
from analyzer.sources.layout import Layout
from analyzer.sources.pairing import Pairing
from analyzer.sources.payload import Undecodable
from analyzer.sources.record import GROUND_TRUTH
from analyzer.split import Piece, Source

ROWS, MORE_ROWS = 1000, 20_000  # after which enough was seen; when something is still missing, and not
FILES = 1000  # looked at until there are so many rows
BLOCK_BYTES = 1 << 18

Readable = Source | Join


def first_columns(source: Readable, rows: int = ROWS) -> tuple[str, ...]:
    """Columns of about so many first rows, in order of appearance; none when there are no rows in the first files.

    Of captures that are to meet ground truth also the columns of the first labels.
    """
    if isinstance(source, Join):
        return (*_columns(_unlabelled(source.captures), rows), *_columns_of_labels(source))
    return _columns(source, rows)


def without_inputs(source: Readable) -> Readable:
    """Captured records without their requests, of which nothing needs to be parsed then."""
    if isinstance(source, Join):
        return replace(source, captures=_outputs(source.captures))
    found: Source = _outputs(source)
    return found


def _outputs(source: Any) -> Any:
    if not isinstance(source, CaptureSource):
        return source
    sides = tuple(side for side in source.reading.sides if not side.endswith("Input"))
    others = tuple(side for side in sides if side != GROUND_TRUTH)
    return replace(source, reading=replace(source.reading, sides=sides)) if others else source


def extracting(source: Readable, extracts: tuple[Extract, ...]) -> Readable:
    """Captured records with values looked for in their JSON payloads; other data has no payloads."""
    captures: Any = source.captures if isinstance(source, Join) else source
    if not isinstance(captures, CaptureSource):
        return source
    found = replace(captures, reading=replace(captures.reading, extracts=extracts))
    return replace(source, captures=found) if isinstance(source, Join) else found


def _columns(source: Any, rows: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    seen = 0
    for batch in _first_batches(source):
        if batch.rows:
            names.update(dict.fromkeys(batch.columns))
        seen += batch.rows
        if seen >= rows:
            break
    return tuple(names)


def _unlabelled(captures: Any) -> Any:
    """Captures as they are before they meet ground truth, which lets them be parsed in columns."""
    sides = tuple(side for side in captures.reading.sides if side != GROUND_TRUTH)
    return replace(captures, reading=replace(captures.reading, sides=sides))


def _columns_of_labels(join: Join) -> list[str]:
    if not isinstance(join.labels, GroundTruth) or not isinstance(join.captures, CaptureSource):
        return []
    reading = join.captures.reading
    pairing = Pairing(replace(reading, sides=(GROUND_TRUTH,)), Layout())
    names: dict[str, None] = {}
    for side in join.labels.first():
        with suppress(Undecodable):
            names.update(dict.fromkeys(name for row in pairing.labels(side) for name in row))
    return list(names)


def _first_batches(source: Any) -> Iterator[Batch]:
    reader = _hasty(source)
    for file in islice(source.files, FILES):
        yield from reader.batches((Piece(file.path, 0, file.size, whole=True),))


def _hasty(source: Any) -> Source:
    """The source, reading little at once."""
    where = "reading" if isinstance(source, CaptureSource) else "bounds"
    smaller = replace(getattr(source, where), block_bytes=BLOCK_BYTES, samples=0)
    found: Source = replace(source, **{where: smaller})
    return found
