"""Session rules that hold for every test; fixtures live in tests/conftest.py."""

from __future__ import annotations

pytest_plugins = ["tests.plugin_golden"]
