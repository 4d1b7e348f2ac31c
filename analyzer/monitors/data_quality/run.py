"""One data-quality job: read, scan once, suggest or compare, write."""

from __future__ import annotations

import logging
from typing import Any

from analyzer.batch import Rejected
from analyzer.engines.choice import choose, host_count, require_spark
from analyzer.errors import ContractError
from analyzer.fold import Fold, Scan
from analyzer.folds.intake import IntakeState
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.memory import keep_freed_memory
from analyzer.monitors.data_quality import reporting
from analyzer.monitors.data_quality.comparison import Comparison, Judgement
from analyzer.monitors.data_quality.inputs import Input, open_input
from analyzer.monitors.data_quality.profile import Profile, Profiling
from analyzer.monitors.data_quality.reporting import Findings
from analyzer.monitors.data_quality.shift import explain_shift
from analyzer.reports.constraints import read_constraints
from analyzer.reports.statistics import read_statistics
from analyzer.reports.suggest import suggest

_log = logging.getLogger("DataAnalyzer")


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a baseline or monitoring job and write its documents.

    Raises AnalyzerError: BaselineError and ConfigError before any data is read.
    """
    logging.getLogger("DefaultDataAnalyzer").info("Performing analysis with input: %s", job.resolved)
    if job.analyzer_engine == "spark":
        require_spark("analyzer_engine=spark")
    keep_freed_memory()
    comparison = _comparison(job)
    given = open_input(job, _baseline_names(comparison))
    for line in [*(comparison.constraints.notices if comparison else ()), *given.notices]:
        _log.warning(line)
    profiling = Profiling(job.options, job.is_strict)
    folds: list[Fold] = [*profiling.folds, *(comparison.folds if comparison else ())]
    results = _scanned(Scan.of(folds), given, job, progress)
    profile = Profile(results, profiling)
    locate(profile.intake)
    _log.info("The number of columns in the dataframe is %d", len(profile.columns))
    judgement = comparison.judge(profile, results, aligned=given.aligned) if comparison else Judgement([], {})
    if job.is_baseline and not profile.rows:
        raise ContractError(_nothing_to_learn(job, profile, given))
    constraints = comparison.constraints if comparison else None
    notices = _notices(given, comparison, profile, judgement)
    return reporting.report(job, given, Findings(profile, judgement, constraints, notices))


def _comparison(job: Job) -> Comparison | None:
    """What the baseline asks for; without a constraints file, what its statistics suggest."""
    statistics = read_statistics(job.baseline_statistics) if job.baseline_statistics else None
    if job.baseline_constraints:
        return Comparison(read_constraints(job.baseline_constraints), statistics, job.options, job.is_strict)
    if statistics is None:
        return None
    constraints = suggest(statistics, job.categorical_drift_method or "LInfinity")
    return Comparison(constraints, statistics, job.options, job.is_strict)


def _baseline_names(comparison: Comparison | None) -> tuple[str, ...] | None:
    return tuple(feature.name for feature in comparison.constraints.features) if comparison else None


def _scanned(scan: Scan, given: Input, job: Job, progress: Progress) -> Any:
    choice = choose(job.analyzer_engine, given.size, host_count())
    wanted = job.analyzer_processes
    processes = wanted if choice.engine == "spark" else min(wanted, given.worthwhile_processes)
    shown = (choice.engine, processes, wanted, given.size_text, choice.reason)
    _log.info("Engine %s: %d of %d processes for %s (%s).", *shown)
    progress.start("Scan", given.size)
    state = choice.run(scan, given.source, processes, progress.advance)
    progress.finish()
    return scan.result(state)


def locate(state: IntakeState) -> None:
    """Make the line numbers of rejected samples absolute: pieces of a split file count from their own start."""
    lines = state.intake.lines

    def absolute(sample: Rejected) -> Rejected:
        before = sum(count for start, count in lines.get(sample.path, {}).items() if start < sample.start)
        sample.line += before if sample.line else 0
        return sample

    state.intake.samples = [absolute(sample) for sample in state.intake.samples]


def _notices(given: Input, comparison: Comparison | None, profile: Profile, judgement: Judgement) -> list[str]:
    """What a reader should know beside the violations."""
    found = [*given.notices, *(comparison.constraints.notices if comparison else ()), *judgement.notices]
    if comparison and comparison.statistics and given.aligned and judgement.violations:
        found.append(explain_shift(list(profile.columns.values()), comparison.statistics.features))
    found += profile.failures
    return list(dict.fromkeys(filter(None, found)))


def _nothing_to_learn(job: Job, profile: Profile, given: Input) -> str:
    intake = profile.intake.intake
    why = f"{intake.records} records were read, none became a row" if intake.records else given.searched
    rejected = f" ({reporting.reasons(intake.rejected)})" if intake.rejected else ""
    return f"dataset_source {job.dataset_source} holds no rows to learn a baseline from: {why}{rejected}."
