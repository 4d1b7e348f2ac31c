"""Slow tests run when they are asked for, and a session without them says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # sessions of their own
ROOT = Path(__file__).resolve().parent.parent
TESTS = "import pytest\ndef test_quick(): pass\n@pytest.mark.slow\ndef test_slow(): pass\n"


@pytest.mark.parametrize(
    ("flags", "where", "passed", "told"),
    [
        ((), "", 1, True),
        (("-m", "slow"), "", 1, False),
        (("-m", "slow or not slow"), "", 2, False),
        ((), "::test_slow", 1, False),
        (("-n", "1"), "", 1, True),
    ],
)
def test_slow_tests_run_when_asked_for(
    tmp_path: Path, flags: tuple[str, ...], where: str, passed: int, told: bool
) -> None:
    (tmp_path / "test_one.py").write_text(TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin_slow", "-p", "no:cacheprovider", *flags]
    command += ["--rootdir", str(tmp_path), "-c", str(tmp_path / "pytest.ini"), str(tmp_path / "test_one.py") + where]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert f"{passed} passed" in done.stdout
    assert ("slow tests did not run" in done.stdout) == told
