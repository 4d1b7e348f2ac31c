"""One merge job: captures and ground truth in, merged records out, and an account of both.

Source: contract.md 1.4, 2.2, 2.3, 3.4, 3.5, 10.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from analyzer.batch import Intake, Joined
from analyzer.errors import ConfigError
from analyzer.fold import Scan
from analyzer.folds.intake import Intakes
from analyzer.folds.joins import JOINS
from analyzer.job import Job, Outcome
from analyzer.join.join import Join
from analyzer.log import Progress, counted
from analyzer.monitors.closing import Ending, account, notes_of, outcome, published, written
from analyzer.monitors.inputs import Input, open_input
from analyzer.monitors.joining import join_notices
from analyzer.monitors.merge.parts import Parts
from analyzer.monitors.merge.target import Target, contains
from analyzer.monitors.scanning import prepare, scanned
from analyzer.reports import quarantine
from analyzer.reports.cloudwatch import Metric
from analyzer.sources.capture import CaptureSource
from analyzer.sources.listing import MERGE_REPORT

_log = logging.getLogger("DataAnalyzer")


def run(job: Job, progress: Progress) -> Outcome:
    """Merge captures with ground truth and write merged records, and the report of it unless strict.

    Raises AnalyzerError: ConfigError before any data is read.
    """
    _check(job)
    prepare(job)
    given = open_input(job, None, apart=True)
    target = Target.of(job, batch=_is_batch(given))
    intakes = Intakes(job.options.quarantine_samples)
    target.clear()
    results = scanned(Scan.of([intakes, JOINS]), _writing(given, target), job, progress)
    rows, intake, joined = results[intakes].rows, results[intakes].intake, results[JOINS] or Joined()
    notices = join_notices(job, given, joined)
    for line in notices:
        _log.warning(line)
    done = _told(joined, rows)
    files = [] if job.is_strict else [written(job, MERGE_REPORT, _report(job, given, intake, joined, notices))]
    if job.publish_cloudwatch_metrics and not job.is_strict:
        files.append(published(job, intake.records, _metrics(joined)))
    ending = Ending(given, intake, rows, [], files, f"{done}\n", notices, joined)
    found = outcome(job, ending)
    if found.exit_code:
        return found
    text = "" if job.is_strict else " ".join([f"Completed: {done}", *notes_of(job, ending)])
    return replace(found, message=text)


def _told(joined: Joined, rows: int) -> str:
    what = f"{counted(rows, 'merged record')} {'was' if rows == 1 else 'were'} written"
    return f"{joined.labelled} of {joined.captured} captured records have a label; {what}."


def _metrics(joined: Joined) -> list[Metric]:
    """What met and what did not, for CloudWatch."""
    counts = {
        "analyzer_merged_records": joined.pairs,
        "analyzer_unmatched_captures": joined.captured - joined.labelled,
        "analyzer_unmatched_ground_truth": joined.truth.ids - joined.truth.matched,
    }
    return [Metric(name, float(count), "Count") for name, count in counts.items()]


def _check(job: Job) -> None:
    """Refuse what could not be merged, or would be merged again by the next run."""
    if not job.ground_truth_source:
        raise ConfigError("ground_truth_source is not set. Hint: name the folder of the ground truth records.")
    for name in ("dataset_source", "ground_truth_source"):
        if contains(getattr(job, name), job.output_path):
            raise ConfigError(
                f"output_path lies in {name}: the next run would read the merged records as its input. "
                "Hint: choose a folder outside of it."
            )


def _is_batch(given: Input) -> bool:
    return any(side.startswith("batch") for side in _captures(given).reading.sides)


def _captures(given: Input) -> CaptureSource:
    source = given.source
    if not isinstance(source, Join) or not isinstance(source.captures, CaptureSource):
        raise TypeError("a merge job reads captures that meet ground truth")
    return source.captures


def _writing(given: Input, target: Target) -> Input:
    """The input as a source that writes what it reads."""
    if not isinstance(given.source, Join):
        raise TypeError("a merge job reads captures that meet ground truth")
    return replace(given, source=replace(given.source, captures=Parts(_captures(given), target)))


def _report(job: Job, given: Input, intake: Intake, joined: Joined, notices: list[str]) -> dict[str, Any]:
    samples = [*intake.samples, *joined.truth.samples]
    return {
        "merged": joined.pairs,
        **account(job, given, intake, notices, joined),
        "rejected_samples": [quarantine.entry(sample) for sample in samples],
    }
