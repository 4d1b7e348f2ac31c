"""The reference pages and the code name the same variables, flags, options, keys, reasons and exit codes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analyzer import cli, errors
from analyzer.dataset_format import parse_dataset_format
from analyzer.job import MONITORING_SOURCE
from analyzer.options import Options
from analyzer.reports import cloudwatch, quarantine, statistics, violations
from analyzer.reports import options as checks
from analyzer.reports.constraints import OVERRIDES, parse
from analyzer.settings import SETTINGS
from analyzer.sources.payload import ENVELOPES
from tests.jobs import CAPTURE, Finished, capture, monitor, run_job, write_captures

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/reference/settings.md").read_text("utf-8")
FORMATS = (ROOT / "docs/reference/formats.md").read_text("utf-8")
DOCUMENTS = (ROOT / "docs/reference/documents.md").read_text("utf-8")
OPTIONS: dict[str, dict[str, Any]] = msgspec.json.schema(Options)["$defs"]["Options"]["properties"]


def rows(heading: str, page: str = PAGE) -> list[list[str]]:
    """Cells of the first table below a heading, without its two head lines."""
    table = re.search(rf"^##+ {heading}\n.*?\n((?:\|[^\n]*\n)+)", page, re.MULTILINE | re.DOTALL)
    assert table, f"no table below {heading}"
    return [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table[1].splitlines()[2:]]


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    expected = [[code(each.name), code(each.flag), code(each.default), each.meaning] for each in SETTINGS]
    assert rows("Variables and flags") == expected


def test_every_option_is_documented_with_its_default_and_nothing_else_is() -> None:
    expected = [[code(name), code(json.dumps(option["default"]))] for name, option in OPTIONS.items()]
    assert [row[:2] for row in rows("Options")] == expected


@pytest.mark.parametrize("row", rows("Options"), ids=lambda row: row[0])
def test_the_range_and_meaning_of_an_option_are_those_of_the_code(row: list[str]) -> None:
    option = OPTIONS[row[0].strip("`")]
    limits = {
        each[key] for each in (option, *option.get("anyOf", ())) for key in each if key.startswith(("min", "max"))
    }
    assert {float(number) for number in re.findall(r"\d+", row[2])} == limits
    assert row[3] == option["description"]
    assert ("null" in row[2]) == ({"type": "null"} in option.get("anyOf", ()))


def test_every_exit_code_is_documented_and_nothing_else_is() -> None:
    raised = {each.exit_code for each in vars(errors).values() if hasattr(each, "exit_code")}
    ours = {0, 10, cli.STOPPED, cli.INTERNAL}
    assert {int(row[0]) for row in rows("Exit codes")} == raised | ours


def test_every_message_starts_with_a_documented_word() -> None:
    words = {re.split(r"[:`]", row[0].lstrip("`"))[0] for row in rows("Messages")}
    assert words == {"Completed", "CompletedWithViolations", "Error", "Stopped"}


def test_every_flag_that_the_text_mentions_exists() -> None:
    assert set(re.findall(r"--[a-z-]{3,}", PAGE)) - {"--help", "--version"} == {setting.flag for setting in SETTINGS}


def test_the_examples_of_the_format_are_understood() -> None:
    examples = re.findall(r'^\| `(\{"\w+": .*?\})` \|', PAGE, re.MULTILINE)
    assert len({parse_dataset_format(example).kind for example in examples}) == 5


def test_the_default_source_of_a_monitoring_job_is_documented() -> None:
    assert f"`{MONITORING_SOURCE}`" in PAGE


def structs(module: Any) -> Iterator[type[msgspec.Struct]]:
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and not each.__name__.startswith("_"):
            yield each


KEYS = {key for module in (statistics, violations) for each in structs(module) for key in each.__struct_encode_fields__}


@pytest.mark.parametrize("key", sorted(KEYS | set(cloudwatch.StatisticValues.__struct_fields__)))
def test_every_key_of_the_documents_is_explained(key: str) -> None:
    assert re.search(rf"`(?:[\w.]*\.)?{key}(?:\.\w+)*`", DOCUMENTS), f"{key} is in no code span of documents.md"


@pytest.mark.parametrize("name", sorted({*checks.MONITORING, *checks.OWN, checks.NESTED, OVERRIDES}))
def test_every_option_of_the_checks_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENTS


def test_the_defaults_of_the_checks_are_those_of_the_code() -> None:
    words = {True: "Enabled", False: "Disabled", None: "none"}
    for name, default, *_ in rows("Options of the checks", DOCUMENTS):
        key = name.removesuffix(" (**own**)").strip("`")
        value = getattr(checks.Options(), checks.MONITORING[key][0])
        shown = words[value] if value is None or isinstance(value, bool) else str(value)
        assert default.strip("`") == shown, key


@pytest.mark.parametrize("method", ["Robust", "Simple", "linf_robust", "linf_simple"])
def test_every_spelling_of_a_comparison_method_is_documented_and_read(method: str) -> None:
    read = parse({"features": [], "monitoring_config": {"comparison_method": method}}, "file")

    assert f"`{method}`" in DOCUMENTS
    assert read.defaults.comparison_method.lower() == method.lower().removeprefix("linf_")


@pytest.mark.parametrize("method", ["LInfinity", "ChiSquared", "linf", "chi_squared"])
def test_every_spelling_of_a_categorical_method_is_documented_and_read(method: str) -> None:
    read = parse({"features": [], "monitoring_config": {"categorical_drift_method": method}}, "file")

    assert f"`{method}`" in DOCUMENTS
    assert read.defaults.categorical_method[0].lower() == method[0].lower()


def test_every_check_has_its_sentence() -> None:
    names = {value for name, value in vars(violations).items() if name.isupper() and str(value).endswith("_check")}
    table = re.findall(r"^\| `(\w+_check)`(?: \(\*\*own\*\*\))? \|.*?\| (`.*`) \|$", DOCUMENTS, re.MULTILINE)
    documented = dict(table)
    made = (
        violations.data_type("c", "Integral", 1, 3, 1.0),
        violations.completeness("c", 1.0, 1, 3),
        violations.categorical_values("c", 1, 3, 1.0),
        violations.drift("c", 0.5, 0.1),
        violations.drift_p_value("c", 0.01, 0.1),
        violations.missing_columns(1, 2),
        violations.extra_columns(2, 1),
        violations.non_negative("c", -1.0),
    )
    assert documented.keys() == names
    for each in made:
        assert _words(each.description) in _words(documented[each.constraint_check_type])


def _words(sentence: str) -> str:
    """A sentence without its numbers."""
    return re.sub(r"-?\d+(?:\.\d+)?(?:E-?\d+)?", "#", sentence).strip().rstrip(".")


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A monitoring run that leaves every kind of document."""
    folder = tmp_path_factory.mktemp("monitored")
    write_captures(folder / "in/a.jsonl", [capture(f"{at},{'ab'[at % 2]},1", "1") for at in range(50)])
    write_captures(folder / "now/a.jsonl", [capture(f"-{at},{'xyz'[at % 3]},", "1") for at in range(50)])
    with (folder / "now/a.jsonl").open("a") as file:
        file.write("{damaged\n")
    (folder / "options.yaml").write_text("quarantine_excerpt: 5\n")
    run_job(folder / "baseline", folder / "in", dataset_format=CAPTURE)
    return monitor(
        folder / "report",
        folder / "now",
        folder / "baseline",
        dataset_format=CAPTURE,
        publish_cloudwatch_metrics="Enabled",
        analyzer_config=folder / "options.yaml",
    )


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


@pytest.mark.parametrize(
    "name", ["statistics.json", "constraints.json", violations.FILE_NAME, quarantine.FILE_NAME, "metrics"]
)
def test_every_key_a_run_writes_is_explained(monitored: Finished, name: str) -> None:
    path = monitored.output / (f"metrics/{cloudwatch.FILE_NAME}" if name == "metrics" else name)
    text = path.read_text("utf-8")
    read = json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]
    data = {"line is not JSON", "0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99", "Name"}
    assert [key for key in sorted(set(_keys(read)) - data) if not re.search(rf"\b{key}\b", DOCUMENTS)] == []


def reasons() -> set[str]:
    """Why records are rejected or files left out, from the sources' constants and calls."""
    found = set()
    for path in (ROOT / "analyzer/sources").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                found |= set(_texts([node.value])) if node.targets[0].id[0] != "_" else set()
            elif isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                found |= set(_texts(node.args)) if name in ("Undecodable", "skip") else set()
    return {text for text in found if " " in text}


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    """Literal texts, of formatted ones the beginning."""
    for node in nodes:
        first = node.values[0] if isinstance(node, ast.JoinedStr) else node
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value.rstrip(": ")


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_reason_for_leaving_something_out_is_documented(reason: str) -> None:
    assert reason in " ".join(FORMATS.split())


def test_no_reason_is_documented_that_does_not_exist() -> None:
    assert {row[0].strip("`") for row in rows("What is rejected", FORMATS)} <= reasons()


def test_every_envelope_is_documented() -> None:
    assert all(f"`{name}`" in FORMATS for name in ENVELOPES)
