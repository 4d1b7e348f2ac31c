"""Scanning: the one pass of a monitor over its input, on the engine that suits it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from analyzer.engines.choice import choose, host_count, require_spark, start_submitted
from analyzer.fold import Fold, Scan
from analyzer.job import Job
from analyzer.log import Progress, counted
from analyzer.memory import keep_freed_memory
from analyzer.monitors.inputs import Input

_log = logging.getLogger("DataAnalyzer")


def prepare(job: Job) -> None:
    """What every monitor does before it reads anything; ConfigError when the engine asked for is not there."""
    logging.getLogger("DefaultDataAnalyzer").info("Performing analysis with input: %s", job.resolved)
    if job.analyzer_engine == "spark":
        require_spark("analyzer_engine=spark")
    start_submitted()
    keep_freed_memory()


def scanned(scan: Scan, given: Input, job: Job, progress: Progress) -> Mapping[Fold, Any]:
    """Results of every fold of the scan; the choice of the engine is one line of the log."""
    choice = choose(job.analyzer_engine, given.size, host_count(), needs_spark=job.analyzer_checks is not None)
    wanted = job.analyzer_processes
    processes = wanted if choice.engine == "spark" else min(wanted, given.worthwhile_processes)
    shown = (choice.engine, processes, counted(wanted, "process", "processes"), given.size_text, choice.reason)
    _log.info("Engine %s: %d of %s for %s (%s).", *shown)
    progress.start("Scan", given.size)
    state = choice.run(scan, given.source, processes, progress.advance)
    progress.finish()
    return scan.result(state)
