"""The archive that spark-submit ships: the analyzer with its locked dependencies, for Python 3.11 on Linux.

    python -m emr.package [--processor aarch64] [--with-python] [--output dist]

Packages are the wheels of requirements-spark.lock, checked by hash, without pyspark and py4j: the cluster has its own.
The same sources and lock file make the same bytes, on any system and at any time. `bin/python` inside (emr/python) is
what Spark has to run as Python.
"""

from __future__ import annotations

import argparse
import gzip
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-spark.lock"
PYTHON = "3.11"  # the newest of EMR 7
PROCESSORS = ("x86_64", "aarch64")
GLIBC = (17, 24, 26, 27, 28)  # minor versions; Amazon Linux 2023 has 34, Debian 12 has 36
LEFT_OUT = {"pip", "py4j", "pyspark", "setuptools"}  # the cluster's own, and what only builds need
# Tests, headers, and servers of Arrow: half of what the wheels hold, and nothing that a job loads.
UNUSED = (
    "bin",
    "**/tests",
    "**/include",
    "**/*.py[ix]",
    "**/*.px[di]",
    "pyarrow/*flight*",
    "pyarrow/src",
)
UNUSED_LIBRARY = ("test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "site-packages", "config-*")
EPOCH = 315532800  # 1980-01-01, the first moment that zip files know


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the archive and print its path and size."""
    parser = argparse.ArgumentParser("python -m emr.package", description="Build the archive that spark-submit ships.")
    parser.add_argument("--processor", choices=PROCESSORS, default="x86_64", help="aarch64 is Graviton")
    text = f"put the Python {PYTHON} that builds into the archive, for nodes without one that have the same system"
    parser.add_argument("--with-python", action="store_true", help=text)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the archive")
    given = parser.parse_args(arguments)
    if given.with_python and (platform.machine(), sysconfig.get_python_version()) != (given.processor, PYTHON):
        parser.error(f"--with-python: this is not Python {PYTHON} on {given.processor}. Hint: build where it is.")
    archive = given.output / name_of(given.processor, with_python=given.with_python)
    with TemporaryDirectory() as folder:
        inside = Path(folder, "inside")
        fill(inside, given.processor)
        if given.with_python:
            add_python(inside / "python")
        given.output.mkdir(parents=True, exist_ok=True)
        write(inside, archive)
    print(f"{archive} {archive.stat().st_size / 1e6:.0f} MB")
    return 0


def name_of(processor: str, *, with_python: bool = False) -> str:
    """File name of the archive."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    python = "with-python" if with_python else "python"
    return f"model-monitor-analyzer-{version}-{python}{PYTHON}-linux-{processor}.tar.gz"


def fill(inside: Path, processor: str) -> None:
    """Lay out the archive: packages, bin/python and the licence."""
    packages = inside / "packages"
    with TemporaryDirectory() as folder:
        lock = Path(folder, "requirements.lock")
        lock.write_text(requirements(LOCK.read_text("utf-8")), "utf-8")
        systems = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in GLIBC)]
        flags = [flag for system in systems for flag in ("--platform", f"{system}_{processor}")]
        flags += ["--python-version", PYTHON, "--implementation", "cp", "--only-binary", ":all:", "--require-hashes"]
        _pip("install", "--no-compile", *flags, "--target", str(packages), "--requirement", str(lock))
        shutil.unpack_archive(_own_wheel(Path(folder)), packages, "zip")  # pip would note the folder it came from
    for pattern in UNUSED:
        for path in sorted(packages.glob(pattern)):
            _remove(path)
    (inside / "bin").mkdir()
    launcher = (ROOT / "emr/python").read_text("utf-8").replace("@PYTHON@", f"python{PYTHON}")
    (inside / "bin/python").write_text(launcher, "utf-8")
    (inside / "bin/python").chmod(0o755)
    shutil.copyfile(ROOT / "LICENSE", inside / "LICENSE")


def requirements(lock: str) -> str:
    """The lines of a lock file without the packages that stay out of the archive."""
    entries = re.split(r"\n(?=\S)", lock)
    return "\n".join(entry for entry in entries if entry.partition("==")[0] not in LEFT_OUT)


def add_python(folder: Path) -> None:
    """Copy the interpreter that runs this, with its library, as it lies: a Python finds its library beside itself."""
    base, library = Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))
    (folder / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), folder / f"bin/python{PYTHON}")
    unused = shutil.ignore_patterns("__pycache__", "*.a", *UNUSED_LIBRARY)
    shutil.copytree(library, folder / library.relative_to(base), ignore=unused)
    shared = Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    if shared.suffix != ".a":
        shutil.copy(shared, folder / f"lib/{shared.name}")


def write(inside: Path, archive: Path) -> None:
    """The folder as .tar.gz, without anything that depends on when, where and by whom it was made."""
    draft = archive.with_suffix(".part")
    with (
        draft.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=EPOCH) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(inside.rglob("*")):
            tar.add(path, str(path.relative_to(inside)), recursive=False, filter=_anonymous)
    draft.replace(archive)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = EPOCH
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _own_wheel(folder: Path) -> Path:
    """A wheel of this project, built from a copy: a build leaves files behind, and picks up those of earlier ones."""
    sources = folder / "sources"
    sources.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, sources / name)
    shutil.copytree(ROOT / "analyzer", sources / "analyzer", ignore=shutil.ignore_patterns("__pycache__"))
    _pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(sources))
    return next(folder.glob("*.whl"))


def _pip(verb: str, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", verb, "--quiet", "--no-deps", *arguments]
    subprocess.run(command, check=True)  # a list, no shell


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
