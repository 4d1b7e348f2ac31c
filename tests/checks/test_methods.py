"""Every check, measured by Deequ on captured traffic and compared with numbers worked out by other means."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.checks.jobs import ROWS, checked, checks_file, row, traffic

pytestmark = [pytest.mark.deequ, pytest.mark.timeout(900), pytest.mark.usefixtures("session")]

DATA = [row(at) for at in range(ROWS)]
AGES = [each["age"] for each in DATA]
AMOUNTS = [each["amount"] for each in DATA]
NUMBERS = [float(each["mixed"]) for each in DATA if each["mixed"] != "n/a"]
COUNTS = Counter(AGES)


def entropy(counts: Counter[Any]) -> float:
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())


def share(rows: list[bool]) -> float:
    return sum(rows) / len(rows)


def moments(values: list[float], power: int) -> float:
    return statistics.fmean((value - statistics.fmean(values)) ** power for value in values)


# Check: the number Deequ must find. The assertion is made of it, so that every rule passes.
NUMBER: list[tuple[dict[str, Any], float]] = [
    ({"check": "hasSize"}, ROWS),
    ({"check": "hasSize", "where": "age < 3"}, sum(age < 3 for age in AGES)),
    ({"check": "hasColumnCount"}, 10),
    ({"check": "hasCompleteness", "column": "name"}, 0.9),
    ({"check": "hasCompleteness", "column": "code"}, 1.0),
    ({"check": "haveCompleteness", "columns": ["age", "name"]}, 0.9),
    ({"check": "haveAnyCompleteness", "columns": ["age", "name"]}, 1.0),
    ({"check": "hasUniqueness", "columns": ["age"]}, 20 / 60),
    ({"check": "hasUniqueValueRatio", "columns": ["age"]}, 20 / 40),
    ({"check": "hasDistinctness", "columns": ["age", "plan"]}, share([True] * 60)),
    ({"check": "hasNumberOfDistinctValues", "column": "name"}, 8),
    ({"check": "hasHistogramValues", "column": "plan", "bin": "pro"}, 1 / 3),
    ({"check": "hasHistogramValues", "column": "age", "bin": 7, "of": "absolute"}, 2),
    ({"check": "hasHistogramBinnedBins", "column": "age", "bins": 4}, 4),
    ({"check": "hasHistogramBinnedValues", "column": "age", "edges": [0, 20, 40], "of": "count", "at": 1}, 20),
    ({"check": "kllSketchSatisfies", "column": "age", "of": "count", "at": 0, "buckets": 2}, 40),
    ({"check": "hasEntropy", "column": "age"}, entropy(COUNTS)),
    ({"check": "hasMutualInformation", "column": "plan", "other": "plan"}, math.log(3)),
    ({"check": "hasCorrelation", "column": "age", "other": "amount"}, float(np.corrcoef(AGES, AMOUNTS)[0, 1])),
    ({"check": "hasExactQuantile", "column": "age", "quantile": 0.25}, float(np.quantile(AGES, 0.25))),
    ({"check": "hasMinLength", "column": "name"}, 2),
    ({"check": "hasMaxLength", "column": "age"}, 2),
    ({"check": "hasMin", "column": "mixed"}, min(NUMBERS)),
    ({"check": "hasMax", "column": "mixed", "where": "age < 20"}, 59 / 8),
    ({"check": "hasMean", "column": "age"}, statistics.fmean(AGES)),
    ({"check": "hasSum", "column": "amount"}, math.fsum(AMOUNTS)),
    ({"check": "hasStandardDeviation", "column": "age"}, statistics.pstdev(AGES)),
    ({"check": "hasVariance", "column": "mixed"}, statistics.pvariance(NUMBERS)),
    ({"check": "hasSkewness", "column": "age"}, moments(AGES, 3) / moments(AGES, 2) ** 1.5),
    ({"check": "hasKurtosis", "column": "age"}, moments(AGES, 4) / moments(AGES, 2) ** 2 - 3),
    ({"check": "hasRange", "column": "age"}, 39),
    ({"check": "hasInterquartileRange", "column": "age"}, float(np.subtract(*np.quantile(AGES, [0.75, 0.25])))),
    ({"check": "hasZerosCount", "column": "age"}, 2),
    ({"check": "hasDuplicateRowCount", "columns": ["age"]}, 40),
    ({"check": "hasDuplicateRowCount"}, 0),
    (
        {"check": "satisfies", "condition": "age < 30 AND `a b.c``d` = 0"},
        share([a < 30 and not a % 2 for a in AGES]),
    ),
    ({"check": "hasPattern", "column": "mail", "pattern": "^user[0-9]+@"}, 0.5),
    ({"check": "containsEmail", "column": "mail"}, 0.5),
    ({"check": "containsURL", "column": "mail"}, 0.0),
    ({"check": "containsCreditCardNumber", "column": "mail"}, 0.0),
    ({"check": "containsSocialSecurityNumber", "column": "mail"}, 0.0),
    ({"check": "hasDataType", "column": "mixed", "type": "Fractional"}, 57 / 60),
    ({"check": "hasDataType", "column": "code", "type": "Integral"}, 59 / 60),
    ({"check": "isNonNegative", "column": "amount"}, 1.0),
    ({"check": "isPositive", "column": "age"}, 58 / 60),
    ({"check": "isLessThan", "column": "age", "other": "amount"}, share([d["age"] < d["amount"] for d in DATA])),
    ({"check": "isLessThanOrEqualTo", "column": "age", "other": "amount"}, 1.0),
    ({"check": "isGreaterThan", "column": "age", "other": "amount"}, 0.0),
    ({"check": "isGreaterThanOrEqualTo", "column": "age", "other": "amount"}, 1 / 60),
    ({"check": "isContainedIn", "column": "plan", "values": ["basic", "it's"]}, 1 / 3),
    ({"check": "isContainedIn", "column": "amount", "values": [0, 1.5, "3"]}, 3 / 60),
    ({"check": "isContainedIn", "column": "age", "lower": 0, "upper": 10, "include_upper": False}, 20 / 60),
    ({"check": "customSql", "sql": "select count(distinct plan) from primary"}, 3),
    ({"check": "hasCompleteness", "column": "a b.c`d"}, 1.0),
    ({"check": "hasMax", "column": "a b.c`d"}, 1.0),
    ({"check": "hasUniqueness", "columns": ["event_id"]}, 1.0),
]
# Check without a number of its own: whether it holds, failing rows, the first of them.
VERDICT: list[tuple[dict[str, Any], tuple[str, int | None, list[str] | None]]] = [
    ({"check": "isComplete", "column": "name"}, ("failed", 6, ["e0", "e10", "e20"])),
    ({"check": "isComplete", "column": "name", "where": "age > 1000"}, ("passed", None, None)),
    ({"check": "areComplete", "columns": ["age", "name"]}, ("failed", 6, ["e0", "e10", "e20"])),
    ({"check": "areAnyComplete", "columns": ["age", "name"]}, ("passed", None, None)),
    ({"check": "isUnique", "column": "age"}, ("failed", 40, ["e0", "e1", "e10"])),
    ({"check": "areUnique", "columns": ["age", "amount"]}, ("passed", None, None)),
    ({"check": "isPrimaryKey", "column": "age", "columns": ["plan"]}, ("passed", None, None)),
    ({"check": "hasColumn", "column": "age"}, ("passed", None, None)),
    ({"check": "hasColumn", "column": "nope"}, ("failed", None, None)),
    ({"check": "hasMin", "column": "age", "assert": ">= 2"}, ("failed", 4, ["e0", "e1", "e40"])),
    ({"check": "hasMax", "column": "mixed", "assert": "< 7"}, ("failed", 4, ["e56", "e57", "e58"])),
    ({"check": "hasMaxLength", "column": "mail", "assert": "<= 17"}, ("failed", 25, ["e11", "e13", "e15"])),
    ({"check": "hasPattern", "column": "mail", "pattern": "@"}, ("failed", 30, ["e0", "e2", "e4"])),
    ({"check": "hasDataType", "column": "mixed", "type": "Numeric"}, ("failed", 3, ["e0", "e20", "e40"])),
    ({"check": "satisfies", "condition": "age < 39"}, ("failed", 1, ["e39"])),
    ({"check": "hasMean", "column": "age", "assert": "> 100"}, ("failed", None, None)),
    # What breaks, breaks alone.
    ({"check": "satisfies", "condition": "raise_error('boo') IS NULL"}, ("error", None, None)),
    ({"check": "satisfies", "condition": "agee < 39"}, ("error", None, None)),
    ({"check": "isComplete", "column": "nope"}, ("error", None, None)),
    ({"check": "isComplete", "column": "age", "where": "nope = 1"}, ("error", None, None)),
    ({"check": "hasMin", "column": "plan", "assert": ">= 0"}, ("failed", None, None)),
    ({"check": "customSql", "sql": "select nope from primary", "assert": "== 1"}, ("error", None, None)),
    ({"check": "doesDatasetMatch", "dataset": "absent", "keys": {"age": "age"}}, ("error", None, None)),
]


def name_of(rule: dict[str, Any]) -> str:
    return " ".join(map(str, rule.values()))[:60]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What became of all these rules, evaluated in one job, in their order."""
    folder = tmp_path_factory.mktemp("methods")
    traffic(folder / "in")
    rules = [{**rule, "assert": f"between {n - 1e-9:.12f} and {n + 1e-9:.12f}"} for rule, n in NUMBER]
    checks = checks_file(folder / "checks.yaml", *rules, *(rule for rule, _ in VERDICT))
    (folder / "options.yaml").write_text("example_ids: 3\n")
    finished = checked(folder, checks, analyzer_config=folder / "options.yaml")
    results: list[dict[str, Any]] = finished.document("checks.json")["rules"]
    return results


@pytest.mark.parametrize("at", range(len(NUMBER)), ids=[name_of(rule) for rule, _ in NUMBER])
def test_the_number_is_the_one_worked_out_by_hand(found: list[dict[str, Any]], at: int) -> None:
    assert found[at].get("observed") == pytest.approx(NUMBER[at][1], rel=1e-9, abs=1e-12), found[at]
    assert found[at]["outcome"] == "passed"


@pytest.mark.parametrize("at", range(len(VERDICT)), ids=[name_of(rule) for rule, _ in VERDICT])
def test_rows_that_fail_are_counted_and_named(found: list[dict[str, Any]], at: int) -> None:
    rule = found[len(NUMBER) + at]

    assert (rule["outcome"], rule.get("failing_rows"), rule.get("event_ids")) == VERDICT[at][1], rule


def test_a_rule_that_breaks_says_why_in_one_line(found: list[dict[str, Any]]) -> None:
    broken = {rule["constraint"]: rule["message"] for rule in found if rule["outcome"] == "error"}

    assert broken["satisfies(condition=\"raise_error('boo') IS NULL\") == 1"] == "java.lang.RuntimeException: boo"
    assert "there is no column 'nope'. Hint: " in broken["isComplete(nope) == 1"]
    assert re.search(r"`?agee`? cannot be resolved", broken["satisfies(condition='agee < 39') == 1"])
    assert "no data set 'absent'" in next(text for name, text in broken.items() if name.startswith("doesDatasetMatch"))
    assert not any("\n" in text or "\tat " in text for text in broken.values())


def test_nothing_is_left_in_the_session(found: list[dict[str, Any]], session: Any) -> None:
    """Views, settings and frames are as they were; no callback server was started."""
    assert found
    assert session.catalog.listTables() == []
    assert session.conf.get("spark.sql.shuffle.partitions") == "200"
    assert session.sparkContext._jsc.sc().getPersistentRDDs().size() == 0
    assert getattr(session.sparkContext._gateway, "_callback_server", None) is None
