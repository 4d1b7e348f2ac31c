"""The analyzer as a library: profile data, suggest constraints, compare; `import analyzer` offers these names.

Data is a path or s3:// URI (text), an Arrow table, anything with Arrow's stream interface (pandas, Polars), or a
Spark frame, which stays in Spark. docs/reference/python.md shows all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from typing import Any, Literal

import pyarrow as pa

from analyzer.engines.choice import choose, host_count
from analyzer.engines.task import silent
from analyzer.errors import AnalyzerError, ConfigError
from analyzer.fold import Fold, Scan
from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors import analysis
from analyzer.monitors.data_quality.comparison import Comparison, Judgement
from analyzer.monitors.data_quality.profile import Profile, Profiling
from analyzer.monitors.inputs import open_input
from analyzer.options import Options
from analyzer.reports import document
from analyzer.reports.constraints import Constraints, read_constraints
from analyzer.reports.statistics import Statistics, read_statistics
from analyzer.reports.suggest import suggest
from analyzer.reports.violations import Violation
from analyzer.sources.table import MEASURED_ROWS, TableSource, View

__all__ = [
    "AnalyzerError",
    "Constraints",
    "Judgement",
    "Options",
    "Outcome",
    "Reading",
    "Statistics",
    "Violation",
    "compare",
    "profile",
    "read_constraints",
    "read_statistics",
    "run",
    "suggest",
    "table",
    "write",
]


@dataclass(frozen=True)
class Reading:
    """How data is read.

    dataset_format: as in the setting of that name, for paths only. engine: auto, local or spark, for paths only.
    processes: of this machine; all cores when None. options: those of the file `analyzer_config`.
    """

    dataset_format: str | None = None
    engine: Literal["auto", "local", "spark"] = "auto"
    processes: int | None = None
    options: Options = field(default_factory=Options)


def profile(data: Any, reading: Reading | None = None) -> Statistics:
    """The statistics of a data set: what a baseline job writes to statistics.json.

    >>> import pyarrow
    >>> found = profile(pyarrow.table({"age": [31, 45, None], "name": ["Ada", "Bo", "Bo"]}))
    >>> [(feature.name, feature.inferred_type, feature.common.num_missing) for feature in found.features]
    [('age', 'Integral', 1), ('name', 'String', 0)]
    """
    how = reading or Reading()
    return _scanned(data, how, Profiling(how.options), None)[0].statistics()


def compare(
    data: Any, constraints: Constraints, statistics: Statistics | None = None, reading: Reading | None = None
) -> Judgement:
    """What is wrong with a data set: violations of the constraints, and with statistics also drift.

    >>> import pyarrow
    >>> good = profile(pyarrow.table({"age": [31, 45, 27]}))
    >>> judgement = compare(pyarrow.table({"age": [31, -1, None]}), suggest(good), good)
    >>> [violation.constraint_check_type for violation in judgement.violations]
    ['completeness_check', 'non_negative_check']
    """
    how = reading or Reading()
    comparison = Comparison(constraints, statistics, how.options)
    found, results, aligned = _scanned(data, how, Profiling(how.options), comparison)
    return comparison.judge(found, results, aligned=aligned)


def run(**settings: object) -> Outcome:
    """Carry out a job; the settings are those of the container (docs/reference/settings.md), None is not set.

    Raises AnalyzerError instead of leaving a message.
    """
    given = {name: str(value) for name, value in settings.items() if value is not None}
    return analysis.run(Job.from_values(given), Progress())


def write(path: str | PathLike[str], contents: Statistics | Constraints) -> None:
    """Write statistics or constraints as the file that jobs read; path: local or s3:// URI."""
    document.write(fspath(path), contents.document if isinstance(contents, Constraints) else contents)


def table(name: str) -> Any:
    """A table the cluster knows (Hive, Iceberg, Delta, a view) as a Spark frame; starts Spark when none is active."""
    from analyzer.engines import spark  # noqa: PLC0415 - only here pyspark may be loaded

    return spark.session().table(name)


_Scanned = tuple[Profile, Mapping[Fold, Any], bool]


def _scanned(data: Any, how: Reading, profiling: Profiling, comparison: Comparison | None) -> _Scanned:
    """Profile, all results, and whether columns are told by name."""
    scan = Scan.of([*profiling.folds, *(comparison.folds if comparison else ())])
    if isinstance(data, str | PathLike):
        state, aligned = _of_path(scan, fspath(data), how, comparison)
    elif type(data).__module__.startswith("pyspark.sql"):
        state, aligned = _of_frame(scan, data, how.options.flatten_limit), True
    else:
        source, aligned = TableSource(_table(data), how.options.flatten_limit), True
        state = choose("local", 0).run(scan, source, how.processes or 1, silent)
    results = scan.result(state)
    return Profile(results, profiling), results, aligned


def _of_path(scan: Scan, path: str, how: Reading, comparison: Comparison | None) -> tuple[Any, bool]:
    wanted = {"dataset_source": path, "dataset_format": how.dataset_format or "", "analyzer_engine": how.engine}
    job = replace(Job.from_values(wanted), options=how.options)
    names = tuple(feature.name for feature in comparison.constraints.features) if comparison else None
    given = open_input(job, names)
    choice = choose(how.engine, given.size, host_count())
    processes = how.processes or job.analyzer_processes
    if choice.engine == "local":
        processes = min(processes, given.worthwhile_processes)
    return choice.run(scan, given.source, processes, silent), given.aligned


def _of_frame(scan: Scan, frame: Any, flatten_limit: int) -> Any:
    from analyzer.engines import spark  # noqa: PLC0415 - only here pyspark may be loaded

    view = View.of(spark.first_rows(frame, MEASURED_ROWS), flatten_limit, tuple(frame.columns))
    return spark.run_frame(scan, frame, view)


def _table(data: Any) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if type(data).__module__.startswith("pandas."):
        return pa.Table.from_pandas(data, preserve_index=False)
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    raise ConfigError(
        f"{type(data).__name__} is no data set. Hint: give a path, an Arrow table, a data frame or a Spark frame."
    )
