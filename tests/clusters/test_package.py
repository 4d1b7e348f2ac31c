"""The archive: locked packages without Spark, the same bytes every time, and a Python that finds them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from emr import package

LAUNCHER = (package.ROOT / "emr/python").read_text("utf-8")
LARGEST = 120e6  # bytes; every node fetches it


def test_the_packages_of_the_cluster_stay_out() -> None:
    kept = package.requirements(
        "boto3==1 \\\n    --hash=sha256:a\npyspark==3 \\\n    --hash=sha256:b\npy4j==0\nsix==1\n"
    )

    assert kept == "boto3==1 \\\n    --hash=sha256:a\nsix==1\n"


def test_the_lock_file_needs_no_decision_about_the_target() -> None:
    """Pip would judge markers by the Python that builds."""
    assert ";" not in package.requirements(package.LOCK.read_text("utf-8"))


def test_an_archive_does_not_tell_when_where_and_by_whom_it_was_made(tmp_path: Path) -> None:
    for name, moment in (("one", 1e9), ("two", 1.5e9)):
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/python").write_text("#!/bin/sh\n")
        (folder / "bin/python").chmod(0o755 if name == "one" else 0o700)
        (folder / "note").write_text("text")
        (folder / "note").chmod(0o644 if name == "one" else 0o600)
        os.utime(folder / "note", (moment, moment))
        package.write(folder, tmp_path / f"{name}.tar.gz")

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        modes = {entry.name: entry.mode for entry in tar}
    assert modes == {"bin": 0o755, "bin/python": 0o755, "note": 0o644}


def launched(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of the archive's bin/python, called through a link as YARN does."""
    (folder / "cache/bin").mkdir(parents=True)
    (folder / "cache/packages").mkdir()
    (folder / "cache/packages/shipped.py").touch()
    program = folder / "cache/bin/python"
    program.write_text(LAUNCHER.replace("@PYTHON@", "a-python"))
    program.chmod(0o755)
    (folder / "environment").symlink_to(folder / "cache")
    return subprocess.run(
        ["./environment/bin/python", *arguments],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": "spark.zip"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_launcher_puts_the_packages_before_those_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node/a-python").symlink_to(sys.executable)

    done = launched(
        tmp_path, f"{tmp_path}/node:/usr/bin:/bin", "-c", "import sys, shipped; print(sys.path, sys.argv)", "a b"
    )

    assert done.returncode == 0, done.stderr
    assert f"['', '{tmp_path}/environment/packages', " in done.stdout
    assert "spark.zip'" in done.stdout
    assert "['-c', 'a b']" in done.stdout


def test_a_node_without_the_python_is_named_with_the_remedy(tmp_path: Path) -> None:
    done = launched(tmp_path, "/usr/bin:/bin")

    assert done.returncode == 127
    assert "./environment/bin/python: a-python was not found on " in done.stderr
    assert "Hint: install it" in done.stderr


@pytest.mark.clusters
@pytest.mark.timeout(300)
def test_the_archive_holds_what_a_job_needs_and_nothing_of_spark(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = tar.getnames()

    assert archive.stat().st_size < LARGEST
    packages = {name.split("/")[1] for name in names if name.startswith("packages/")}
    assert {"analyzer", "boto3", "msgspec", "numpy", "pandas", "pyarrow", "xxhash", "yaml"} <= packages
    assert not {"pyspark", "py4j", "setuptools", "pip", "bin"} & packages
    assert not [name for name in names if name.endswith((".pyc", "/direct_url.json")) or "/tests/" in name]


@pytest.mark.clusters
@pytest.mark.timeout(300)
def test_the_same_sources_make_the_same_files(environment: Path, tmp_path: Path) -> None:
    """Of the same files the archive is the same, as a test above shows."""
    package.fill(tmp_path / "again", "x86_64")

    assert _contents(tmp_path / "again") == _contents(environment)


def _contents(folder: Path) -> dict[str, tuple[bool, bytes]]:
    """Digests of all files below a folder, and whether they can be run."""
    return {
        str(path.relative_to(folder)): (bool(path.stat().st_mode & 0o100), hashlib.sha256(path.read_bytes()).digest())
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.clusters
@pytest.mark.timeout(300)
def test_everything_the_analyzer_imports_is_in_the_archive(environment: Path, bare_python: Path) -> None:
    """Every module but those that wait for pyspark, pydeequ or shap."""
    program = """
import importlib, pkgutil, sys
import analyzer
assert analyzer.__file__.startswith(sys.argv[1]), analyzer.__file__
missing = set()
for module in pkgutil.walk_packages(analyzer.__path__, "analyzer."):
    try:
        module.name == "analyzer.__main__" or importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing.add(error.name.partition(".")[0])
print(sorted(missing))
"""
    done = subprocess.run(
        [environment / "bin/python", "-c", program, str(environment)],
        cwd=environment,  # not this project, whose analyzer would come first
        env={"PATH": f"{bare_python}/bin:/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert set(_words(done.stdout)) <= {"py4j", "pyspark", "pydeequ", "shap", "sklearn", "xgboost"}


def _words(text: str) -> list[str]:
    return [word for word in text.strip("[]\n").replace("'", "").split(", ") if word]


@pytest.mark.clusters
@pytest.mark.timeout(300)
def test_an_archive_with_python_needs_none_on_the_node(tmp_path: Path, clusters: None) -> None:
    assert clusters is None
    folder = tmp_path / "archive"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").write_text(LAUNCHER.replace("@PYTHON@", f"python{package.PYTHON}"))
    (folder / "bin/python").chmod(0o755)
    package.add_python(folder / "python")
    program = "import ctypes, json, sqlite3, ssl, sys, zlib, multiprocessing; print(sys.prefix)"

    done = subprocess.run(
        [folder / "bin/python", "-c", program],
        env={"PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "python")
