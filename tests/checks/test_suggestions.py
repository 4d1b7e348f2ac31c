"""Suggested checks: they hold on the data they come from, and their false alarms are counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from analyzer.checks.ruleset import parse_ruleset
from analyzer.engines import choice
from analyzer.errors import ConfigError
from analyzer.monitors.suggesting import document
from tests.checks.jobs import checked, row, traffic
from tests.jobs import run_job

pytestmark = pytest.mark.timeout(900)
NEEDS_DEEQU = pytest.mark.usefixtures("session")


@NEEDS_DEEQU
@pytest.mark.deequ
def test_suggestions_are_a_checks_file_that_the_data_passes(tmp_path: Path) -> None:
    rows = [{**row(at), "empty": None, "tricky": ["a, b", '_ >= "1"', "it's"][at % 3]} for at in range(400)]
    with (traffic(tmp_path / "in", rows) / "a.jsonl").open("a") as captures:
        captures.write("{broken\n")
    done = run_job(tmp_path / "suggested", tmp_path / "in", analysis_type="SUGGEST_CHECKS")
    file = tmp_path / "suggested/checks.yaml"
    rules = yaml.safe_load(file.read_text("utf-8"))["rules"]
    suggested = {(rule["check"], rule["column"]) for rule in rules}

    assert {("isComplete", "plan"), ("isContainedIn", "plan"), ("isNonNegative", "age")} <= suggested
    assert {("isContainedIn", "a b.c`d"), ("hasMin", "age"), ("hasMax", "age")} <= suggested
    assert ("isContainedIn", "age") not in suggested  # 40 of them; the next one is no error
    assert {("hasDataType", "amount"), ("isContainedIn", "tricky"), ("hasCompleteness", "name")} <= suggested
    assert sorted(next(r["values"] for r in rules if (r["check"], r["column"]) == ("isContainedIn", "tricky"))) == [
        '_ >= "1"',
        "a, b",
        "it's",
    ]
    assert all(rule["false_alarms"].split()[2:4] == ["4", "windows"] for rule in rules)
    assert done.outcome.files == [str(file), str(file.with_name("quarantine.jsonl"))]
    assert "line is not JSON (see quarantine.jsonl)." in done.outcome.summary
    again = checked(tmp_path, file).document("checks.json")
    errors = [rule for rule in again["rules"] if rule["outcome"] == "error"]
    broken = [rule for rule in again["rules"] if rule["outcome"] == "failed" and rule["severity"] == "error"]
    assert errors == []
    assert {rule["constraint"].split("(")[0] for rule in broken} <= {"hasMin", "hasMax"}  # of four fifths of the rows


def test_lists_of_many_numbers_are_not_proposed() -> None:
    pytest.importorskip("pyspark")
    from analyzer.checks.suggestion import is_list_of_numbers  # noqa: PLC0415 - needs pyspark

    many, few = ({"check": "isContainedIn", "column": "a", "values": list(range(count))} for count in (11, 10))
    assert is_list_of_numbers(many, "long")
    assert not is_list_of_numbers(many, "string")
    assert not is_list_of_numbers(few, "long")
    assert not is_list_of_numbers({"check": "isComplete", "column": "a"}, "long")


def test_without_spark_the_command_is_named_and_the_hint_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "spark_is_missing", lambda: "Java is not there")
    with pytest.raises(
        ConfigError, match=r"^suggest-checks: this needs Spark, but Java is not there\. Hint: "
    ) as error:
        run_job(tmp_path / "out", tmp_path, analysis_type="SUGGEST_CHECKS")
    assert "analyzer_" not in str(error.value)


def test_without_the_jar_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415 - needs pyspark

    monkeypatch.setattr(Deequ, "_has", lambda *_: False)
    for wanted_by in ("suggest-checks", "analyzer_checks"):
        with pytest.raises(ConfigError, match=rf"^{wanted_by}: the jar of Deequ is not on Spark's class path\. Hint: "):
            Deequ.__new__(Deequ).require(wanted_by, "Deequ")


def test_a_rule_that_cries_wolf_is_a_warning_or_a_comment() -> None:
    pytest.importorskip("pyspark")
    from analyzer.checks.suggestion import Suggestion  # noqa: PLC0415 - needs pyspark

    given = {"check": "isUnique", "column": "a: #b\n"}
    text = document([Suggestion(given, alarms, 10, 50) for alarms in (0, 3, 6)])
    rules = parse_ruleset("checks.yaml", text.replace("column: ", "name: x, column: ", 1).encode()).rules

    assert [(rule.severity, rule.measured.columns) for rule in rules if rule.measured] == [
        ("error", ("a: #b\n",)),
        ("warning", ("a: #b\n",)),
    ]
    assert text.endswith("# left out, 6 of 10 windows of 50 rows: check: isUnique, column: a: #b\\n\n")
