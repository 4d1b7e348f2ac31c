"""Analysis: the monitor that a job asks for, imported only when it is; the others may need what is not installed."""

from __future__ import annotations

from analyzer.job import Job, Outcome
from analyzer.log import Progress


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a job by its analysis_type and write its documents. Raises AnalyzerError."""
    from analyzer.monitors.data_quality import run as data_quality  # noqa: PLC0415

    return data_quality(job, progress)
