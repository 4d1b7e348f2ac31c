"""Golden recordings: where they are, and a summary that says whether they were compared.

Tests that need them carry `@pytest.mark.golden` (or stand in tests/golden) and take the fixture `golden`. Without the
folder they skip. With ANALYZER_REQUIRE_GOLDEN=1 a skipped golden test fails, and so does a session without any.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKIPPED_IN_COLLECTION = pytest.StashKey[int]()


def golden_folder() -> Path:
    """The folder of recordings; relative paths start at the project's root."""
    return ROOT / os.environ.get("GOLDEN_DIR", "../shared/golden")


def is_required() -> bool:
    """Whether this session must compare with the recordings."""
    return os.environ.get("ANALYZER_REQUIRE_GOLDEN", "") not in {"", "0"}


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of recordings, or a skip that says how to get it."""
    if not golden_folder().is_dir():
        pytest.skip("golden recordings are absent. Hint: set GOLDEN_DIR to their folder.")
    return golden_folder()


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[SKIPPED_IN_COLLECTION] = 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked golden skip when the folder is absent."""
    if golden_folder().is_dir():
        return
    skip = pytest.mark.skip(reason="golden recordings are absent. Hint: set GOLDEN_DIR to their folder.")
    for item in items:
        if item.get_closest_marker("golden"):
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A golden test that skips is a failure where recordings are required."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and is_required() and _speaks_of_golden(report):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but ANALYZER_REQUIRE_GOLDEN is set: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A golden module that skips as a whole is a failure where recordings are required."""
    report = yield
    if report.outcome == "skipped" and is_required() and "golden" in f"{report.nodeid} {report.longrepr}".lower():
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, but ANALYZER_REQUIRE_GOLDEN is set: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A session that compared nothing fails where recordings are required."""
    if is_required() and not hasattr(session.config, "workerinput") and not _counts(session.config)["passed"]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for people and for `.ci/run`: `golden: 12 passed, 0 failed, 0 skipped, 0 xfailed`."""
    counts = _counts(terminalreporter.config)
    terminalreporter.write_line("golden: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    if not golden_folder().is_dir():
        terminalreporter.write_line("golden recordings were not found: those comparisons did not run (see GOLDEN_DIR)")


def _counts(config: pytest.Config) -> dict[str, int]:
    """Golden tests by outcome, over all workers."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    outcomes = {"passed": ("passed",), "failed": ("failed", "error"), "skipped": ("skipped",), "xfailed": ("xfailed",)}
    return {
        outcome: sum(_speaks_of_golden(report) for name in names for report in stats.get(name, ()))
        for outcome, names in outcomes.items()
    }


def _speaks_of_golden(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether the report is of a golden test, or of one that skipped for want of recordings."""
    if "golden" in getattr(report, "keywords", ()) or "golden" in report.nodeid.partition("::")[0]:
        return True
    return report.skipped and "golden" in str(report.longrepr).lower()
