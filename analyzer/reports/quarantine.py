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
MAX_RECORDS = 1000
MAX_CHARACTERS = 1000  # of every text


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


def _line(record: Rejected) -> str:
    entry: dict[str, str | int | None] = {"reason": _bounded(record.reason), "path": _bounded(record.path)}
    entry["line"] = record.line
    for key, text in (("event_id", record.event_id), ("excerpt", record.excerpt)):
        if text is not None:
            entry[key] = _bounded(text)
    return json.dumps(entry) + "\n"


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 3] + "..."
