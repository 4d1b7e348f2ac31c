"""Reading: how a job wants its records to be read, from its options and the format of its data."""

from __future__ import annotations

from analyzer.dataset_format import BOTH_SIDES, DatasetFormat
from analyzer.job import Job
from analyzer.sources.payload import Flattening
from analyzer.sources.reading import Reading
from analyzer.sources.record import GROUND_TRUTH
from analyzer.sources.tabular import Bounds
from analyzer.sources.window import Window

OUTPUTS_FIRST = ("endpointOutput", "batchTransformOutput", "endpointInput", "batchTransformInput")


def flattening_of(job: Job) -> Flattening:
    """How nested JSON becomes columns."""
    return Flattening(job.options.flatten_separator, job.options.flatten_limit)


def bounds_of(job: Job) -> Bounds:
    """How much is read at once, and kept of what is rejected."""
    options = job.options
    return Bounds(
        options.quarantine_samples,
        options.quarantine_excerpt,
        max_record_bytes=options.max_record_bytes,
        gzip_max_ratio=options.gzip_max_ratio,
    )


def reading_of(job: Job, form: DatasetFormat, *, apart: bool) -> Reading:
    """How captured or merged records become rows; apart: see `Reading`."""
    options = job.options
    wanted = form.capture_sides or BOTH_SIDES
    sides = tuple(name for name in OUTPUTS_FIRST if name in wanted)
    if (options.output_columns_position or form.output_columns_position) == "END":
        sides = tuple(sorted(sides, key=lambda name: name.endswith("Output")))
    if apart and form.kind == "merge":
        sides = (*sides, GROUND_TRUTH)
    return Reading(
        sides=sides,
        window=Window(job.start_time, job.end_time),
        explode=options.explode_requests and (apart or not job.is_strict),
        one_encoding=job.is_strict and not apart,
        apart=apart,
        flattening=flattening_of(job),
        samples=options.quarantine_samples,
        excerpt=options.quarantine_excerpt,
        max_record_bytes=options.max_record_bytes,
        gzip_max_ratio=options.gzip_max_ratio,
    )
