"""The reference page and the code name the same variables, flags, options and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analyzer import cli, errors
from analyzer.dataset_format import parse_dataset_format
from analyzer.job import MONITORING_SOURCE, SETTINGS, Options

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "settings.md").read_text("utf-8")
OPTIONS: dict[str, dict[str, Any]] = msgspec.json.schema(Options)["$defs"]["Options"]["properties"]


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its two head lines."""
    table = re.search(rf"^## {heading}\n.*?\n((?:\|[^\n]*\n)+)", PAGE, re.MULTILINE | re.DOTALL)
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
    assert set(re.findall(r"--[a-z-]{3,}", PAGE)) == {setting.flag for setting in SETTINGS}


def test_the_examples_of_the_format_are_understood() -> None:
    examples = re.findall(r'^\| `(\{"\w+": .*?\})` \|', PAGE, re.MULTILINE)
    assert len({parse_dataset_format(example).kind for example in examples}) == 5


def test_the_default_source_of_a_monitoring_job_is_documented() -> None:
    assert f"`{MONITORING_SOURCE}`" in PAGE
