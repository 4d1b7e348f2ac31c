"""Joining: what a document and a reader are told about captures that met their ground truth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from analyzer.batch import Joined, Truth
from analyzer.job import Job
from analyzer.log import one_line
from analyzer.monitors.inputs import Input
from analyzer.monitors.reasons import reasons

LATE = (
    "Hint: labels may be late: analyse an earlier window (SageMaker: start_time_offset, end_time_offset), or read more "
    "hours of labels (label_end_offset)."
)
NAMED = "Hint: eventMetadata.eventId of ground truth is the inference id of the request, or its event id without one."
_SHAPES = (
    ("UUIDs", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("whole numbers", re.compile(r"[-+]?[0-9]+")),
    ("decimal numbers", re.compile(r"[-+]?[0-9]+\.[0-9]*")),
)
_QUANTILES = {"minimum": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "maximum": 1.0}


def coverage(joined: Joined) -> float | None:
    """Share of the captured records that have a label; None without captured records."""
    return joined.labelled / joined.captured if joined.captured else None


def joined_block(joined: Joined | None) -> dict[str, Any] | None:
    """The facts of a join for the `analyzer` part of a document (docs/reference/ground_truth.md); None without one."""
    if joined is None:
        return None
    return {
        "captured": joined.captured,
        "labelled": joined.labelled,
        "unmatched": joined.captured - joined.labelled,
        "coverage": coverage(joined),
        "by_event_id": joined.by_event,
        "without_id": joined.without_id,
        "repeated": max(0, joined.labelled - joined.truth.matched),
        "pairs": joined.pairs,
        "unmatched_ids": joined.unmatched,
        "label_delay_hours": delay_quantiles(joined.delays),
        "ground_truth": _truth_block(joined.truth),
    }


def join_notices(job: Job, given: Input, joined: Joined | None) -> list[str]:
    """What a reader should know about the join, worst first; nothing without one."""
    return list(_notices(job, given, joined)) if joined is not None else []


def delay_quantiles(delays: Mapping[int, int]) -> dict[str, int] | None:
    """Quantiles (nearest rank) of whole hours from inference to label; None when none is known."""
    if not delays:
        return None
    hours = sorted(delays)
    below = np.cumsum([delays[hour] for hour in hours])
    ranks = {name: int(np.searchsorted(below, share * below[-1])) for name, share in _QUANTILES.items()}
    return {name: hours[rank] for name, rank in ranks.items()}


def _truth_block(truth: Truth) -> dict[str, Any]:
    return {
        "records": truth.records,
        "rejected": truth.rejected,
        "ids": truth.ids,
        "matched": truth.matched,
        "unmatched": truth.ids - truth.matched,
        "repeated": truth.repeated,
        "left_out": truth.left_out,
        "conflicting": truth.conflicting,
        "first_hour": _hour(truth.first_hour),
        "last_hour": _hour(truth.last_hour),
        "unmatched_ids": truth.unmatched,
        "conflicting_ids": truth.conflicts,
    }


def _hour(number: int | None) -> str | None:
    if number is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=number)).strftime("%Y-%m-%dT%H:00:00Z")


def _notices(job: Job, given: Input, joined: Joined) -> Iterator[str]:
    truth, share = joined.truth, coverage(joined)
    if share is not None and share < max(job.options.coverage_warning, 1e-12):
        yield from _few(job, given, joined, share)
    rejected = sum(truth.rejected.values())
    if truth.records and rejected / truth.records > job.options.rejected_share_warning:
        hints = dict.fromkeys(detail for each in truth.samples if (detail := each.detail or "").startswith("Hint:"))
        told = f"{rejected} of {truth.records} ground truth records were rejected ({reasons(truth.rejected)})."
        yield " ".join([told, *(f"{hint}." for hint in hints)])
    if truth.conflicting:
        counts = "each joins" if _keeps_all(job) else "the latest counts"
        ids = f"{truth.conflicting} of {truth.ids} ids"
        yield f"Ground truth records differ for {ids}; {counts} ({_shown(truth.conflicts)})."
    if _keeps_all(job) and truth.left_out:
        most = job.options.labels_per_id
        yield f"{truth.left_out} ground truth records beyond {most} of one id were left out (labels_per_id)."
    if joined.without_id:
        yield f"{joined.without_id} captured records have neither an inference id nor an event id."
    if given.truth and given.truth.skips:
        path, reason = given.truth.skips[0]
        count = len(given.truth.skips)
        yield f"{count} files of the ground truth were left out ({one_line(path, 200)}: {reason})."


def _few(job: Job, given: Input, joined: Joined, share: float) -> Iterator[str]:
    """Why few or no captured records have a label, as far as that is known."""
    truth = joined.truth
    if not (given.truth and given.truth.files):
        yield f"No ground truth: {given.truth_searched}. {LATE}"
    elif not truth.ids:
        yield f"No usable ground truth record among {truth.records}: {given.truth_searched}."
    elif not joined.labelled:
        yield (
            f"None of {joined.captured} captured records has a label, although there are labels of {truth.ids} ids."
            f"{_strangers(joined)}"
        )
    else:
        yield (
            f"{joined.labelled} of {joined.captured} captured records have a label (coverage {share:.4f}, less than "
            f"coverage_warning {job.options.coverage_warning:g}). {LATE}"
        )


def _strangers(joined: Joined) -> str:
    """How the ids on both sides look, which usually tells why they never meet."""
    captured, labels = joined.unmatched, joined.truth.unmatched
    if not captured or not labels:
        return f" {NAMED}"
    mine, other = _shape(captured), _shape(labels)
    named = f"({_shown(captured)})", f"({_shown(labels)})"
    if mine != other:
        return f" Ids of captures are {mine} {named[0]}, ids of ground truth {other} {named[1]}. {NAMED}"
    return f" Ids of captures {named[0]} and of ground truth {named[1]} look alike, but may be of other hours. {LATE}"


def _shape(ids: Sequence[str]) -> str:
    """What all the ids look like."""
    return next((name for name, shape in _SHAPES if all(map(shape.fullmatch, ids))), "other texts")


def _shown(ids: Sequence[str], most: int = 3) -> str:
    return ", ".join(repr(one_line(text, 64)) for text in ids[:most]) + ", ..." * (len(ids) > most)


def _keeps_all(job: Job) -> bool:
    return (job.options.label_choice or ("all" if job.is_strict else "latest")) == "all"
