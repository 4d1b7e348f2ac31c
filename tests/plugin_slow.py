"""Slow tests: left out unless they are asked for, and told so; `make test` stays an inner loop.

`make slow` (`-m slow`) runs them and nothing else, `-m "slow or not slow"` runs everything.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a word about slow tests in `-m`, they are not chosen."""
    if _are_left_out(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line, because workers deselect in silence."""
    if _are_left_out(config):
        terminalreporter.write_line("slow tests did not run: `make slow` runs them")


def _are_left_out(config: pytest.Config) -> bool:
    return "slow" not in config.option.markexpr and not any("::" in argument for argument in config.args)
