"""Jobs with checks of the user's own: documents, exit codes, what is refused before data is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.checks.history import History
from analyzer.checks.ruleset import Ruleset, parse_rules
from analyzer.errors import ConfigError, SourceUnreadable
from analyzer.monitors.checking import Checked
from analyzer.reports.checks import RuleResult
from tests.checks.jobs import ROWS, checked, checks_file, outcomes, row, traffic
from tests.engines.sources import Numbers
from tests.jobs import capture, monitor, run_job, write_captures

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]
NEEDS_DEEQU = pytest.mark.usefixtures("session")
MOMENT = "2026-01-17T00:00:00Z"


@NEEDS_DEEQU
@pytest.mark.slow
def test_a_monitoring_job_reports_its_checks_everywhere(tmp_path: Path) -> None:
    """One job by default; the others of this page are run by `make checks`."""
    traffic(tmp_path / "in")
    (tmp_path / "reference.csv").write_text("plan,limit\nbasic,1\npro,2\n")
    (tmp_path / "options.yaml").write_text("fail_on_violations: true\n")
    checks = checks_file(
        tmp_path / "checks.yaml",
        {"check": "hasMin", "column": "age", "assert": ">= 2", "name": "grown_up", "description": "Ask their parents."},
        {"check": "isComplete", "column": "name", "severity": "warning"},
        {"check": "hasSize", "assert": "> 0"},
        'ReferentialIntegrity "plan" "reference.plan" >= 0.9',
        'IsComplete "name"',
        datasets={"reference": {"source": str(tmp_path / "reference.csv"), "format": "csv"}},
    )
    run_job(tmp_path / "base", tmp_path / "in")
    settings = {"publish_cloudwatch_metrics": "Enabled", "analyzer_config": tmp_path / "options.yaml"}
    done = monitor(tmp_path / "out", tmp_path / "in", tmp_path / "base", analyzer_checks=checks, **settings)

    told = [(each["feature_name"], each.get("severity"), each.get("counts")) for each in done.violations]
    assert told == [
        ("age", "error", {"failing": 4}),
        ("name", "warning", {"failing": 6}),
        ("plan", "error", None),
        ("name", "error", {"failing": 6}),
    ]
    assert {each["constraint_check_type"] for each in done.violations} == {"user_check"}
    assert done.violations[0]["description"] == "Check is not met: hasMin(age) >= 2. Minimum is 0, expected >= 2."
    assert (done.violations[0]["observed"], done.violations[0]["hint"]) == (0.0, "Ask their parents.")
    assert done.document("checks.json")["counts"] == {"passed": 1, "failed": 4, "error": 0, "skipped": 0}
    assert outcomes(done)['IsComplete "name"']["event_ids"] == ["e0", "e10", "e20", "e30", "e40"]
    lines = (done.output / "metrics/cloudwatch_metrics.jsonl").read_text("utf-8").splitlines()
    metrics = [json.loads(line) for line in lines]
    named = {each["MetricName"]: each["Value"] for each in metrics if "Value" in each}
    assert (named["user_checks_broken"], named["user_check_grown_up"], named["user_check_rule_3"]) == (4.0, 0.0, 60.0)
    assert done.outcome.exit_code == 10


@NEEDS_DEEQU
@pytest.mark.deequ
def test_a_ruleset_of_glue_is_judged_rule_by_rule(tmp_path: Path) -> None:
    traffic(tmp_path / "in")
    (tmp_path / "rules.dqdl").write_text("""Rules = [
        RowCount between 50 and 70,
        ColumnValues "age" > 1,
        ColumnCount = 10,
        (IsComplete "plan") and (ColumnLength "plan" <= 4),
        Completeness "age" > 0.5 where "nope > 3",
        Mean "nope" > 0.5,
        CustomSql "select count(*) from primary where `a b.c``d` = 1" = 30,
        IsUnique "event_id",
        ColumnNamesMatchPattern "[a-z].*"
    ]""")
    done = checked(tmp_path, tmp_path / "rules.dqdl")
    rules = done.document("checks.json")["rules"]

    assert [(rule["line"], rule["outcome"], rule.get("failing_rows")) for rule in rules] == [
        (2, "passed", None),
        (3, "failed", 4),
        (4, "passed", None),
        (5, "failed", 20),
        (6, "error", None),
        (7, "error", None),
        (8, "passed", None),
        (9, "passed", None),
        (10, "passed", None),
    ]
    assert rules[1]["event_ids"] == ["e0", "e1", "e40", "e41"]


@NEEDS_DEEQU
@pytest.mark.deequ
@pytest.mark.parametrize("has_header", [True, False])
def test_a_window_without_rows_does_not_pass_in_silence(tmp_path: Path, has_header: bool) -> None:
    (tmp_path / "good.csv").write_text("age,name\n1,a\n2,b\n")
    run_job(tmp_path / "base", tmp_path / "good.csv", dataset_format="csv")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/empty.csv").write_text("age,name\n" if has_header else "")
    checks = checks_file(
        tmp_path / "checks.yaml",
        {"check": "hasSize", "assert": "> 0"},
        {"check": "isComplete", "column": "age"},
        "RowCount > 0",
        'IsComplete "age"',
        {"check": "hasSize", "assert": ">= 0"},
    )
    done = monitor(tmp_path / "out", tmp_path / "in", tmp_path / "base", dataset_format="csv", analyzer_checks=checks)
    rules = done.document("checks.json")["rules"]

    about_columns = "failed" if has_header else "error"
    assert [each["outcome"] for each in rules] == ["failed", about_columns, "failed", about_columns, "passed"]
    assert all(each["message"].endswith(" The data has no rows.") for each in rules[:4])
    assert [each["constraint_check_type"] for each in done.violations] == ["user_check"] * 4
    assert done.outcome.violations == 4


STRATEGIES = (
    ({"strategy": "SimpleThreshold", "upper_bound": 20}, {"strategy": "SimpleThreshold", "upper_bound": 10}),
    ({"strategy": "AbsoluteChange", "max_rate_increase": 5}, {"strategy": "AbsoluteChange", "max_rate_increase": 0.1}),
    *(
        ({"strategy": "RelativeRateOfChange", "max_rate_increase": bound} for bound in (1.5, 1.01)),
        ({"strategy": "OnlineNormal", "upper_deviation_factor": factor} for factor in (3.5, 0.1)),
        ({"strategy": "BatchNormal", "upper_deviation_factor": factor} for factor in (30.0, 1.0)),
    ),
)


@NEEDS_DEEQU
@pytest.mark.deequ
def test_numbers_are_compared_with_those_of_earlier_runs(tmp_path: Path) -> None:
    """Sixteen earlier days around 15.25; today's mean age is 970/60 = 16.17."""
    traffic(tmp_path / "in")
    today = int(datetime.fromisoformat(MOMENT).astimezone(UTC).timestamp() * 1000)
    for day in range(1, 17):
        metric = {"metricName": "DoubleMetric", "entity": "Column", "instance": "age", "name": "Mean"}
        entry = {"analyzer": {"analyzerName": "Mean", "column": "age"}, "metric": {**metric, "value": 15 + day % 3 / 4}}
        History(str(tmp_path / "history"), today - day * 86_400_000, {"analysis": "DATA_QUALITY"}).save([entry])
    rules = [{"check": "hasMean", "column": "age", "anomaly": each} for pair in STRATEGIES for each in pair]
    weekly = {"strategy": "HoltWinters", "interval": "Daily", "seasonality": "Weekly"}
    rules.append({"check": "hasMean", "column": "age", "anomaly": weekly})
    rules.append({"check": "hasMax", "column": "age", "anomaly": STRATEGIES[1][0]})
    checks = checks_file(tmp_path / "checks.yaml", *rules, history=str(tmp_path / "history"))
    done = checked(tmp_path, checks, metric_time=MOMENT)
    found = [rule["outcome"] for rule in done.document("checks.json")["rules"]]

    assert found == [*["passed", "failed"] * 5, "failed", "skipped"]
    files = sorted((tmp_path / "history").iterdir())
    kept = json.loads(files[-1].read_text())[0]
    assert (len(files), kept["resultKey"]["dataSetDate"]) == (17, today)
    values = {each["metric"]["name"]: each["metric"]["value"] for each in kept["analyzerContext"]["metricMap"]}
    assert values == {"Mean": pytest.approx(970 / 60), "Maximum": 39.0}


@NEEDS_DEEQU
@pytest.mark.deequ
def test_ground_truth_is_there_when_it_is_joined(tmp_path: Path) -> None:
    write_captures(tmp_path / "in/a.jsonl", [capture(f"{at}", f"{at / 40}", f"e{at}") for at in range(40)])
    labels = [
        {"groundTruthData": {"data": str(at % 2), "encoding": "CSV"}, "eventMetadata": {"eventId": f"e{at}"}}
        for at in range(0, 40, 2)
    ]
    write_captures(tmp_path / "truth/2026/01/01/00/a.jsonl", [{**each, "eventVersion": "0"} for each in labels])
    checks = checks_file(
        tmp_path / "checks.yaml",
        {"check": "hasSize", "assert": "== 20"},
        {"check": "isContainedIn", "column": "groundTruthData.0", "values": [0, 1]},
        {"check": "hasMax", "column": "endpointInput.0", "assert": "== 38"},
        {"check": "satisfies", "condition": "`groundTruthData.0` = 1"},
    )
    done = checked(
        tmp_path,
        checks,
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        probability_attribute="0",
        ground_truth_attribute="0",
        ground_truth_source=tmp_path / "truth",
    )

    assert [rule["outcome"] for rule in done.document("checks.json")["rules"]] == [
        "passed",
        "passed",
        "passed",
        "failed",
    ]
    assert outcomes(done)["satisfies(condition='`groundTruthData.0` = 1') == 1"]["event_ids"][:2] == ["e0", "e2"]
    assert [each["constraint_check_type"] for each in done.violations] == ["user_check"]


@NEEDS_DEEQU
@pytest.mark.deequ
def test_columns_have_the_types_that_the_file_declares(tmp_path: Path) -> None:
    traffic(tmp_path / "in", [*({**row(at), "AGE": "x"} for at in range(ROWS)), row(ROWS)])
    checks = checks_file(
        tmp_path / "checks.yaml",
        {"check": "satisfies", "condition": "datediff(joined, date'2024-01-01') < 28"},
        {"check": "satisfies", "condition": "code LIKE '0%'", "assert": ">= 0.9"},
        {"check": "isComplete", "column": "AGE"},
        {"check": "isComplete", "column": "age"},
        types={"joined": "date", "code": "string"},
    )
    done = checked(tmp_path, checks)

    assert [(rule["outcome"], rule.get("failing_rows")) for rule in done.document("checks.json")["rules"]] == [
        ("passed", None),
        ("passed", None),
        ("failed", 1),
        ("passed", None),
    ]


@NEEDS_DEEQU
@pytest.mark.deequ
def test_data_that_cannot_be_read_again_is_no_rules_fault(session: Any) -> None:
    """The error of the source ends the job; it is not tried rule by rule."""
    from analyzer.checks.session import Dataset, Request, evaluate  # noqa: PLC0415 - needs pyspark

    rules = parse_rules([{"check": "hasMin", "column": "a", "assert": f">= -{at}"} for at in range(8)])
    data = Dataset(Numbers(4, "storage", rows=10), {"a": "double", "b": "long"})
    with pytest.raises(SourceUnreadable, match=r"'s3://bucket/key' cannot be read\. Hint: wait\."):
        evaluate(session, Request(Ruleset(rules), data))
    assert session.sparkContext._jsc.sc().getPersistentRDDs().size() == 0


REFUSED = {
    "{check: satisfies, condition: 'age >>> < 3'}": "PARSE_SYNTAX_ERROR",
    "{check: hasPattern, column: age, pattern: '[a-'}": "Illegal character range",
    "'ColumnValues \"age\" betwixt 3 and 4'": "rule 'rule_1' (line 2)",
    "{check: customSql, sql: 'selec 1', assert: '== 1'}": "PARSE_SYNTAX_ERROR",
}


@NEEDS_DEEQU
@pytest.mark.deequ
@pytest.mark.parametrize("rule", REFUSED)
def test_what_only_java_understands_is_refused_before_data_is_read(tmp_path: Path, rule: str) -> None:
    (tmp_path / "checks.yaml").write_text(f"rules:\n  - {rule}\n")

    with pytest.raises(ConfigError) as error:
        checked(tmp_path, tmp_path / "checks.yaml")  # there is no data at all
    assert REFUSED[rule] in str(error.value)
    assert "rule 'rule_1' (line 2)" in str(error.value)


@pytest.mark.parametrize(
    ("text", "settings", "why"),
    [
        ("rules: [{check: hasMin, column: a}]", {}, "`assert` is missing"),
        ("rules: [{check: hasSize, assert: '> 0'}]", {"analyzer_engine": "local"}, "run on Spark"),
        ("rules: [{check: hasMean, column: a, anomaly: {strategy: OnlineNormal}}]", {}, "needs earlier runs"),
        ("datasets: {b: {source: /x, format: xls}}\nrules: ['RowCount > 0']", {}, "datasets: b"),
    ],
)
def test_a_wrong_file_ends_the_job_before_anything_starts(
    tmp_path: Path, text: str, settings: dict[str, str], why: str
) -> None:
    (tmp_path / "checks.yaml").write_text(text)
    with pytest.raises(ConfigError, match="analyzer") as error:
        checked(tmp_path, tmp_path / "checks.yaml", **settings)
    assert why in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml.*cannot be read"):
        checked(tmp_path, tmp_path / "absent.yaml")


def test_only_rules_that_do_not_hold_say_that_there_were_no_rows() -> None:
    found = [RuleResult(name, "c", "*", outcome, "error", message=text) for name, outcome, text in (
        ("a", "passed", None), ("b", "failed", "Size is 0."), ("c", "error", None), ("d", "skipped", "too few runs."),
    )]  # fmt: skip

    told = [each.message for each in Checked(found).without_rows.results]

    assert told == [None, "Size is 0. The data has no rows.", "The data has no rows.", "too few runs."]


def test_results_of_an_earlier_job_do_not_outlive_its_checks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age\n1\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/checks.json").write_text("{}")
    done = run_job(tmp_path / "out", tmp_path / "a.csv", dataset_format="csv")
    assert not (done.output / "checks.json").exists()
