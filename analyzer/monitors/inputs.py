"""Input: from the job's variables to a source with named columns, before anything is scanned."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.job import Job
from analyzer.join.join import Join
from analyzer.log import one_line
from analyzer.monitors.detection import detected, is_manifest
from analyzer.monitors.reading import bounds_of, flattening_of, reading_of
from analyzer.monitors.truth import captures_to_meet, open_truth
from analyzer.sources.capture import CaptureSource
from analyzer.sources.csv import CsvSource
from analyzer.sources.files import list_files
from analyzer.sources.hours import hour_outside, kept_period
from analyzer.sources.layout import Layout, layout_apart, layout_of
from analyzer.sources.listing import Listing
from analyzer.sources.manifest import expand_manifest
from analyzer.sources.splits import SPLIT_BYTES, File
from analyzer.sources.window import Window
from analyzer.split import Source

_log = logging.getLogger("DatasetReader")  # the closed image's name for it, as are its words

SHOWN_FILES = 10


@dataclass(frozen=True)
class Input:
    """A source ready to be scanned, and what was learnt on the way.

    files, size: how many files and stored bytes. skips: (path, reason) of files left out. aligned: columns can be
    told by their names, not only by how many there are. searched: where data was looked for, for the message of an
    empty window. truth, truth_searched: files of the ground truth that the source is to meet, and where they were
    looked for; None and "" where it meets none.
    """

    source: Source | Join
    files: int
    size: int
    searched: str
    skips: Sequence[tuple[str, str]] = ()
    notices: list[str] = field(default_factory=list)
    aligned: bool = True
    truth: Listing | None = None
    truth_searched: str = ""

    @property
    def plain(self) -> Source:
        """The source; ConfigError where its records are to meet ground truth first."""
        if isinstance(self.source, Join):
            raise ConfigError("ground_truth_source: nothing is joined here. Hint: leave it out.")
        return self.source

    @property
    def worthwhile_processes(self) -> int:
        """Processes that get a split each; a second one costs more than it brings for a single split."""
        return max(1, -(-self.size // SPLIT_BYTES))

    @property
    def size_text(self) -> str:
        return f"{_files(self.files)} of {self.size / 2**20:.1f} MiB"


def open_input(job: Job, baseline: tuple[str, ...] | None, *, apart: bool = False, unlabelled: bool = False) -> Input:
    """The job's data as a source; columns without names of their own get the baseline's by position.

    apart: columns of captured and merged records are called `side.cell` instead (see `Reading`), and ground truth is
    one of the sides where there is any; tabular data keeps its own names. With ground_truth_source its records meet
    their labels then; unlabelled: those without one stay. Raises SourceUnreadable when a path cannot be listed.
    """
    truth = open_truth(job) if apart and job.ground_truth_source else None
    window = Window(job.start_time, job.end_time)
    listing = list_files(job.dataset_source, window)
    form = job.dataset_format or detected(listing.files)
    files = tuple(listing.files if form.kind in ("capture", "merge") else _tabular_files(listing, window))
    shown = ", ".join(one_line(file.path, 300) for file in files[:SHOWN_FILES])
    more = f", and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    _log.info("Files to process:List(%s%s)", shown, more)
    searched = _searched(job.dataset_source, window, listing)
    size = sum(file.size for file in files)
    if truth:
        captures = captures_to_meet(job, form, files, truth.labels, unlabelled=unlabelled)
        return replace(
            Input(Join(captures, truth.labels), len(files), size + truth.labels.size, searched, listing.skips),
            truth=truth.listing,
            truth_searched=_searched(job.ground_truth_source or "", truth.window, truth.listing),
        )
    source, layout = _source(job, form, files, baseline, apart=apart)
    notices = [layout.explanation] if layout.explanation else []
    return Input(source, len(files), size, searched, listing.skips, notices, layout.aligned)


def _source(
    job: Job, form: DatasetFormat, files: tuple[File, ...], baseline: tuple[str, ...] | None, *, apart: bool
) -> tuple[Source, Layout]:
    options, script = job.options, job.record_preprocessor_script
    flattening, bounds = flattening_of(job), bounds_of(job)
    if form.kind in ("capture", "merge"):
        return _captures(CaptureSource(files, reading_of(job, form, apart=apart), script=script), baseline)
    if form.kind == "parquet":
        from analyzer.sources.parquet import ParquetSource  # noqa: PLC0415 - loads slowly, and few jobs need it

        return ParquetSource(files, options.flatten_limit, script, bounds), Layout()
    if form.kind in ("json", "jsonlines"):
        from analyzer.sources.json import JsonSource  # noqa: PLC0415 - as above

        lines = form.kind == "jsonlines"
        return JsonSource(files, lines, names=baseline, flattening=flattening, script=script, bounds=bounds), Layout()
    header = form.header if options.csv_header is None else options.csv_header
    names = None if header and not script else baseline
    source = CsvSource(files, header, names, options.inference_id_columns, script, bounds)
    return source, Layout(aligned=header or script is not None)


def _captures(source: CaptureSource, baseline: tuple[str, ...] | None) -> tuple[Source, Layout]:
    if source.script is not None:
        layout = Layout({"script": baseline} if baseline else {})
    elif source.reading.apart:
        layout = layout_apart(source.shape(None))
    else:
        layout = layout_of(source.shape(len(baseline) if baseline else None), baseline)
    return replace(source, layout=layout), layout


def _tabular_files(listing: Listing, window: Window) -> list[File]:
    """Data files, manifests replaced by what they list, hour folders outside the window left out."""
    files: list[File] = []
    kept = kept_period(window, slack=timedelta(0))  # rows have no time of their own by which they could be left out
    for file in listing.files:
        hour = hour_outside(file.path, kept)
        if hour:
            listing.pruned.append(hour)
        else:
            files.extend(_expanded(file, listing))
    return files


def _expanded(file: File, listing: Listing) -> list[File]:
    if not is_manifest(file):
        return [file]
    found: list[File] = []
    for path in expand_manifest(file.path):
        below = list_files(path)
        found.extend(below.files)
        listing.skips.extend(below.skips)
    return found


def _searched(root: str, window: Window, listing: Listing) -> str:
    """Where data was looked for and what lies next to it."""
    text = f"looked in {root}"
    if window.start:
        end = f"{window.end:%Y-%m-%dT%H:%M:%SZ}" if window.end else "now"
        text += f" for {window.start:%Y-%m-%dT%H:%M:%SZ} to {end}"
    text += f"; {_files(len(listing.files))} there"
    before = [hour for hour in listing.pruned if window.start and hour < window.start]
    after = [hour for hour in listing.pruned if window.end and hour >= window.end]
    near = [f"{hour:%Y-%m-%dT%H:00Z}" for hour in (*sorted(before)[-1:], *sorted(after)[:1])]
    if near:
        text += f"; nearest hours with data: {' and '.join(near)}"
    left_out = len(listing.skips)
    if left_out:
        text += f"; {_files(left_out)} {'was' if left_out == 1 else 'were'} left out ({listing.skips[0][1]})"
    return text


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
