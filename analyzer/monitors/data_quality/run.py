"""One data-quality job: read, scan once, suggest or compare, write."""

from __future__ import annotations

import logging

from analyzer.fold import Fold, Scan
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors.checking import open_checks
from analyzer.monitors.closing import nothing_to_learn
from analyzer.monitors.data_quality import reporting
from analyzer.monitors.data_quality.comparison import Comparison, Judgement
from analyzer.monitors.data_quality.profile import Profile, Profiling
from analyzer.monitors.data_quality.reporting import Findings
from analyzer.monitors.data_quality.shift import explain_shift
from analyzer.monitors.inputs import Input, open_input
from analyzer.monitors.scanning import prepare, scanned
from analyzer.reports.constraints import read_constraints
from analyzer.reports.statistics import read_statistics
from analyzer.reports.suggest import suggest

_log = logging.getLogger("DataAnalyzer")


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a baseline or monitoring job and write its documents.

    Raises AnalyzerError: BaselineError and ConfigError before any data is read.
    """
    prepare(job)
    comparison = _comparison(job)
    checking = open_checks(job, _baseline_names(comparison))
    given = open_input(job, _baseline_names(comparison))
    for line in [*(comparison.constraints.notices if comparison else ()), *given.notices]:
        _log.warning(line)
    profiling = Profiling(job.options, job.is_strict)
    folds: list[Fold] = [*profiling.folds, *(comparison.folds if comparison else ())]
    folds += checking.folds if checking else ()
    results = scanned(Scan.of(folds), given, job, progress)
    profile = Profile(results, profiling)
    _log.info("The number of columns in the dataframe is %d", len(profile.columns))
    judgement = comparison.judge(profile, results, aligned=given.aligned) if comparison else Judgement([], {})
    if job.is_baseline and not profile.rows:
        raise nothing_to_learn(job, given, profile.intake.intake)
    constraints = comparison.constraints if comparison else None
    notices = _notices(given, comparison, profile, judgement)
    checked = checking.run(given, results, progress) if checking else None
    if checked and not profile.rows:
        checked = checked.without_rows
    return reporting.report(job, given, Findings(profile, judgement, constraints, notices, checked))


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


def _notices(given: Input, comparison: Comparison | None, profile: Profile, judgement: Judgement) -> list[str]:
    """What a reader should know beside the violations."""
    found = [*given.notices, *(comparison.constraints.notices if comparison else ()), *judgement.notices]
    if comparison and comparison.statistics and given.aligned and judgement.violations:
        found.append(explain_shift(list(profile.columns.values()), comparison.statistics.features))
    found += profile.failures
    return list(dict.fromkeys(filter(None, found)))
