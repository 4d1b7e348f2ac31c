"""Closing: what every monitor leaves behind beside its own documents, and the sentence that ends the job."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from analyzer.batch import Intake, Joined
from analyzer.errors import ContractError
from analyzer.job import Job, Outcome
from analyzer.log import counted
from analyzer.monitors.inputs import Input
from analyzer.monitors.joining import join_notices, joined_block
from analyzer.monitors.reasons import reasons
from analyzer.reports import cloudwatch, document, message, quarantine
from analyzer.reports.storage import join, publish
from analyzer.sources.listing import MERGE_REPORT

VIOLATIONS_EXIT = 10  # only when fail_on_violations asks for it
UNUSABLE_EXIT = 2  # too much was rejected, or there was nothing, and the options say that this is a failure
STRICT_EXIT = 255
MOST_NOTES = 2  # about a join in the message, which has 1 KB for everything

LISTING = (quarantine.FILE_NAME, MERGE_REPORT)  # documents that list rejected records

_log = logging.getLogger("FileUtil")


class Severe(Protocol):
    """A violation of any monitor."""

    @property
    def severity(self) -> str | None:
        """Error or warning; None is error."""


@dataclass
class Ending:
    """How a monitor's run ended.

    rows: analysed. violations: found. files: written. shown: for people at a terminal. notices: what a reader should
    know beside the violations. joined: what became of captures that met ground truth; told in the closing message.
    """

    given: Input
    intake: Intake
    rows: int
    violations: Sequence[Severe]
    files: list[str]
    shown: str
    notices: list[str] = field(default_factory=list)
    joined: Joined | None = None


def written(job: Job, name: str, contents: Any) -> str:
    """Path of a document, after it was written to the output folder."""
    path = join(job.output_path, name)
    document.write(path, contents)
    _log.info("Write to file %s at path %s.", name, job.output_path)
    return path


def account(job: Job, given: Input, intake: Intake, notices: list[str], joined: Joined | None = None) -> dict[str, Any]:
    """Our own facts about the data set: where every record went, and what met ground truth."""
    window = {"start": job.start_time, "end": job.end_time} if job.start_time else {}
    return {
        "records": intake.records,
        "outside_window": intake.outside,
        "without_time": intake.untimed,
        "dropped_by_script": intake.dropped,
        "rejected": intake.rejected,
        "files": given.files,
        "skipped_files": [{"path": path, "reason": reason} for path, reason in given.skips[:100]],
        "window": {name: time.isoformat().replace("+00:00", "Z") for name, time in window.items() if time},
        "notices": notices,
        **({"joined": joined_block(joined)} if joined else {}),
    }


def published(
    job: Job, records: int, metrics: Iterable[cloudwatch.Metric], more: Mapping[str, str] | None = None
) -> str:
    """Path of the CloudWatch metrics, after they were written. more: dimensions beside endpoint and schedule."""
    return published_apart(job, records, [(metrics, more or {})])


def published_apart(
    job: Job, records: int, groups: Iterable[tuple[Iterable[cloudwatch.Metric], Mapping[str, str]]]
) -> str:
    """Path of the CloudWatch metrics of groups, each with dimensions of its own beside endpoint and schedule."""
    names = cloudwatch.dimensions(job.sagemaker_endpoint_name, job.sagemaker_monitoring_schedule_name)
    time = job.metric_time or datetime.now(UTC)
    everything = [*groups, *([] if job.is_strict else [([cloudwatch.heartbeat(records)], {})])]
    lines = b"".join(cloudwatch.render_metrics(metrics, time, {**names, **more}) for metrics, more in everything)
    path = join(job.cloudwatch_metrics_directory, cloudwatch.FILE_NAME)
    publish(path, lambda file: file.write(lines.decode()), "application/jsonl")
    return path


def outcome(job: Job, ending: Ending) -> Outcome:
    """The closing message and exit code; warns about rejected records, fails where the options ask for it."""
    intake, found, exit_code = ending.intake, ending.violations, 0
    notes = notes_of(job, ending)
    text = message.completed(len(found), " ".join(notes) if not job.is_strict else "")
    if job.options.fail_on_violations and any(each.severity != "warning" for each in found):
        exit_code = VIOLATIONS_EXIT
    failure = _failure(job, ending)
    if failure:
        text, exit_code = f"Error: {failure} {' '.join(notes)}", STRICT_EXIT if job.is_strict else UNUSABLE_EXIT
    shown = ending.shown + _remarks(ending, sum(intake.rejected.values()))
    return Outcome(intake.records, len(found), text, ending.files, shown, exit_code)


def notes_of(job: Job, ending: Ending) -> list[str]:
    """What the closing message says beside how the job ended."""
    is_empty = not ending.rows and not (ending.joined and ending.joined.captured)
    notes = [f"No records to analyse: {ending.given.searched}."] if is_empty else []
    notes += join_notices(job, ending.given, ending.joined)[:MOST_NOTES]
    share = _rejected_share(ending.intake)
    if share > job.options.rejected_share_warning:
        rejected = ending.intake.rejected
        count = sum(rejected.values())
        notes.append(f"{count} of {max(ending.intake.records, count)} records were rejected ({reasons(rejected)}).")
    return notes


def nothing_to_learn(job: Job, given: Input, intake: Intake) -> ContractError:
    """The error of a baseline run without a single row."""
    why = f"{intake.records} records were read, none became a row" if intake.records else given.searched
    rejected = f" ({reasons(intake.rejected)})" if intake.rejected else ""
    return ContractError(
        f"dataset_source {job.dataset_source} holds no rows to learn a baseline from: {why}{rejected}."
    )


def _rejected_share(intake: Intake) -> float:
    rejected = sum(intake.rejected.values())
    return rejected / max(intake.records, rejected, 1)


def _failure(job: Job, ending: Ending) -> str:
    """Why the job fails although it ran to its end; "" when it does not."""
    limit, share = job.options.rejected_share_failure, _rejected_share(ending.intake)
    if limit is not None and share > limit:
        return f"{100 * share:.2f} % of the records were rejected, more than rejected_share_failure allows."
    is_wanting = job.options.fail_on_empty and not ending.rows
    return "fail_on_empty is set and there was nothing to analyse." if is_wanting else ""


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _remarks(ending: Ending, rejected: int) -> str:
    lines = [f"{counted(ending.rows, 'row')} analysed, {counted(rejected, 'record')} rejected."]
    if rejected:
        listed = [name for name in map(_name, ending.files) if name in LISTING]
        where = f" (see {listed[0]})" if listed else ""
        lines.append(f"Rejected: {reasons(ending.intake.rejected)}{where}.")
    lines += [f"Note: {notice}" for notice in ending.notices[:10]]
    return "\n".join(lines) + "\n"
