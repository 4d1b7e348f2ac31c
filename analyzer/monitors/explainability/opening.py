"""Opening: the data of an explainability job, with the sides of captured records that are needed, and its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from analyzer.batch import Batch
from analyzer.dataset_format import DatasetFormat
from analyzer.job import Job
from analyzer.monitors.detection import detected
from analyzer.monitors.inputs import Input, open_input
from analyzer.sources.capture import CaptureSource
from analyzer.sources.files import list_files
from analyzer.sources.json import JsonSource
from analyzer.sources.window import Window
from analyzer.split import Source

LOOKED_AT = 3  # splits in which the first row is looked for
_TYPES = {
    "text/csv": DatasetFormat("csv", header=False),
    "application/jsonlines": DatasetFormat("jsonlines"),
    "application/json": DatasetFormat("json"),
    "application/x-parquet": DatasetFormat("parquet"),
}


def format_of(job: Job, dataset_type: str | None) -> DatasetFormat:
    """Layout of the data: as the job names it, else as the first file looks unless the configuration objects."""
    if job.dataset_format is not None:
        return job.dataset_format
    found = detected(list_files(job.dataset_source, Window(job.start_time, job.end_time)).files)
    named = _TYPES.get((dataset_type or "").partition(";")[0].strip().lower())
    if named is None or named.kind == found.kind or found.kind in ("capture", "merge"):
        return found
    return named


def open_side(job: Job, form: DatasetFormat, ending: str) -> Input:
    """The data with only one side of captured records: those whose names end in Input, or in Output."""
    job = replace(job, ground_truth_source=None)  # labels are not needed
    if form.kind not in ("capture", "merge"):
        return open_input(replace(job, dataset_format=form), None)
    sides = tuple(side for side in form.capture_sides or () if side.endswith(ending))
    if not sides:
        batch = any(side.startswith("batch") for side in form.capture_sides or ())
        sides = (f"{'batchTransform' if batch else 'endpoint'}{ending}",)
    capture = replace(form, kind="capture", capture_sides=sides)
    return open_input(replace(job, dataset_format=capture), None, apart=True)


def with_vectors(given: Input) -> Input:
    """The same data, but JSON lists below a key are the cells of one row, never a column of several rows."""
    source = given.source
    if isinstance(source, JsonSource):
        source = replace(source, flattening=replace(source.flattening, columnar=False))
    elif isinstance(source, CaptureSource):
        flattening = replace(source.reading.flattening, columnar=False)
        source = replace(source, reading=replace(source.reading, flattening=flattening))
    return replace(given, source=source)


def rows_of(given: Input) -> Source:
    """The source of an input that was opened without ground truth, so that it joins nothing."""
    return cast("Source", given.source)


def first_batch(source: Source) -> Batch | None:
    """The first batch with rows, of the first splits."""
    for split in source.splits()[:LOOKED_AT]:
        for batch in source.batches(split):
            if batch.rows:
                return batch
    return None


def first_columns(source: Source) -> Sequence[str]:
    """Columns of the first rows; none when there is no row."""
    batch = first_batch(source)
    return list(batch.columns) if batch else []
