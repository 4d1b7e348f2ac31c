"""Session: users' checks from their validation to their findings, on the Spark that also scanned the data.

Nothing is left behind: settings of the session, views and persisted frames are as before, whatever happens.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from analyzer.checks import dqdl, dqdl_evaluation
from analyzer.checks.anomaly import entry_of, judged_by_history
from analyzer.checks.columns import Columns, UnknownColumn
from analyzer.checks.deequ import Deequ
from analyzer.checks.evaluation import Frames, Measurement, judged, measurements, with_rows
from analyzer.checks.finding import Finding
from analyzer.checks.history import History
from analyzer.checks.isolation import JavaErrors, reason_of, shown
from analyzer.checks.rows import quoted
from analyzer.checks.rule import Rule
from analyzer.checks.ruleset import Ruleset
from analyzer.engines.spark_frame import FrameColumn, Shape, frame
from analyzer.engines.spark_watch import Watch
from analyzer.engines.task import silent
from analyzer.errors import ConfigError
from analyzer.join.join import Join
from analyzer.log import one_line
from analyzer.split import Source

PRIMARY = "primary"  # the data set under check, in SQL of DQDL and Deequ
_log = logging.getLogger("UserChecks")


@dataclass(frozen=True)
class Dataset:
    """A source and what the cells of its columns tell about their types."""

    source: Source | Join
    shapes: Mapping[str, Shape]


@dataclass(frozen=True)
class Request:
    """Rules, the data set they are about, and others by alias. examples: event ids listed for a rule."""

    ruleset: Ruleset
    data: Dataset
    others: Mapping[str, Dataset] = field(default_factory=dict)
    examples: int = 5
    history: History | None = None


def validate(session: SparkSession, ruleset: Ruleset) -> None:
    """Look for the jars, and at what only Java can read, before any data is; ConfigError lists all that is wrong."""
    deequ = Deequ(session)
    deequ.require("analyzer_checks", "Deequ", *(["DQDL"] if any(rule.dqdl for rule in ruleset.rules) else []))
    problems = [f"{rule.place}: {problem}" for rule in ruleset.rules for problem in _problems(deequ, rule)]
    if problems:
        raise ConfigError(one_line(f"analyzer_checks: {' '.join(problems[:20])}", 8000))


def _problems(deequ: Deequ, rule: Rule) -> Iterator[str]:
    """What Spark's and DQDL's parsers say of a rule."""
    parser = deequ.session._jsparkSession.sessionState().sqlParser()  # noqa: SLF001
    filters = dqdl.Text(rule.dqdl, 0).filters if rule.dqdl else ()
    measured = rule.measured
    for text in (*filters, *((measured.where, measured.given.get("condition")) if measured else ())):
        yield from _attempted(lambda text=text: text and parser.parseExpression(text))
    if measured and "sql" in measured.given:
        yield from _attempted(lambda: parser.parsePlan(measured.given["sql"]))
    if measured and "pattern" in measured.given:
        yield from _attempted(lambda: deequ.jvm.java.util.regex.Pattern.compile(measured.given["pattern"]))
    if rule.dqdl:
        yield from _attempted(lambda: dqdl_evaluation.spelled(deequ, rule.dqdl or ""))


def _attempted(work: object) -> Iterator[str]:
    try:
        work()  # type: ignore[operator]
    except JavaErrors as error:
        yield shown(reason_of(error))


def evaluate(session: SparkSession, request: Request) -> list[Finding]:
    """What became of every rule, in the order of the file.

    Raises errors of the source as they are, and EngineFailed when Spark fails; a rule never raises.
    """
    deequ, columns = Deequ(session), Columns(request.data.shapes, request.ruleset.types)
    watch = Watch(session.sparkContext, silent)
    with watch.watching(), settings(session, columns), _frames(session, request, columns) as frames:
        return _findings(deequ, frames, request)


def _findings(deequ: Deequ, frames: Frames, request: Request) -> list[Finding]:
    rules = request.ruleset.rules
    measured, findings = measurements(deequ, frames, [rule for rule in rules if rule.measured])
    with_verdicts = list(zip(measured, _verdicts(deequ, measured, request.history), strict=True))
    findings += with_rows(frames, with_verdicts, request.examples)
    in_dqdl = [rule for rule in rules if rule.dqdl]
    if in_dqdl:
        findings += dqdl_evaluation.evaluate(deequ, frames, in_dqdl, request.examples)
    order = {rule.name: at for at, rule in enumerate(rules)}
    return sorted(findings, key=lambda finding: order[finding.rule.name])


def _verdicts(deequ: Deequ, measured: Sequence[Measurement], history: History | None) -> list[Finding]:
    """The findings; with a history, this run is compared with it first and then kept in it."""
    if history is None:
        return [judged(each) for each in measured]
    entries = [entry_of(deequ, each, history.date) for each in measured]
    runs = history.earlier() if any(each.rule.strategy for each in measured) else []
    findings = [judged_by_history(deequ, each, entry, runs) for each, entry in zip(measured, entries, strict=True)]
    _log.info("Metrics kept in %s.", one_line(history.save(entry for entry in entries if entry), 300))
    return findings


@contextmanager
def _frames(session: SparkSession, request: Request, columns: Columns) -> Iterator[Frames]:
    """The frames of a request, read once and kept while they are needed."""
    plain = columns.plain(request.ruleset.rules)
    views: list[FrameColumn] = []
    for rule in request.ruleset.rules:
        with suppress(UnknownColumn):
            views += columns.views(rule.measured).values() if rule.measured else ()
    base = _typed(frame(request.data.source, _distinct(plain, views, columns), session), columns.casts(plain))
    others = {alias: _other(session, each, request.ruleset) for alias, each in request.others.items()}
    base = base.persist(StorageLevel.MEMORY_AND_DISK)
    frames = Frames(base, base.select(*(quoted(each.name) for each in plain)), columns, others)
    named = {PRIMARY: frames.plain, **others}
    for name, data in named.items():
        data.createOrReplaceTempView(name)
    try:
        yield frames
    finally:
        with suppress(Py4JError, PySparkException):  # the Java process may be what failed
            for name in named:
                session.catalog.dropTempView(name)
            base.unpersist()


def _distinct(plain: Sequence[FrameColumn], views: Sequence[FrameColumn], columns: Columns) -> list[FrameColumn]:
    return list(dict.fromkeys([*plain, *views, FrameColumn(columns.event_id, None, "string")]))


def _other(session: SparkSession, data: Dataset, ruleset: Ruleset) -> DataFrame:
    columns = Columns(data.shapes, {name: kind for name, kind in ruleset.types.items() if name in data.shapes})
    return _typed(frame(data.source, columns.all, session), columns.casts(columns.all))


def _typed(data: DataFrame, casts: Mapping[str, str]) -> DataFrame:
    """The frame with columns cast to declared types; a cell that cannot be cast is null."""
    if not casts:
        return data
    return data.selectExpr(
        *(
            f"try_cast({quoted(name)} AS {casts[name]}) AS {quoted(name)}" if name in casts else quoted(name)
            for name in data.columns
        )
    )


@contextmanager
def settings(session: SparkSession, columns: Columns) -> Iterator[None]:
    """Settings under which checks mean the same everywhere, put back at the end.

    As in Spark 3, text that is no number is null in SQL. Names differ by capitals only where the data's do.
    """
    partitions = str(max(2, 2 * session.sparkContext.defaultParallelism))
    wanted = {
        "spark.sql.ansi.enabled": "false",
        "spark.sql.caseSensitive": "true" if columns.ambiguous else "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": partitions,
    }
    before = {name: session.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        with suppress(Py4JError, PySparkException):
            for name, old in before.items():
                session.conf.unset(name) if old is None else session.conf.set(name, old)
