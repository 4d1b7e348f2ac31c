"""quarantine.jsonl: the records that could not be used, one JSON object per line.

Reports are read by more people than the data is, so content is there only when the source was asked to keep it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice

from analyzer.batch import Rejected
from analyzer.reports.storage import Location, join, publish, remove

FILE_NAME = "quarantine.jsonl"
MAX_RECORDS = MAX_EXCERPT = 10_000  # also the largest values of the options that ask for them
MAX_CHARACTERS = 1000  # of every other text


def write(folder: Location, rejected: Sequence[Rejected], limit: int = MAX_RECORDS) -> str | None:
    """Write the first `limit` rejected records into the output folder; its path, or None when there are none.

    A file of an earlier run is removed then. Raises OutputUnwritable.
    """
    path = join(folder, FILE_NAME)
    if rejected:
        publish(path, lambda file: file.writelines(map(_line, islice(rejected, limit))), "application/jsonl")
        return path
    remove(path)
    return None


def entry(record: Rejected) -> dict[str, str | int]:
    """What is told of a rejected record."""
    named = {"event_id": record.event_id, "detail": record.detail}
    told: dict[str, str | int] = {
        "reason": _bounded(record.reason),
        "path": _bounded(record.path),
        "line": record.line,
        **{key: _bounded(text) for key, text in named.items() if text is not None},
    }
    if record.excerpt is not None:
        told["excerpt"] = _bounded(record.excerpt, MAX_EXCERPT)
    return told


def _line(record: Rejected) -> str:
    return json.dumps(entry(record)) + "\n"


def _bounded(text: str, longest: int = MAX_CHARACTERS) -> str:
    text = text[: longest + 1].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text if len(text) <= longest else text[: longest - 3] + "..."
