"""History: the metrics of earlier runs, one file a run, in the JSON of Deequ's MetricsRepository.

A file a run, under a name made of its window and tags, needs no lock: runs side by side do not meet, and a run that is
repeated replaces its own file. Files of Deequ's own repositories (a list of many runs) are read as well.
Source: specification deequ.md 12.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analyzer.errors import SourceUnreadable
from analyzer.log import one_line
from analyzer.reports.storage import join, publish, read
from analyzer.sources.files import exists, list_files

LARGEST_BYTES = 64 << 20
MOST_FILES = 1_000  # of the newest, by name

_log = logging.getLogger("UserChecks")

Entry = dict[str, Any]
"""`analyzer` and `metric` of Deequ's JSON."""


@dataclass(frozen=True, slots=True)
class Run:
    """The metrics of one run: when its data is of (milliseconds since 1970), its tags, its entries."""

    date: int
    tags: Mapping[str, str]
    entries: Sequence[Entry]

    def value(self, key: str) -> float | None:
        """The number of an analyzer, by its key; None when this run has none."""
        for entry in self.entries:
            if key_of(entry["analyzer"]) == key:
                value = entry["metric"].get("value")
                return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        return None


def key_of(analyzer: Mapping[str, Any]) -> str:
    """What tells analyzers apart; options that Deequ writes only when they are set do not count when they are null."""
    return json.dumps({name: value for name, value in analyzer.items() if value is not None}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class History:
    """Runs under a folder or S3 prefix. date, tags: of the run that is under way."""

    path: str
    date: int
    tags: Mapping[str, str]

    @property
    def file(self) -> str:
        """Where this run is kept."""
        moment = datetime.fromtimestamp(self.date / 1000, UTC)
        digest = hashlib.sha256(json.dumps(self.tags, sort_keys=True).encode()).hexdigest()[:8]
        return join(self.path, f"{moment:%Y-%m-%dT%H-%M-%S}-{digest}.json")

    def earlier(self) -> list[Run]:
        """Runs before this one whose tags do not contradict its own, oldest first; what cannot be read is logged."""
        if not exists(self.path):
            return []
        files = [file.path for file in list_files(self.path).files if file.path.endswith(".json")]
        runs = [run for path in sorted(files)[-MOST_FILES:] for run in _runs_of(path)]
        fitting = [run for run in runs if run.date < self.date and self._fits(run.tags)]
        return sorted(fitting, key=lambda run: run.date)

    def save(self, entries: Iterable[Entry]) -> str:
        """Keep this run; the path of its file. Raises OutputUnwritable."""
        run = {"resultKey": {"dataSetDate": self.date, "tags": dict(self.tags)}}
        document = json.dumps([{**run, "analyzerContext": {"metricMap": list(entries)}}], indent=1, allow_nan=False)
        publish(self.file, lambda file: file.write(document + "\n"))
        return self.file

    def _fits(self, tags: Mapping[str, str]) -> bool:
        return all(self.tags.get(name, value) == value for name, value in tags.items())


def _runs_of(path: str) -> Iterator[Run]:
    try:
        found = json.loads(read(path, LARGEST_BYTES), parse_constant=lambda _: None)
        runs = [_run(each) for each in found]
    except (OSError, SourceUnreadable, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = one_line(str(error), 200)
        _log.warning("%s is not a history of Deequ metrics and was left out (%s).", one_line(path, 300), why)
        return
    yield from runs


def _run(given: Any) -> Run:
    key = given["resultKey"]
    entries = [
        {"analyzer": dict(each["analyzer"]), "metric": dict(each["metric"])}
        for each in given["analyzerContext"]["metricMap"]
    ]
    return Run(int(key["dataSetDate"]), {str(name): str(value) for name, value in key["tags"].items()}, entries)


def renamed(entry: Any, names: Mapping[str, str]) -> Any:
    """A document with other names of columns, wherever they occur in its texts."""
    if isinstance(entry, dict):
        return {key: renamed(value, names) for key, value in entry.items()}
    if isinstance(entry, list):
        return [renamed(value, names) for value in entry]
    if isinstance(entry, str):
        for old, new in names.items():
            entry = entry.replace(old, new)
    return entry
