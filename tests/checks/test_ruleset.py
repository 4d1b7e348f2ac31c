"""Checks files: what is wrong is told at once, by rule and line, with what may have been meant; nothing needs Spark."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.checks.method import METHODS
from analyzer.checks.ruleset import MOST_RULES, Ruleset, parse_ruleset, unknown_columns
from analyzer.errors import ConfigError


def read(text: str, name: str = "checks.yaml") -> Ruleset:
    return parse_ruleset(name, text.encode())


def refusal(text: str, name: str = "checks.yaml") -> str:
    with pytest.raises(ConfigError) as error:
        read(text, name)
    return str(error.value)


def of(*rules: str) -> str:
    return "rules:\n" + "".join(f"  - {rule}\n" for rule in rules)


GOOD = of(
    "{check: isComplete, column: age, where: \"plan = 'pro'\", severity: warning, description: always there}",
    "{check: hasMin, column: age, assert: '>= 0', name: not_negative}",
    "{check: isContainedIn, column: plan, values: [basic, 1, 2.5, true]}",
    "{check: isContainedIn, column: age, lower: 0}",
    "{check: hasMean, column: age, anomaly: {strategy: OnlineNormal, upper_deviation_factor: 2.5}}",
    "'ColumnValues \"age\" between 0 and 120'",
)


ONLINE_NORMAL = (
    "OnlineNormal(lower_deviation_factor=3.0, upper_deviation_factor=2.5, ignore_start_percentage=0.1, "
    "ignore_anomalies=True)"
)


def test_a_sound_file_is_understood() -> None:
    rules = read(GOOD).rules

    assert [rule.constraint for rule in rules] == [
        "isComplete(age) where plan = 'pro' == 1",
        "hasMin(age) >= 0",
        "isContainedIn(plan, values=['basic', 1, 2.5, True]) == 1",
        "isContainedIn(age, lower=0.0) == 1",
        f"hasMean(age) fits earlier runs by {ONLINE_NORMAL}",
        'ColumnValues "age" between 0 and 120',
    ]
    assert [(rule.name, rule.line, rule.severity) for rule in rules[:2]] == [
        ("rule_1", 2, "warning"),
        ("not_negative", 3, "error"),
    ]


def test_json_is_read_like_yaml() -> None:
    file = {"rules": [{"check": "hasSize", "assert": "> 0"}], "types": {"zip": "string"}, "history": "s3://b/k"}
    found = read(json.dumps(file, indent=1), "checks.json")

    assert (found.rules[0].constraint, found.rules[0].line) == ("hasSize() > 0", 3)
    assert (found.types, found.history) == ({"zip": "string"}, "s3://b/k")


BROKEN = {
    "{check: isComplet, column: a}": "unknown check 'isComplet'. Hint: did you mean 'isComplete'",
    "{check: isComplete}": "isComplete: column is missing",
    "{check: isComplete, column: a, colour: b}": "unknown key 'colour'",
    "{check: isComplete, column: 5}": "column: Expected `str`",
    "{check: hasMin, column: a}": "`assert` is missing. Hint: write what the number must be",
    "{check: hasMin, column: a, assert: 'about 5'}": "'about 5' is no comparison with a number",
    "{check: isComplete, column: a, severity: fatal}": "severity: Invalid enum value 'fatal'",
    "{check: kllSketchSatisfies, column: a, assert: '> 1', where: a > 1}": "Deequ cannot filter its rows",
    "{check: hasApproxQuantile, column: a, quantile: 2, assert: '> 1'}": "Expected `float` <= 1",
    "{check: hasMean, column: a, anomaly: {strategy: OnlineNorm}}": "Hint: did you mean 'OnlineNormal'",
    "{check: hasMean, column: a, anomaly: {strategy: AbsoluteChange}}": "AbsoluteChange needs a bound",
    "{check: hasMean, column: a, anomaly: {strategy: HoltWinters, interval: Daily, seasonality: Yearly}}": "knows no",
    "{check: hasMean, column: a, assert: '> 1', anomaly: {strategy: OnlineNormal}}": "both `assert` and `anomaly`",
    "{check: hasDataType, column: a, type: Integral, anomaly: {strategy: OnlineNormal}}": "keeps no single number",
    "{check: isUnique, column: a, where: a > 1, anomaly: {strategy: OnlineNormal}}": "does not keep `where`",
    "'IsComplet \"a\"'": "unknown rule type 'IsComplet'. Hint: did you mean 'IsComplete'",
    "'ZerosCount \"a\" = 0'": "Hint: write it as the check hasZerosCount",
    "'DetectAnomalies \"RowCount\"'": "exists in AWS Glue only",
    '\'IsComplete "a", IsUnique "b"\'': "`dqdl` holds 2 rules",
    "'IsComplete \"a'": "a quotation mark is not closed",
    "{column: a}": "expected either `check` with its arguments, or `dqdl`",
    "17": "expected either `check` with its arguments, or `dqdl`",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_is_wrong_with_a_rule_is_told_with_its_line(rule: str) -> None:
    told = refusal(of("{check: hasSize, assert: '> 0'}", rule))

    assert "rule 2 (line 3)" in told
    assert BROKEN[rule] in told


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = refusal(of(*BROKEN))

    assert "problems: (1) rule 1 (line 2)" in told
    assert all(f"rule {number} (line {number + 1})" in told for number in range(1, 12))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a list of rules"),
        ("rules: []", "expected a list of rules"),
        ("rules: {a: b}", "expected a list of rules"),
        ("- 1", "expected a list of rules"),
        ("rules: [", "at line 2"),
        ("rulez: []\nrules: [{check: hasSize, assert: '> 0'}]", "unknown key 'rulez'. Hint: did you mean 'rules'"),
        ("version: 2\nrules: [{check: hasSize, assert: '> 0'}]", "version 2 is not known"),
        ("types: {a: integer}\nrules: [{check: hasSize, assert: '> 0'}]", "types: Invalid enum value 'integer'"),
        ("datasets: {b: {}}\nrules: [{check: hasSize, assert: '> 0'}]", "missing required field `source`"),
        (of(*["{check: hasSize, assert: '> 0', name: n}"] * 2), "another rule has this name"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("rules:\n" + "- 1\n" * (MOST_RULES + 1), f"at most {MOST_RULES}"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, why: str) -> None:
    assert why in refusal(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_ends_in_anything_but_an_explanation(contents: bytes) -> None:
    for name in ("checks.yaml", "checks.json", "rules.dqdl"):
        try:
            parse_ruleset(name, contents)
        except ConfigError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most files raise nothing


def test_a_column_that_the_baseline_lacks_is_a_typing_error() -> None:
    rules = read(of("{check: isComplete, column: agee}", "{check: isUnique, column: event_id}")).rules

    told = unknown_columns(rules, ["age", "Plan"])

    assert told == ["rule 'rule_1' (line 2): unknown column 'agee'. Hint: did you mean 'age'?"]
    assert not unknown_columns(read(of("{check: isComplete, column: PLAN}")).rules, ["age", "Plan"])


PYDEEQU = (
    *("hasSize", "isComplete", "hasCompleteness", "areComplete", "haveCompleteness", "areAnyComplete"),
    *("haveAnyCompleteness", "isUnique", "isPrimaryKey", "hasUniqueness", "hasDistinctness", "hasUniqueValueRatio"),
    *("hasNumberOfDistinctValues", "hasHistogramValues", "kllSketchSatisfies", "hasEntropy", "hasMutualInformation"),
    *("hasApproxQuantile", "hasMinLength", "hasMaxLength", "hasMin", "hasMax", "hasMean", "hasSum"),
    *("hasStandardDeviation", "hasApproxCountDistinct", "hasCorrelation", "satisfies", "hasPattern"),
    *("containsCreditCardNumber", "containsEmail", "containsURL", "containsSocialSecurityNumber", "hasDataType"),
    *("isNonNegative", "isPositive", "isLessThan", "isLessThanOrEqualTo", "isGreaterThan", "isGreaterThanOrEqualTo"),
    "isContainedIn",
)
SCALA_ONLY = (
    *("hasColumnCount", "hasZerosCount", "hasDuplicateRowCount", "hasColumn", "areUnique", "customSql"),
    *("doesDatasetMatch", "hasHistogramBinnedValues", "hasHistogramBinnedBins", "hasExactQuantile", "hasRange"),
    *("hasInterquartileRange", "hasVariance", "hasSkewness", "hasKurtosis"),
)


def test_every_check_of_pydeequ_and_those_it_lacks_are_there() -> None:
    assert {name.partition(":")[0] for name in METHODS} == {*PYDEEQU, *SCALA_ONLY}
