"""Jobs asked for by variables alone, for tests."""

from __future__ import annotations

import pytest

from analyzer.errors import ConfigError
from analyzer.job import Job


def from_nothing_else(**environ: str) -> Job:
    """The job of these variables."""
    return Job.from_environment(environ, "no-such-file.json")


def problem(**environ: str) -> str:
    """What is wrong with these variables."""
    with pytest.raises(ConfigError) as caught:
        from_nothing_else(**environ)
    return str(caught.value)
