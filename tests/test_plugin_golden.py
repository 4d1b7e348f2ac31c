"""A session that should have compared recordings and did not must not look green."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # sessions of their own
ROOT = Path(__file__).resolve().parent.parent

COMPARES = "import pytest\n@pytest.mark.golden\ndef test_recording(golden): assert golden.is_dir()\n"
SKIPS_ALL = "import pytest\npytest.skip('no golden recordings', allow_module_level=True)\n"
SKIPS_ONE = "import pytest\ndef test_recording(): pytest.skip('GOLDEN_DIR is absent')\n"
UNRELATED = "def test_sum(): assert 1 + 1 == 2\n"


def session(folder: Path, test: str, golden: Path, *, required: bool) -> subprocess.CompletedProcess[str]:
    """A test session of its own over one file."""
    (folder / "test_one.py").write_text(test, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = golden\n", "utf-8")
    environment = os.environ | {"GOLDEN_DIR": str(golden), "ANALYZER_REQUIRE_GOLDEN": "1" if required else "0"}
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin_golden", "-p", "no:cacheprovider", "--rootdir"]
    command += [str(folder), "-c", str(folder / "pytest.ini"), str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("test", [COMPARES, SKIPS_ALL, SKIPS_ONE, UNRELATED])
def test_without_recordings_a_required_session_fails(tmp_path: Path, test: str) -> None:
    assert session(tmp_path, test, tmp_path / "absent", required=True).returncode != 0


@pytest.mark.parametrize("test", [COMPARES, SKIPS_ONE, UNRELATED])
def test_without_recordings_an_ordinary_session_passes_and_says_so(tmp_path: Path, test: str) -> None:
    done = session(tmp_path, test, tmp_path / "absent", required=False)
    assert (done.returncode, "those comparisons did not run" in done.stdout) == (0, True)


def test_with_recordings_a_required_session_passes_and_counts_them(tmp_path: Path) -> None:
    done = session(tmp_path, COMPARES, tmp_path, required=True)
    assert (done.returncode, "golden: 1 passed, 0 failed, 0 skipped, 0 xfailed" in done.stdout) == (0, True)
