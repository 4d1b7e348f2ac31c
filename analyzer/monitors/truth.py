"""Truth: the ground truth of a job, and its captures made ready to meet it, before anything is read.

Source: contract.md 1.4, 2.3, 2.4, 3.3-3.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.job import Job
from analyzer.join.labels import Choice
from analyzer.monitors.reading import bounds_of, reading_of
from analyzer.sources.capture import CaptureSource
from analyzer.sources.files import list_files
from analyzer.sources.ground_truth import GroundTruth
from analyzer.sources.hours import NO_SLACK
from analyzer.sources.layout import Shape, layout_apart
from analyzer.sources.listing import Listing
from analyzer.sources.record import GROUND_TRUTH
from analyzer.sources.splits import File
from analyzer.sources.transform import Lines
from analyzer.sources.window import Window

LINES: dict[str, Lines] = {"capture": "capture", "csv": "csv", "json": "json", "jsonlines": "json"}


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth to be read. window: of the hours in which the labels were collected."""

    labels: GroundTruth
    listing: Listing
    window: Window


def open_truth(job: Job) -> Truth:
    """The ground truth of the hours that may hold labels of the job's window: from its start on, without an end.

    Raises ConfigError for offsets without a window, SourceUnreadable when the path cannot be listed.
    """
    options, root = job.options, job.ground_truth_source or ""
    first, last = options.label_start_offset, options.label_end_offset
    if (first or last) and not (job.start_time and job.end_time):
        raise ConfigError(
            "analyzer_config: label_start_offset and label_end_offset count from the window, and there is none. "
            "Hint: set start_time and end_time, or leave the offsets out."
        )
    start = job.start_time and (job.start_time + first if first else job.start_time)
    end = job.end_time + last if job.end_time and last is not None else None
    if start and end and start >= end:
        raise ConfigError(
            f"analyzer_config: label_start_offset and label_end_offset leave no hours ({start:%Y-%m-%dT%H:%MZ} to "
            f"{end:%Y-%m-%dT%H:%MZ}). Hint: labels are collected after the inference: make label_end_offset larger, "
            "such as P1D."
        )
    window = Window(start, end)
    listing = list_files(root, window, NO_SLACK)
    keep = options.label_choice or ("all" if job.is_strict else "latest")
    labels = GroundTruth(tuple(listing.files), Choice(keep, options.labels_per_id), bounds_of(job))
    return Truth(labels, listing, window)


def captures_to_meet(
    job: Job, form: DatasetFormat, files: tuple[File, ...], labels: GroundTruth, *, unlabelled: bool
) -> CaptureSource:
    """Captures, or output of batch transform, whose records meet labels; sides stay apart.

    Raises ConfigError for a format whose records have no ids, or have ground truth already.
    """
    lines = LINES.get(form.kind)
    if lines is None:
        why = "is merged already" if form.kind == "merge" else f"of {form.kind} has no ids of records"
        hint = "leave ground_truth_source out" if form.kind == "merge" else "give captures, or CSV or JSON with ids"
        raise ConfigError(f"dataset_source {why}, so ground_truth_source cannot join it. Hint: {hint}.")
    if lines == "capture":
        reading = reading_of(job, form, apart=True)
    else:
        transformed = DatasetFormat("capture", capture_sides=("batchTransformOutput",))
        # The hour is that of the folder; rows are written long after the hour has begun.
        reading = replace(reading_of(job, transformed, apart=True), lines=lines, window=Window())
    source = CaptureSource(files, reading, script=job.record_preprocessor_script)
    labelled = replace(reading, sides=(*reading.sides, GROUND_TRUTH), unlabelled=unlabelled)
    if source.script is not None:
        return replace(source, reading=labelled)
    shape = source.shape(None)
    plain = ((GROUND_TRUTH, Shape(cells=1)),) if labels.are_plain(reading.flattening) else ()
    return replace(source, reading=labelled, layout=layout_apart((*shape, *plain)))
