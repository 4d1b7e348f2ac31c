"""Session rules that hold for every test; fixtures live in tests/conftest.py."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.plugin_golden", "tests.plugin_slow"]

# How long an example takes says more about the machine than about the code.
settings.register_profile("analyzer", deadline=None)
settings.load_profile("analyzer")
