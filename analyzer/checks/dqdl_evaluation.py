"""Rules in DQDL, evaluated by Deequ as one ruleset.

The parser's own spelling of a rule is what outcomes are known by, so every rule is parsed by itself first.
Source: specification deequ.md 11.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from analyzer.checks.deequ import DEEQU, Deequ, Reason
from analyzer.checks.dqdl import Text
from analyzer.checks.evaluation import Frames
from analyzer.checks.finding import Finding, broken
from analyzer.checks.isolation import Isolation, JavaErrors, reason_of, shown
from analyzer.checks.rows import Failing, literal, quoted, sampled
from analyzer.checks.rule import Rule
from analyzer.log import one_line

# What Deequ says when a rule could not be evaluated, as opposed to: was, and failed.
_OWN_TROUBLE = re.compile(
    r"Input data does not include column|not supported due to|Can't execute the assertion|must be"
)
_OTHER_TROUBLE = re.compile(r"(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|\[[A-Z][A-Z_.0-9]+\]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What Deequ said of a rule: whether it passed, why not, its numbers; reason: why it could not be evaluated."""

    passed: bool = False
    message: str | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    reason: Reason | None = None


def spelled(deequ: Deequ, text: str) -> str:
    """The rule as the parser spells it. Raises one of JavaErrors, whose message says what is wrong."""
    parsed = deequ.jvm.com.amazon.deequ.dqdl.util.DefaultDQDLParser.parse(f"Rules = [ {text} ]")
    return str(parsed.getRules().get(0).toString())


def evaluate(deequ: Deequ, frames: Frames, rules: Sequence[Rule], most: int) -> list[Finding]:
    """What became of every rule; most: event ids of failing rows that are listed."""
    texts = {rule.name: Text(rule.dqdl or "", 0) for rule in rules}
    problems = {name: _problem(frames, text) for name, text in texts.items()}
    found = {rule.name: broken(rule, problems[rule.name]) for rule in rules if problems[rule.name]}
    for whole in (False, True):
        some = [each for each in rules if not problems[each.name] and texts[each.name].wholly == whole]
        ready = [(rule, spelled(deequ, texts[rule.name].text)) for rule in some]
        found |= _evaluated(deequ, frames, ready, most, whole=whole)
    return [found[rule.name] for rule in rules]


def _problem(frames: Frames, text: Text) -> str:
    """What is wrong with the SQL of a rule, told without reading anything."""
    try:
        for condition in text.filters:
            frames.of(plain=text.wholly).where(f.expr(condition))
    except JavaErrors as error:
        return shown(reason_of(error))
    return ""


def _evaluated(
    deequ: Deequ, frames: Frames, rules: list[tuple[Rule, str]], most: int, *, whole: bool
) -> dict[str, Finding]:
    frame = frames.of(plain=whole)
    isolation: Isolation[str, Answer] = Isolation(
        lambda texts: _answers(deequ, frame, texts, frames.others), lambda _, why: Answer(reason=why)
    )
    answers = isolation.results([text for _, text in rules])
    found = {
        rule.name: Finding(rule, "error", shown(answer.reason), dict(answer.metrics))
        if answer.reason
        else Finding(rule, "passed" if answer.passed else "failed", answer.message, dict(answer.metrics), _only(answer))
        for (rule, _), answer in zip(rules, answers, strict=True)
    }
    failed = [(rule, text) for rule, text in rules if found[rule.name].verdict == "failed"]
    if failed and not whole:
        for at, (count, ids) in _failing(deequ, frames, [text for _, text in failed], most).items():
            name = failed[at][0].name
            found[name] = found[name].with_rows(count, ids)
    return found


def _only(answer: Answer) -> float | None:
    """The number of a rule that has just one."""
    return next(iter(answer.metrics.values())) if len(answer.metrics) == 1 else None


def _answers(deequ: Deequ, frame: DataFrame, texts: Sequence[str], others: Mapping[str, DataFrame]) -> list[Answer]:
    from pydeequ.dqdl import EvaluateDataQuality  # noqa: PLC0415 - it wants SPARK_VERSION at import

    rows = EvaluateDataQuality.process(deequ.session, frame, _ruleset(texts), dict(others)).collect()
    by_rule = {row["Rule"]: _answer(row) for row in rows}
    return [by_rule.get(text, Answer(reason=Reason(DEEQU, "Deequ gave no outcome"))) for text in texts]


def _answer(row: Any) -> Answer:
    said = row["FailureReason"]
    metrics = {name: value if math.isfinite(value) else None for name, value in (row["EvaluatedMetrics"] or {}).items()}
    if row["Outcome"] == "Passed":
        return Answer(passed=True, metrics=metrics)
    text = one_line(" ".join(str(said or "no reason was given").split()), 500)
    if _OTHER_TROUBLE.match(text):
        return Answer(reason=Reason.told("", str(said)), metrics=metrics)
    if _OWN_TROUBLE.search(text):
        return Answer(reason=Reason(DEEQU, text), metrics=metrics)
    return Answer(message=text, metrics=metrics)


def _ruleset(texts: Sequence[str]) -> str:
    return f"Rules = [ {', '.join(dict.fromkeys(texts))} ]"


def _failing(deequ: Deequ, frames: Frames, texts: Sequence[str], most: int) -> Failing:
    """Failing rows of the rules that can tell them; nothing when Deequ cannot, which changes no verdict."""
    from pydeequ.dqdl import EvaluateDataQuality as Evaluation  # noqa: PLC0415 - as above

    try:
        answers = Evaluation.processRows(deequ.session, frames.full, _ruleset(texts), dict(frames.others))
        rows = answers[Evaluation.ROW_LEVEL_OUTCOMES_KEY]
        skipped = rows.select("DataQualityRulesSkip").first()
        if skipped is None:
            return {}
        able = [at for at, text in enumerate(texts) if text not in skipped[0]]
        flags = [f.expr(f"array_contains(DataQualityRulesFail, {literal(texts[at])})").alias(f"r{at}") for at in able]
        return sampled(rows.select(f.col(quoted(frames.columns.event_id)).alias("id"), *flags), able, most)
    except JavaErrors:
        return {}
