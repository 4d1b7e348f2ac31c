"""What a page shows as an example runs, parses, links to something, and does what the page says."""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from analyzer.batch import Batch
from analyzer.fold import Each
from analyzer.reports.constraints import parse
from analyzer.sources.payload import Flattening, json_rows
from tests import laws
from tests.jobs import CAPTURE, capture, run_job, write_captures
from tests.test_docs import FORMATS, ROOT, rows

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.parametrize("row", rows("How JSON becomes rows", FORMATS), ids=lambda row: row[0])
def test_json_becomes_rows_as_documented(row: list[str]) -> None:
    payload, expected = (cell.strip("`").replace("⏎", "\n") for cell in row)

    assert json_rows(payload, Flattening()) == json.loads(expected)


@pytest.mark.parametrize("row", rows("Several rows in one request", FORMATS), ids=lambda row: row[0])
def test_requests_hold_as_many_rows_as_documented(row: list[str], tmp_path: Path) -> None:
    given, answer = (cell.strip("`").replace("⏎", "\n") for cell in row[:2])
    encodings = ["JSON" if text[0] == "{" else "CSV" for text in (given, answer)]
    good = capture("1,a", "0.5", event="good")
    write_captures(tmp_path / "in/a.jsonl", [good, capture(given, answer, encodings=(encodings[0], encodings[1]))])

    dataset = run_job(tmp_path / "out", tmp_path / "in", dataset_format=CAPTURE).document("statistics.json")["dataset"]

    rejected = sum(dataset["analyzer"]["rejected"].values())
    assert (str(dataset["item_count"] - 1) if not rejected else "rejected") == row[2]


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, and the comment above it (`file: name`, `run`, `constraints`), if any."""

    mark: str
    language: str
    text: str


def fences(page: Path) -> list[Fence]:
    found = re.findall(
        r"^(?:<!-- (.*?) -->\n)?( *)```(\w*)\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return [
        Fence(mark, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for mark, indent, language, text in found
    ]


@every_page
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """Blocks marked `file: name` are written, those marked `run` are run in the folder, one after the other."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for fence in fences(page):
        kind, _, name = fence.mark.partition(": ")
        if kind == "file":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(fence.text, "utf-8")
        elif kind == "run":
            done = subprocess.run(
                ["bash", "-ec", fence.text],  # noqa: S607 - whichever bash there is
                check=False,
                cwd=tmp_path,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr


@every_page
def test_the_python_of_a_page_is_python(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "python" and ">>>" not in fence.text:
            compile(fence.text, str(page), "exec")
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@every_page
def test_the_json_of_a_page_is_json(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "json":
            assert (
                list(msgspec.json.Decoder().decode_lines(fence.text))
                if _is_lines(fence.text)
                else json.loads(fence.text)
            )
        if fence.mark == "constraints":
            assert parse(json.loads(fence.text), page.name).notices == []


def _is_lines(text: str) -> bool:
    return all(line.endswith("}") and line.startswith("{") for line in text.splitlines())


@every_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if not path.startswith("http"):
            text = ((page.parent / path) if path else page).read_text("utf-8")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            assert not anchor or anchor in [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings]


def test_the_statistic_that_contributing_adds_keeps_the_laws() -> None:
    block = next(fence for fence in fences(ROOT / "CONTRIBUTING.md") if fence.language == "python")
    space: dict[str, Any] = {"__name__": "tests.zeros"}
    sys.modules["tests.zeros"] = ModuleType("tests.zeros")  # dataclasses look their module up
    exec(block.text, space)  # noqa: S102 - our own page
    fold = Each(space["Zeros"]())

    @settings(max_examples=30, deadline=None)
    @given(left=laws.batches(), right=laws.batches())
    def keeps(left: Batch, right: Batch) -> None:
        laws.split_invariance(fold, left, right)
        laws.round_trip(fold, left, right)

    keeps()
