"""Deequ's jars for tests: from a repository of Maven's kind, once, into a cache, and only with the pinned checksum.

`python -m tests.jars` fetches them and prints where they are; ANALYZER_REQUIRE_DEEQU=1 makes their absence an error.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "container/deequ.jars"
SECONDS = 20


def cache() -> Path:
    """Folder of the jars; ANALYZER_JARS names another one."""
    given = os.environ.get("ANALYZER_JARS")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else home / "model-monitor-analyzer/jars"


def pins(spark: str = "3.5") -> dict[str, str]:
    """SHA-256 of the jars for a version of Spark, by their paths below a repository."""
    lines = [line.split() for line in PINS.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return {path: checksum for version, path, checksum in lines if version == spark}


def present(spark: str = "3.5") -> list[Path]:
    """The jars that are in the cache and are what they should be."""
    files = {cache() / Path(path).name: checksum for path, checksum in pins(spark).items()}
    return [file for file, checksum in files.items() if file.is_file() and _digest(file.read_bytes()) == checksum]


def missing(spark: str = "3.5") -> str:
    """Why tests of Deequ cannot run; empty when they can."""
    absent = {Path(path).name for path in pins(spark)} - {file.name for file in present(spark)}
    if not pins(spark):
        return f"no Deequ jar for Spark {spark} is pinned in {PINS.name}"
    return f"{' and '.join(sorted(absent))} not in {cache()}: run python -m tests.jars" if absent else ""


def fetch(spark: str = "3.5") -> list[Path]:
    """Fetch what is missing. Raises OSError, also when a checksum is wrong."""
    cache().mkdir(parents=True, exist_ok=True)
    known = {file.name for file in present(spark)}
    for path, checksum in pins(spark).items():
        name = Path(path).name
        if name in known:
            continue
        with urllib.request.urlopen(f"{repository()}/{path}", timeout=SECONDS) as answer:  # noqa: S310 - https, pinned
            body = answer.read()
        if _digest(body) != checksum:
            raise OSError(f"{path}: its SHA-256 is {_digest(body)}, not {checksum}")
        draft = cache() / f".{name}.{os.getpid()}"
        draft.write_bytes(body)
        draft.replace(cache() / name)
    return present(spark)


def repository() -> str:
    """Address of the repository: MAVEN_MIRROR, or the one that the image is built from."""
    default = re.search(r"^ARG MAVEN_MIRROR=(\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    return os.environ.get("MAVEN_MIRROR") or (default[1] if default else "")


def prepare(*, may_fetch: bool) -> None:
    """Make Java processes that this one starts find the jars, which are fetched first if that is allowed."""
    if may_fetch and missing():
        with suppress(OSError):  # the tests that need them will say so
            fetch()
    if arguments := submit_arguments():
        os.environ.setdefault("PYSPARK_SUBMIT_ARGS", arguments)


def submit_arguments() -> str:
    """What makes the Java process of a test find the jars; empty without them."""
    jars = present()
    paths = ",".join(map(str, jars))
    return f"--jars {paths} pyspark-shell" if jars and not missing() else ""


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(map(str, fetch())) + "\n")
    except OSError as error:
        sys.exit(f"Deequ's jars could not be had: {error}. Hint: set MAVEN_MIRROR, or put them into {cache()}.")
