"""Closing: what every monitor leaves behind beside its own documents, and the sentence that ends the job."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from analyzer.batch import Intake
from analyzer.errors import ContractError
from analyzer.job import Job, Outcome
from analyzer.monitors.inputs import Input
from analyzer.reports import cloudwatch, document, message
from analyzer.reports.storage import join, publish

VIOLATIONS_EXIT = 10  # only when fail_on_violations asks for it
UNUSABLE_EXIT = 2  # too much was rejected, or there was nothing, and the options say that this is a failure
STRICT_EXIT = 255

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
    know beside the violations.
    """

    given: Input
    intake: Intake
    rows: int
    violations: Sequence[Severe]
    files: list[str]
    shown: str
    notices: list[str] = field(default_factory=list)


def written(job: Job, name: str, contents: Any) -> str:
    """Path of a document, after it was written to the output folder."""
    path = join(job.output_path, name)
    document.write(path, contents)
    _log.info("Write to file %s at path %s.", name, job.output_path)
    return path


def account(job: Job, given: Input, intake: Intake, notices: list[str]) -> dict[str, Any]:
    """Our own facts about the data set: where every record went."""
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
    }


def published(
    job: Job, records: int, metrics: Iterable[cloudwatch.Metric], more: Mapping[str, str] | None = None
) -> str:
    """Path of the CloudWatch metrics, after they were written. more: dimensions beside endpoint and schedule."""
    found = [*metrics, *([] if job.is_strict else [cloudwatch.heartbeat(records)])]
    names = cloudwatch.dimensions(job.sagemaker_endpoint_name, job.sagemaker_monitoring_schedule_name)
    lines = cloudwatch.render_metrics(found, job.metric_time or datetime.now(UTC), {**names, **(more or {})})
    path = join(job.cloudwatch_metrics_directory, cloudwatch.FILE_NAME)
    publish(path, lambda file: file.write(lines.decode()), "application/jsonl")
    return path


def outcome(job: Job, ending: Ending) -> Outcome:
    """The closing message and exit code; warns about rejected records, fails where the options ask for it."""
    intake, found = ending.intake, ending.violations
    notes = [] if ending.rows else [f"No records to analyse: {ending.given.searched}."]
    rejected, exit_code = sum(intake.rejected.values()), 0
    seen = max(intake.records, rejected, 1)
    if rejected / seen > job.options.rejected_share_warning:
        notes.append(f"{rejected} of {seen} records were rejected ({reasons(intake.rejected)}).")
    text = message.completed(len(found), " ".join(notes) if not job.is_strict else "")
    if job.options.fail_on_violations and any(each.severity != "warning" for each in found):
        exit_code = VIOLATIONS_EXIT
    failure = _failure(job, ending.rows, rejected / seen)
    if failure:
        text, exit_code = f"Error: {failure} {' '.join(notes)}", STRICT_EXIT if job.is_strict else UNUSABLE_EXIT
    shown = ending.shown + _remarks(ending, rejected)
    return Outcome(intake.records, len(found), text, ending.files, shown, exit_code)


def nothing_to_learn(job: Job, given: Input, intake: Intake) -> ContractError:
    """The error of a baseline run without a single row."""
    why = f"{intake.records} records were read, none became a row" if intake.records else given.searched
    rejected = f" ({reasons(intake.rejected)})" if intake.rejected else ""
    return ContractError(
        f"dataset_source {job.dataset_source} holds no rows to learn a baseline from: {why}{rejected}."
    )


def reasons(rejected: dict[str, int], most: int = 5) -> str:
    """The commonest reasons for rejections in one line."""
    ordered = sorted(rejected.items(), key=lambda pair: (-pair[1], pair[0]))
    more = f"; {len(ordered) - most} more reasons" if len(ordered) > most else ""
    return "; ".join(f"{count} x {reason}" for reason, count in ordered[:most]) + more


def _failure(job: Job, rows: int, rejected_share: float) -> str:
    """Why the job fails although it ran to its end; "" when it does not."""
    limit = job.options.rejected_share_failure
    if limit is not None and rejected_share > limit:
        return f"{100 * rejected_share:.2f} % of the records were rejected, more than rejected_share_failure allows."
    return "fail_on_empty is set and there was nothing to analyse." if job.options.fail_on_empty and not rows else ""


def _remarks(ending: Ending, rejected: int) -> str:
    lines = [f"{ending.rows} rows analysed, {rejected} records rejected."]
    if rejected:
        lines.append(f"Rejected: {reasons(ending.intake.rejected)} (see quarantine.jsonl).")
    lines += [f"Note: {notice}" for notice in ending.notices[:10]]
    return "\n".join(lines) + "\n"
