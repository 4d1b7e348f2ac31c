"""Ruleset: a file of users' own checks, read and understood before any data is.

YAML or JSON holds Deequ's checks (and DQDL rules among them); `.dqdl` holds a ruleset of AWS Glue Data Quality.
Everything that is wrong is told at once, rule by rule, with its line and what may have been meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Literal

import msgspec
import yaml

from analyzer.checks import dqdl
from analyzer.checks.assertion import EXACTLY_ONE, Assertion, parse
from analyzer.checks.fields import fields
from analyzer.checks.method import METHODS, Method
from analyzer.checks.rule import Measured, Rule, Severity, method_of
from analyzer.checks.strategy import Strategy, strategy_of
from analyzer.errors import ConfigError, nearest
from analyzer.log import one_line

LARGEST_BYTES = 4 << 20
MOST_RULES = 5_000
SHOWN = 20  # problems spelled out in one message
Type = Literal["string", "long", "double", "boolean", "date", "timestamp"]
TYPES: tuple[Type, ...] = ("string", "long", "double", "boolean", "date", "timestamp")
_COMMON: dict[str, tuple[Any, Any]] = {
    "where": (str, None),
    "name": (str, None),
    "severity": (Severity, "error"),
    "description": (str, None),
    "false_alarms": (str, None),  # what `suggest-checks` measured; for people
}
_FILE = ("version", "datasets", "types", "history", "rules")


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another data set that rules name by an alias; format: as in dataset_format, detected when None."""

    source: str
    format: str | None = None


@dataclass(frozen=True)
class Ruleset:
    """The rules of a file, in its order.

    datasets: others by alias. types: of columns, by name, instead of what their cells tell. history: prefix under
    which the metrics of every run are kept.
    """

    rules: Sequence[Rule]
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    types: Mapping[str, Type] = field(default_factory=dict)
    history: str | None = None


def parse_ruleset(path: str, contents: bytes) -> Ruleset:
    """The rules of a file; ConfigError lists everything that is wrong with it."""
    problems: list[str] = []
    try:
        text = contents.decode("utf-8-sig")
        found = _of_dqdl(text, problems) if path.endswith(".dqdl") else _of_yaml(text, problems)
    except (UnicodeDecodeError, ValueError, yaml.YAMLError, RecursionError) as error:
        told = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        problems.append(one_line(told or type(error).__name__, 300))
    if problems:
        more = f" ... and {len(problems) - SHOWN} more." if len(problems) > SHOWN else ""
        told = " ".join(f"({number}) {problem}" for number, problem in enumerate(problems[:SHOWN], 1))
        count = f"{len(problems)} problems: " if len(problems) > 1 else ""
        raise ConfigError(one_line(f"analyzer_checks={path!r}: {count}{told}{more}", 8000))
    return found


def _of_dqdl(text: str, problems: list[str]) -> Ruleset:
    rules = [_dqdl_rule(each, number, {}, problems) for number, each in enumerate(dqdl.rules_of(text), 1)]
    return Ruleset(_named([each for each in rules if each], problems))


def _of_yaml(text: str, problems: list[str]) -> Ruleset:
    named = yaml.load(text, yaml.CSafeLoader)
    if not isinstance(named, dict) or not isinstance(named.get("rules"), list) or not named["rules"]:
        raise ValueError("expected a list of rules under the key 'rules'. Hint: see docs/reference/checks.md.")
    if len(named["rules"]) > MOST_RULES:
        raise ValueError(f"it has {len(named['rules'])} rules, at most {MOST_RULES} are allowed.")
    problems += [f"unknown key {str(key)[:80]!r}.{nearest(str(key)[:80], _FILE)}" for key in named if key not in _FILE]
    if named.get("version", 1) != 1:
        problems.append(f"version {named['version']!r} is not known. Hint: write version: 1, or leave it out.")
    kinds: dict[str, tuple[Any, Any]] = {
        "datasets": (dict[str, Dataset], {}),
        "types": (dict[str, Type], {}),
        "history": (str, None),
    }
    file = fields({key: named[key] for key in kinds if key in named}, kinds, "file", problems)
    numbered = zip_longest(named["rules"], _lines(text)[: len(named["rules"])])
    rules = [_rule(each, number, line, problems) for number, (each, line) in enumerate(numbered, 1)]
    return Ruleset(_named([each for each in rules if each], problems), **file)


def parse_rules(given: Sequence[Mapping[str, Any]]) -> Sequence[Rule]:
    """Rules in Deequ's words, as they would stand in a file; ConfigError when one is not understood."""
    problems: list[str] = []
    rules = [_rule(dict(each), number, None, problems) for number, each in enumerate(given, 1)]
    if problems:
        raise ConfigError(one_line(" ".join(problems[:SHOWN]), 8000))
    return [rule for rule in rules if rule]


def _lines(text: str) -> list[int]:
    """The line on which each rule begins."""
    root = yaml.compose(text, yaml.CSafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    return [each.start_mark.line + 1 for key, node in pairs if key.value == "rules" for each in node.value]


def _rule(given: Any, number: int, line: int | None, problems: list[str]) -> Rule | None:
    """The rule that an entry of the list describes."""
    if isinstance(given, str):
        given = {"dqdl": given}
    if not isinstance(given, dict) or ("check" in given) == ("dqdl" in given):
        problems.append(f"{_place(number, line)}: expected either `check` with its arguments, or `dqdl`.")
        return None
    if "check" in given:
        return _deequ_rule(given, number, line, problems)
    texts: list[dqdl.Text] = []
    try:
        texts = dqdl.rules_of(f"Rules = [{given['dqdl']}]")
    except ValueError as error:
        problems.append(f"{_place(number, line)}: {error}")
        return None
    if len(texts) > 1:
        problems.append(f"{_place(number, line)}: `dqdl` holds {len(texts)} rules. Hint: one in each entry.")
        return None
    rest = {key: value for key, value in given.items() if key != "dqdl"}
    return _dqdl_rule(dqdl.Text(texts[0].text, line or 0), number, rest, problems)


def _dqdl_rule(rule: dqdl.Text, number: int, given: Mapping[str, Any], problems: list[str]) -> Rule | None:
    where = _place(number, rule.line)
    before = len(problems)
    if rule.problem:
        problems.append(f"{where}: {rule.problem}")
    common = fields(given, {key: kind for key, kind in _COMMON.items() if key != "where"}, where, problems)
    if len(problems) > before:
        return None
    return Rule(
        common["name"] or f"rule_{number}",
        rule.line or None,
        dqdl=rule.text,
        severity=common["severity"],
        description=common["description"],
    )


def _deequ_rule(given: Mapping[str, Any], number: int, line: int | None, problems: list[str]) -> Rule | None:
    name, where = str(given["check"])[:80], _place(number, line)
    method = method_of(name, given)
    if method is None:
        problems.append(
            f"{where}: unknown check {name!r}.{nearest(name, [each for each in METHODS if ':' not in each])}"
        )
        return None
    before = len(problems)
    arguments = {key: value for key, value in given.items() if key not in ("check", "anomaly")}
    found = fields(arguments, {**method.keys, **_COMMON}, f"{where}, {name}", problems)
    if found["where"] and not method.filterable:
        problems.append(f"{where}, {name}: Deequ cannot filter its rows. Hint: leave `where` out.")
    asserts, strategy = _demand(given, method, problems)
    if len(problems) > before:
        problems[before:] = [each if each.startswith(where) else f"{where}: {each}" for each in problems[before:]]
        return None
    return Rule(
        found["name"] or f"rule_{number}",
        line,
        Measured(method, {key: found[key] for key in method.keys}, found["where"]),
        asserts,
        strategy,
        severity=found["severity"],
        description=found["description"],
    )


def _demand(given: Mapping[str, Any], method: Method, problems: list[str]) -> tuple[Assertion, Strategy | None]:
    """What the number must be: an assertion, or no anomaly."""
    wanted, anomaly = given.get("assert"), given.get("anomaly")
    if anomaly is not None:
        return EXACTLY_ONE, _anomaly(given, method, problems)
    if not method.asserts or wanted is None:
        if method.demands:
            problems.append("`assert` is missing. Hint: write what the number must be, such as assert: '>= 0.95'.")
        return EXACTLY_ONE, None
    try:
        return parse(str(wanted)), None
    except ValueError as error:
        problems.append(f"assert: {error}")
        return EXACTLY_ONE, None


def _anomaly(given: Mapping[str, Any], method: Method, problems: list[str]) -> Strategy | None:
    if given.get("assert") is not None:
        problems.append("it has both `assert` and `anomaly`. Hint: make two rules of it.")
    if not method.is_kept:
        problems.append(f"the history keeps no single number of {method.name}. Hint: use another check with anomaly.")
    if given.get("where") is not None and method.forgets_where:
        problems.append(f"Deequ's history does not keep `where` of {method.name}. Hint: leave `where` out.")
    if not isinstance(given["anomaly"], dict):
        problems.append("anomaly: expected a mapping such as {strategy: OnlineNormal}.")
        return None
    return strategy_of(given["anomaly"], problems)


def _named(rules: Sequence[Rule], problems: list[str]) -> Sequence[Rule]:
    """The rules, after it is sure that no two have one name."""
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            problems.append(f"{rule.place}: another rule has this name. Hint: give each rule its own `name`.")
        seen.add(rule.name)
    return rules


def _place(number: int, line: int | None) -> str:
    return f"rule {number} (line {line})" if line else f"rule {number}"


def unknown_columns(rules: Iterable[Rule], known: Sequence[str]) -> list[str]:
    """What is wrong with the columns that rules name, given all columns there can be."""
    lower = {name.lower() for name in known}
    return [
        f"{rule.place}: unknown column {name[:80]!r}.{nearest(name[:80], known)}"
        for rule in rules
        for name in (rule.measured.columns if rule.measured else ())
        if name.lower() not in lower and not re.match(r"groundTruthData\b|event_id$", name)
    ]
