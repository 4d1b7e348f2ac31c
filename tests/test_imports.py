"""The rooms of the package and which way imports go between them (CONTRIBUTING.md, "Rooms")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

CORE = ("errors", "schema", "batch", "split", "fold", "counting")
NUMBERS = (*CORE, "folds", "views")
LEAVES = ("log", "s3", "arrow", "memory")  # they know errors at most, and say nothing about statistics
REQUEST = ("dataset_format", "settings", "options", "analysis_config", "job")
# What each room may import besides itself; a room that is not listed is not allowed to exist.
ROOMS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "arrow": (),
    "log": ("errors",),
    "memory": (),
    "s3": (),  # settings, sources and reports reach S3 and do not know each other
    "schema": ("errors",),
    "batch": ("errors", "schema"),
    "split": ("batch",),
    "counting": ("schema", "batch"),  # what several folds count with
    "fold": ("errors", "schema", "batch"),
    "folds": CORE,
    "views": (*CORE, "folds"),
    "reports": (*NUMBERS, *LEAVES),
    "dataset_format": ("errors",),
    "settings": ("errors", "dataset_format", "log"),
    "options": ("errors", "s3"),
    "analysis_config": ("errors", "s3", "log"),
    "job": ("errors", "dataset_format", "settings", "options", "log"),
    "join": ("batch", "split"),  # ground truth meets captures: sources read both sides, engines bring them together
    "sources": (*CORE, *LEAVES, "join"),
    "engines": (*CORE, *LEAVES, "join"),
    "checks": (*CORE, *LEAVES, "join", "folds", "reports", "sources", "engines"),
    # Models, and how they are asked; scripts of users are loaded as sources load theirs.
    "predictors": (*CORE, *LEAVES, "analysis_config", "sources"),
    "monitors": (*NUMBERS, *LEAVES, *REQUEST, "reports", "join", "sources", "engines", "predictors", "checks"),
    "commands": ("settings",),
    "cli": ("commands", *NUMBERS, *LEAVES, *REQUEST, "reports", "sources", "engines", "predictors", "monitors"),
    "__main__": ("cli",),
    "library": (*NUMBERS, *LEAVES, *REQUEST, "reports", "sources", "engines", "predictors", "monitors"),
    "__init__": ("library",),
}
# Libraries that stay behind one door: paths that may import them, relative to the project.
KEPT: dict[str, tuple[str, ...]] = {
    "pyspark": ("analyzer/engines/spark", "analyzer/checks/", "container/"),
    "pydeequ": ("analyzer/checks/", "container/"),
    "boto3": ("analyzer/s3.py", "analyzer/predictors/endpoint.py"),
    "botocore": ("analyzer/s3.py", "analyzer/predictors/endpoint.py"),
    "pandas": (),
}


def imports(source: str, module: str) -> Iterator[str]:
    """Dotted names a module imports, relative ones made absolute; `from x import y` gives `x.y`."""
    package = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """The room a dotted name stands in: `analyzer.folds.moments` is in `folds`."""
    return module.split(".")[1]


def trespasses(source: str, module: str) -> list[str]:
    """What the module imports from rooms it may not know."""
    room = room_of(module)
    found = []
    for name in imports(source, module):
        if not name.startswith("analyzer.") or name == "analyzer.__version__":
            continue
        target = room_of(name)
        sibling = room == target == "folds" and module != "analyzer.folds.__init__"
        if sibling or (target != room and target not in ROOMS.get(room, ())):
            found.append(f"{module} imports {name}")
    return found


def leaks(source: str, path: str) -> list[str]:
    """Libraries the file imports although they are kept elsewhere."""
    module = path.removesuffix(".py").replace("/", ".")
    libraries = {name.split(".")[0] for name in imports(source, module)} & KEPT.keys()
    return [f"{path} imports {name}" for name in sorted(libraries) if not path.startswith(KEPT[name] or "-")]


def modules() -> list[str]:
    """Every Python file of the package and the container, relative to the project."""
    files = [*ROOT.glob("analyzer/**/*.py"), *ROOT.glob("container/**/*.py")]
    return sorted(str(file.relative_to(ROOT)) for file in files)


def test_imports_go_one_way() -> None:
    analyzer = [path for path in modules() if path.startswith("analyzer/")]
    assert len(analyzer) > 10
    names = {path: path.removesuffix(".py").replace("/", ".") for path in analyzer}
    found = [what for path in analyzer for what in trespasses((ROOT / path).read_text("utf-8"), names[path])]
    assert not found, "\n".join(found)


def test_every_room_is_known() -> None:
    rooms = {room_of(path.removesuffix(".py").replace("/", ".")) for path in modules() if path.startswith("analyzer/")}
    assert rooms - ROOMS.keys() == set()


def test_heavy_libraries_stay_behind_their_door() -> None:
    found = [what for path in modules() for what in leaks((ROOT / path).read_text("utf-8"), path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analyzer.batch", "import analyzer.fold"),
        ("analyzer.batch", "from analyzer import fold"),
        ("analyzer.folds.moments", "from analyzer.folds.kinds import Kinds"),
        ("analyzer.folds.moments", "from .kinds import Kinds"),
        ("analyzer.folds.moments", "from . import kinds"),
        ("analyzer.folds.moments", "def late():\n    from analyzer.reports import statistics"),
        ("analyzer.views.distance", "from ..reports.statistics import Statistics"),
        ("analyzer.sources.capture", "from analyzer.folds.moments import Moments"),
        ("analyzer.engines.local", "from analyzer.monitors import data_quality"),
        ("analyzer.errors", "import analyzer.schema"),
        ("analyzer.fold", "import analyzer.cli as boss"),
    ],
)
def test_a_trespass_is_noticed(module: str, source: str) -> None:
    assert len(trespasses(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analyzer.folds.moments", "from analyzer.batch import Cells\nimport numpy as np"),
        ("analyzer.folds.__init__", "from analyzer.folds.moments import Moments"),
        ("analyzer.sources.capture", "from .files import list_files"),
        ("analyzer.cli", "from analyzer import __version__\nfrom analyzer.engines.local import run"),
    ],
)
def test_a_permitted_import_is_let_through(module: str, source: str) -> None:
    assert trespasses(source, module) == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("analyzer/engines/spark.py", "from pyspark.sql import DataFrame", 0),
        ("analyzer/engines/spark_watch.py", "import pyspark", 0),
        ("analyzer/engines/local.py", "import pyspark", 1),
        ("analyzer/sources/remote.py", "def late():\n    from botocore.config import Config", 1),
        ("analyzer/s3.py", "import boto3", 0),
        ("analyzer/engines/spark.py", "import pandas as pd", 1),
        ("container/cluster.py", "import pyspark", 0),
    ],
)
def test_a_library_out_of_its_room_is_noticed(path: str, source: str, expected: int) -> None:
    assert len(leaks(source, path)) == expected
