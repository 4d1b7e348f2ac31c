"""Session rules that hold for every test; fixtures live in tests/conftest.py."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["tests.plugin_golden", "tests.plugin_slow"]

# How long an example takes says more about the machine than about the code. Laws are tried on few examples in the inner
# loop, on more by continuous integration.
settings.register_profile("analyzer", deadline=None, max_examples=15)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile("thorough" if os.environ.get("CI") else "analyzer")
