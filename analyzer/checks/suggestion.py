"""Suggestion: checks that a data set of good data passes, with how often each would have cried wolf.

Deequ's rules of thumb propose checks from four fifths of the rows; the last fifth is dealt out to windows as small as
production's may be, and every check is tried on each. Rules of Deequ known to propose nonsense are left out: HasMean
(it takes the maximum), HasStandardDeviation, HasMin and HasMax (equality with the value observed); minimum and maximum
are proposed as bounds instead. Lists of more than a few numbers are left out, too: any column of whole numbers whose
values repeat gets one, and an age that nobody had yet is no error; bounds say what can be said.
Source: specification deequ.md 8.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from analyzer.checks.columns import Columns
from analyzer.checks.deequ import Deequ
from analyzer.checks.evaluation import Frames, judged, measurements, number_text
from analyzer.checks.isolation import JavaErrors, reason_of, shown
from analyzer.checks.rule import Rule
from analyzer.checks.ruleset import parse_rules
from analyzer.checks.scala import call_of
from analyzer.checks.session import Dataset, settings
from analyzer.engines.spark_frame import FrameColumn, Shape, frame
from analyzer.engines.spark_watch import Watch
from analyzer.engines.task import silent

GROUP = 40  # columns that Deequ profiles at once; hundreds overflow its stack
PARTS = 5  # one of them is held out
WINDOWS = 10
LEAST_ROWS = 20  # of a window
FEW_NUMBERS = 10  # that a list of allowed values may hold
_RULES = (
    *("CompleteIfCompleteRule", "RetainCompletenessRule", "RetainTypeRule", "CategoricalRangeRule"),
    *("FractionalCategoricalRangeRule", "NonNegativeNumbersRule", "UniqueIfApproximatelyUniqueRule"),
    *("HasMinLength", "HasMaxLength", "HasMin", "HasMax"),
)
_ARGUMENTS = {
    "isContainedIn": ("column", "values", "assert"),
    "hasDataType": ("column", "type", "assert"),
    **dict.fromkeys(("hasCompleteness", "hasMinLength", "hasMaxLength", "hasMin", "hasMax"), ("column", "assert")),
    **dict.fromkeys(("isComplete", "isUnique", "isNonNegative"), ("column",)),
}
_BOUNDS = {"hasMin": ">=", "hasMinLength": ">=", "hasMax": "<=", "hasMaxLength": "<="}
_ROW = "row number"
_log = logging.getLogger("UserChecks")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed rule as it stands in a checks file. alarms: of how many windows (of about so many rows) it failed."""

    given: Mapping[str, Any]
    alarms: int = 0
    windows: int = 0
    rows: int = 0

    @property
    def rate(self) -> float:
        """Share of windows in which it failed although the data is good; 0 when it could not be tried."""
        return self.alarms / self.windows if self.windows else 0.0


def suggestions(session: SparkSession, data: Dataset) -> list[Suggestion]:
    """Checks for every column of a data set, in the order of its columns. Raises as a scan does."""
    deequ, columns = Deequ(session), Columns(data.shapes, {})
    with Watch(session.sparkContext, silent).watching(), settings(session, columns), _kept(session, data) as kept:
        learnt = kept.where(f"`{_ROW}` % {PARTS} != 0")
        proposed = [each for names in _groups(kept.columns) for each in _proposed(deequ, learnt, names, data)]
        held = kept.where(f"`{_ROW}` % {PARTS} = 0")
        return _tried(deequ, held, columns, proposed)


@contextmanager
def _kept(session: SparkSession, data: Dataset) -> Iterator[DataFrame]:
    """All cells as captured in columns c0, c1, ..., and a number for every row that looks random but is not."""
    columns = [FrameColumn(f"c{at}", name, "string") for at, name in enumerate(data.shapes)]
    rows = frame(data.source, columns, session)
    numbered = rows.withColumn(_ROW, f.expr("pmod(xxhash64(monotonically_increasing_id()), 1000000000)"))
    kept = numbered.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield kept
    finally:
        with suppress(Py4JError, PySparkException):  # the Java process may be what failed
            kept.unpersist()


def _groups(columns: Sequence[str]) -> Iterator[list[str]]:
    names = [name for name in columns if name != _ROW]
    return (names[at : at + GROUP] for at in range(0, len(names), GROUP))


def _proposed(deequ: Deequ, rows: DataFrame, names: Sequence[str], data: Dataset) -> list[dict[str, Any]]:
    """What Deequ proposes for some columns; a group that it cannot profile is tried column by column."""
    try:
        result = _run(deequ, rows.select(*names))
    except JavaErrors as error:
        if len(names) == 1:
            _log.warning("No suggestions for one column: %s", shown(reason_of(error)))
            return []
        return [each for name in names for each in _proposed(deequ, rows, [name], data)]
    originals = dict(zip((f"c{at}" for at in range(len(data.shapes))), data.shapes, strict=True))
    found = []
    by_column = result.constraintSuggestions()
    for name in names:
        if by_column.contains(name):
            each = by_column.apply(name)
            found += [_given(each.apply(at), originals[name]) for at in range(each.size())]
    kept = [each for each in found if each and not is_list_of_numbers(each, data.shapes[each["column"]])]
    return _without_repeats(kept)


def _run(deequ: Deequ, rows: DataFrame) -> Any:
    known = deequ.jvm.com.amazon.deequ.suggestions
    builder = known.ConstraintSuggestionRunBuilder(rows._jdf)  # noqa: SLF001 - PyDeequ's way, too
    for name in _RULES:
        builder = builder.addConstraintRule(_rule(known.rules, name))
    return builder.run()


def _rule(rules: Any, name: str) -> Any:
    made = getattr(rules, name)
    if name == "RetainCompletenessRule":
        return made(0.2, 1.0, rules.interval.WilsonScoreIntervalStrategy())  # Wald's interval leaves [0, 1]
    if name == "FractionalCategoricalRangeRule":
        wald = rules.interval.WilsonScoreIntervalStrategy()
        categories = getattr(made, "apply$default$2")()
        return made(0.9, categories, wald)
    if name == "CategoricalRangeRule":
        return made(getattr(made, "apply$default$1")())
    return made()


def _given(suggestion: Any, column: str) -> dict[str, Any] | None:
    """The rule that Deequ's code for a suggestion stands for; the code, because it tolerates nulls as people expect."""
    try:
        name, arguments = call_of(str(suggestion.codeForConstraint()))
    except ValueError as error:
        _log.warning("A suggestion of Deequ was not understood: %s", error)
        return None
    keys = _ARGUMENTS.get(name)
    if keys is None:
        return None
    given = {"check": name, **dict(zip(keys, arguments, strict=False)), "column": column}
    if "type" in given:
        given["type"] = str(given["type"]).rpartition(".")[2]
    if name in _BOUNDS and "assert" in given:
        bound = float(str(given["assert"]).split()[-1])
        if name == "hasMinLength" and bound <= 0:  # says nothing; Deequ counts a missing text as an empty one
            return None
        given["assert"] = f"{_BOUNDS[name]} {number_text(bound)}"
    return given


def is_list_of_numbers(given: Mapping[str, Any], shape: Shape) -> bool:
    """Whether a rule lists more than a few values of a column of numbers."""
    return shape != "string" and len(given.get("values", ())) > FEW_NUMBERS


def _without_repeats(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What follows from another suggestion says nothing: a share of the values when all are demanded already."""
    wholly = {(each["check"], each["column"]) for each in found if "assert" not in each}
    return [each for each in found if "assert" not in each or (each["check"], each["column"]) not in wholly]


def _tried(deequ: Deequ, held: DataFrame, columns: Columns, proposed: list[dict[str, Any]]) -> list[Suggestion]:
    """Every proposal with the windows of held-out rows in which it fails."""
    rules = parse_rules(proposed)
    rows = held.count()
    windows = min(WINDOWS, rows // LEAST_ROWS)
    failed: dict[str, int] = {rule.name: 0 for rule in rules}
    for window in range(windows):
        part = held.where(f"floor(`{_ROW}` / {PARTS}) % {windows} = {window}")
        for name in _failing(deequ, part, columns, rules):
            failed[name] += 1
    size = rows // windows if windows else 0
    return [Suggestion(given, failed[rule.name], windows, size) for given, rule in zip(proposed, rules, strict=True)]


def _failing(deequ: Deequ, rows: DataFrame, columns: Columns, rules: Sequence[Rule]) -> list[str]:
    """Names of the rules that do not hold in some rows."""
    views: dict[str, FrameColumn] = {}
    for rule in rules:
        if rule.measured:
            views |= {view.name: view for view in columns.views(rule.measured).values()}
    order = {name: f"c{at}" for at, name in enumerate(columns.shapes)}
    chosen = rows.select(*(_as_seen(order[view.source or ""], view) for view in views.values()))
    found, refused = measurements(deequ, Frames(chosen, chosen, columns), rules)
    broken = [finding for finding in (*map(judged, found), *refused) if finding.verdict != "passed"]
    return [finding.rule.name for finding in broken]


def _as_seen(kept: str, view: FrameColumn) -> Any:
    """A column of kept texts in the type of a view; the cells that are numbers in Deequ's grammar."""
    text = f.col(kept)
    if view.shape != "string":
        number = f.regexp_replace(text, r"^([-+]?) ", "$1").cast("double")
        text = number.cast("bigint") if view.shape == "long" else number
    return text.alias(view.name)
