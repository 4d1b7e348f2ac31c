"""Suggesting: a checks file learnt from a data set that is known to be good."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml

from analyzer.engines.choice import require_spark
from analyzer.fold import Scan
from analyzer.folds.intake import Intakes
from analyzer.job import Job, Outcome
from analyzer.log import Progress, counted, one_line
from analyzer.monitors.closing import Ending, nothing_to_learn, outcome
from analyzer.monitors.inputs import open_input
from analyzer.monitors.scanning import prepare, scanned
from analyzer.reports import quarantine
from analyzer.reports.storage import join, publish

if TYPE_CHECKING:
    from analyzer.checks.suggestion import Suggestion

FILE_NAME = "checks.yaml"
COMMAND = "suggest-checks"  # in messages
MOST_ALARMS = 0.5  # share of windows; a rule that fails more often is left out
_log = logging.getLogger("UserChecks")


def run(job: Job, progress: Progress) -> Outcome:
    """Write checks.yaml: what Deequ suggests, each rule tried on rows it was not learnt from. Raises AnalyzerError."""
    prepare(job)
    require_spark(COMMAND, or_local=False)
    from analyzer.checks.columns import FOLDS, shapes_of  # noqa: PLC0415 - loads pyspark, which is there now
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415 - the same
    from analyzer.checks.session import Dataset  # noqa: PLC0415
    from analyzer.checks.suggestion import suggestions  # noqa: PLC0415
    from analyzer.engines import spark  # noqa: PLC0415

    session = spark.session(job.analyzer_processes)
    Deequ(session).require(COMMAND, "Deequ")
    given = open_input(job, None)
    intakes = Intakes(job.options.quarantine_samples)
    results = scanned(Scan.of([intakes, *FOLDS]), given, job, progress)
    if not results[intakes].rows:
        raise nothing_to_learn(job, given, results[intakes].intake)
    found = suggestions(session, Dataset(given.plain, shapes_of(results)))
    path = join(job.output_path, FILE_NAME)
    publish(path, lambda file: file.write(document(found)), "application/yaml")
    _log.info("Write to file %s at path %s.", FILE_NAME, job.output_path)
    kept = [each for each in found if each.rate <= MOST_ALARMS]
    shown = f"{counted(len(kept), 'check')} suggested, {len(found) - len(kept)} left out for false alarms\n"
    rejected = quarantine.write(job.output_path, results[intakes].intake.samples)
    files = [path, *([rejected] if rejected else [])]
    ending = Ending(given, results[intakes].intake, results[intakes].rows, [], files, shown)
    return outcome(job, ending)


def document(found: Sequence[Suggestion]) -> str:
    """The checks file; rules that cried wolf are warnings, or comments at its end when they did so more often."""
    head = "# Suggested by Deequ's rules, each tried on held-out rows of the same data. Look them over before use.\n"
    kept = [_entry(each) for each in found if each.rate <= MOST_ALARMS]
    text = head + "version: 1\nrules:" + "".join(f"\n- {_flow(each)}" for each in kept) + ("\n" if kept else " []\n")
    left_out = [one_line(f"{_alarms(each)}: {_plain(each)}", 500) for each in found if each.rate > MOST_ALARMS]
    return text + "".join(f"# left out, {line}\n" for line in left_out)


def _entry(found: Suggestion) -> dict[str, Any]:
    severity = {"severity": "warning"} if found.alarms else {}
    return {**found.given, **severity, "false_alarms": _alarms(found)}


def _alarms(found: Suggestion) -> str:
    if not found.windows:
        return "not tried, too few rows"
    return f"{found.alarms} of {counted(found.windows, 'window')} of {counted(found.rows, 'row')}"


def _plain(found: Suggestion) -> str:
    return ", ".join(f"{key}: {value}" for key, value in found.given.items())


def _flow(entry: dict[str, Any]) -> str:
    """A rule on one line."""
    dumped = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=1 << 30, default_flow_style=True)
    return str(dumped).strip()
