"""Checking: users' own checks beside a monitor's, on the data that the monitor reads."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from analyzer.dataset_format import parse_dataset_format
from analyzer.engines.choice import choose, spark_is_missing
from analyzer.errors import ConfigError
from analyzer.fold import Fold, Scan
from analyzer.job import Job
from analyzer.log import Progress, counted, one_line
from analyzer.monitors.closing import written
from analyzer.monitors.inputs import Input, open_input
from analyzer.monitors.scanning import scanned
from analyzer.reports import checks, cloudwatch
from analyzer.reports.checks import RuleResult
from analyzer.reports.storage import join, read, remove
from analyzer.reports.violations import Violation

if TYPE_CHECKING:
    from analyzer.checks.finding import Finding
    from analyzer.checks.history import History
    from analyzer.checks.ruleset import Ruleset
    from analyzer.checks.session import Dataset

_log = logging.getLogger("UserChecks")
NO_ROWS = "The data has no rows."


@dataclass(frozen=True)
class Checked:
    """What became of the checks; without any, empty."""

    results: Sequence[RuleResult] = ()
    notices: Sequence[str] = field(default_factory=list)

    @property
    def violations(self) -> list[Violation]:
        """Rules that do not hold, or could not be evaluated."""
        return [result.violation for result in self.results if result.is_broken]

    @property
    def without_rows(self) -> Checked:
        """The same, of data without a single row: rules that do not hold say so."""
        return replace(self, results=[_of_nothing(each) if each.is_broken else each for each in self.results])

    @property
    def document(self) -> dict[str, Any]:
        """checks.json."""
        return checks.document(self.results, self.notices)

    @property
    def metrics(self) -> list[cloudwatch.Metric]:
        """For CloudWatch."""
        return checks.metrics(self.results) if self.results else []


@dataclass(frozen=True)
class Checking:
    """The rules of a job, understood and found sound; `folds` must be in the monitor's scan."""

    job: Job
    ruleset: Ruleset

    @property
    def folds(self) -> Sequence[Fold]:
        """What must be known of the columns before they are checked."""
        from analyzer.checks.columns import FOLDS  # noqa: PLC0415 - loads pyspark

        return FOLDS

    def run(self, given: Input, results: Mapping[Fold, Any], progress: Progress) -> Checked:
        """Evaluate every rule on the data that was scanned. Raises as a scan does; rules never raise."""
        from analyzer.checks import session as checking  # noqa: PLC0415 - loads pyspark
        from analyzer.checks.columns import shapes_of  # noqa: PLC0415 - the same

        began = time.monotonic()
        data = checking.Dataset(given.source, shapes_of(results))
        others = {alias: self._other(alias, progress) for alias in self.ruleset.datasets}
        request = checking.Request(self.ruleset, data, others, self.job.options.example_ids, self._history)
        found = checking.evaluate(_session(self.job), request)
        checked = Checked([_result(each) for each in found])
        told = ", ".join(f"{count} {name}" for name, count in checked.document["counts"].items() if count)
        _log.info("%s in %.1f s: %s.", counted(len(found), "check"), time.monotonic() - began, told)
        return checked

    def alone(self, given: Input, progress: Progress) -> Checked:
        """The same for monitors whose own scan does not read all columns: one more pass over the data."""
        return self.run(given, scanned(Scan.of(self.folds), given, self.job, progress), progress)

    def _other(self, alias: str, progress: Progress) -> Dataset:
        """Another data set that rules name."""
        from analyzer.checks.columns import FOLDS, shapes_of  # noqa: PLC0415 - loads pyspark
        from analyzer.checks.session import Dataset  # noqa: PLC0415 - the same

        wanted = self.ruleset.datasets[alias]
        form = parse_dataset_format(wanted.format) if wanted.format else None
        job = replace(self.job, dataset_source=wanted.source, dataset_format=form, start_time=None, end_time=None)
        job = replace(job, record_preprocessor_script=None, ground_truth_source=None)
        given = open_input(job, None)
        return Dataset(given.source, shapes_of(scanned(Scan.of(FOLDS), given, job, progress)))

    @property
    def _history(self) -> History | None:
        from analyzer.checks.history import History  # noqa: PLC0415 - most jobs need none

        if self.ruleset.history is None:
            return None
        moment = self.job.metric_time
        date = int(moment.timestamp() if moment else time.time()) * 1000
        endpoint, schedule = self.job.sagemaker_endpoint_name, self.job.sagemaker_monitoring_schedule_name
        tags = {"analysis": self.job.analysis_type, "endpoint": endpoint, "schedule": schedule}
        return History(self.ruleset.history, date, {name: text for name, text in tags.items() if text})


def open_checks(job: Job, columns: Sequence[str] | None = None) -> Checking | None:
    """The checks of a job, validated before any data is read; None when it has none.

    columns: all that the data can have, when a baseline tells. Raises ConfigError with everything that is wrong.
    """
    if job.analyzer_checks is None:
        return None
    from analyzer.checks.ruleset import LARGEST_BYTES, parse_ruleset, unknown_columns  # noqa: PLC0415 - few need it

    path = job.analyzer_checks
    try:
        contents = read(path, LARGEST_BYTES)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"analyzer_checks={path!r}: cannot be read ({one_line(why, 200)}).") from error
    ruleset = parse_ruleset(path, contents)
    problems = [*unknown_columns(ruleset.rules, columns), *_unreadable(ruleset)] if columns else _unreadable(ruleset)
    if problems:
        raise ConfigError(one_line(f"analyzer_checks={path!r}: {' '.join(problems[:20])}", 8000))
    if missing := spark_is_missing():
        install = "pip install 'model-monitor-analyzer[spark]', and Java 17"
        raise ConfigError(f"analyzer_checks: they run on Spark, but {missing}. Hint: {install}; the image has both.")
    choose(job.analyzer_engine, 0, needs_spark=True)
    from analyzer.checks.session import validate  # noqa: PLC0415 - loads pyspark, which is there now

    validate(_session(job), ruleset)
    return Checking(job, ruleset)


def documented(job: Job, checked: Checked | None) -> list[str]:
    """The path of checks.json after it was written; a job without checks removes that of an earlier one."""
    if checked is None:
        remove(join(job.output_path, checks.FILE_NAME))
        return []
    return [written(job, checks.FILE_NAME, checked.document)]


def _unreadable(ruleset: Ruleset) -> list[str]:
    """What is wrong with the formats of further data sets, and with rules that need what the file does not name."""
    found = []
    for alias, dataset in ruleset.datasets.items():
        try:
            parse_dataset_format(dataset.format or "csv")
        except ConfigError as error:
            found.append(f"datasets: {alias}: {error}")
    found += [
        f"{rule.place}: `anomaly` needs earlier runs. Hint: name a folder or S3 prefix for them under `history`."
        for rule in ruleset.rules
        if rule.strategy and ruleset.history is None
    ]
    return found


def _session(job: Job) -> Any:
    from analyzer.engines import spark  # noqa: PLC0415 - only here pyspark may be loaded

    return spark.session(job.analyzer_processes)


def _of_nothing(result: RuleResult) -> RuleResult:
    return structs.replace(result, message=f"{result.message or ''} {NO_ROWS}".strip())


def _result(found: Finding) -> RuleResult:
    rule = found.rule
    return RuleResult(
        rule.name,
        rule.constraint,
        rule.feature,
        found.verdict,
        rule.severity,
        line=rule.line,
        description=rule.description,
        message=found.message,
        observed=found.observed,
        metrics=found.metrics or None,
        failing_rows=found.failing,
        event_ids=list(found.examples) or None,
    )
