"""Jars that a build adds to Spark: the versions that belong together, and nothing that somebody changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "container/jars"
PATHS = ("com/amazon/deequ/deequ-9.jar", "software/amazon/dqdl-9.jar")


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: tests have logs of their own."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """Address of a repository; its files are below tmp_path/mirror."""
    (tmp_path / "mirror").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path / "mirror")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def offered(folder: Path, *, spark: str = "3.5") -> list[str]:
    """Put both jars into the repository; their lines in the table."""
    for path in PATHS:
        file = folder / "mirror" / path
        file.parent.mkdir(parents=True)
        file.write_text(path)
    return [f"{spark} {path} {hashlib.sha256(path.encode()).hexdigest()}" for path in PATHS]


def added(folder: Path, mirror: str, lines: list[str], spark: str = "3.5") -> tuple[int, str, set[str]]:
    """Exit code and output of the script, and the jars it left."""
    (folder / "jars").mkdir()
    (folder / "deequ.jars").write_text("\n".join(["# Spark, path, SHA-256", *lines, ""]))
    settings = {"SPARK_JARS": str(folder / "jars"), "DEEQU_JARS": str(folder / "deequ.jars"), "MAVEN_MIRROR": mirror}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    answer = subprocess.run(
        [SCRIPT, spark, "no"], env={"PATH": path, **settings}, capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr, {file.name for file in (folder / "jars").iterdir()}


def test_the_jars_of_the_table_are_added(tmp_path: Path, mirror: str) -> None:
    code, log, jars = added(tmp_path, mirror, offered(tmp_path))
    assert (code, jars) == (0, {"deequ-9.jar", "dqdl-9.jar"}), log


@pytest.mark.parametrize("changed", [0, 1])
def test_a_jar_that_somebody_changed_ends_the_build(tmp_path: Path, mirror: str, changed: int) -> None:
    lines = offered(tmp_path)
    lines[changed] = lines[changed].rpartition(" ")[0] + " " + "0" * 64
    code, log, jars = added(tmp_path, mirror, lines)
    assert (code, len(jars)) == (1, changed)
    assert "somebody changed it" in log


def test_a_repository_without_the_jar_is_explained(tmp_path: Path, mirror: str) -> None:
    code, log, jars = added(tmp_path, mirror, [f"3.5 absent/deequ-9.jar {'0' * 64}"])
    assert (code, jars) == (1, set())
    assert "Hint: set MAVEN_MIRROR" in log


def test_jars_for_another_spark_stay_away(tmp_path: Path, mirror: str) -> None:
    code, log, jars = added(tmp_path, mirror, offered(tmp_path, spark="4.1"))
    assert (code, jars) == (0, set())
    assert "no Deequ for Spark 3.5" in log


def test_the_tables_own_lines_are_complete() -> None:
    lines = [line.split() for line in SCRIPT.with_name("deequ.jars").read_text().splitlines() if line[0] != "#"]
    assert lines
    assert all(path.endswith(".jar") and len(bytes.fromhex(sum_)) == 32 for _, path, sum_ in lines)
