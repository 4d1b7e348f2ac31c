"""Budgets of length and depth; what needs more says why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("analyzer", "benchmarks", "container", "demo", "emr", "tests")

FILE, FOLD_MODULE, CLASS, FUNCTION, PARAMETERS, NESTING = 300, 120, 150, 40, 5, 3
# "path" or "path::name": why it may exceed one of the budgets. An entry that is no longer needed fails the test.
EXCEPTIONS: dict[str, str] = {
    "analyzer/folds/quantiles.py": "the sketch's algorithm and its fold are one concept",
    "analyzer/folds/registers.py": "two tables of 201 numbers",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def lines_of(node: ast.stmt) -> int:
    """Lines from the first keyword to the end; decorators are not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parameters_of(function: Function) -> int:
    """Parameters a caller thinks about: all but self and cls; *args and **kwargs count one each."""
    spec = function.args
    named = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
    own = named[1:] if named[:1] in (["self"], ["cls"]) else named
    return len(own) + len(spec.kwonlyargs) + bool(spec.vararg) + bool(spec.kwarg)


def nesting_of(node: ast.AST) -> int:
    """Depth of blocks inside a function; `elif` is no deeper than its `if`, inner functions count for themselves."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        elif_of = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting_of(child) + (isinstance(child, BLOCKS) and not elif_of))
    return deepest


def excesses(source: str, path: str) -> Iterator[tuple[str, str]]:
    """(what, how it exceeds its budget) for one file."""
    longest = FOLD_MODULE if path.startswith("analyzer/folds/") else FILE
    lines = len(source.splitlines())
    if lines > longest:
        yield path, f"{lines} lines, {longest} allowed"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and lines_of(node) > CLASS:
            yield f"{path}::{node.name}", f"{lines_of(node)} lines, {CLASS} allowed"
        elif isinstance(node, Function):
            yield from ((f"{path}::{node.name}", how) for how in _function_excesses(node))


def _function_excesses(function: Function) -> Iterator[str]:
    measures = {
        "lines": (lines_of(function), FUNCTION),
        "parameters": (parameters_of(function), PARAMETERS),
        "levels of blocks": (nesting_of(function), NESTING),
    }
    for unit, (size, allowed) in measures.items():
        if size > allowed:
            yield f"{size} {unit}, {allowed} allowed"


def found() -> dict[str, str]:
    """Every excess of the project."""
    files = sorted(file for folder in FOLDERS for file in (ROOT / folder).glob("**/*.py"))
    paths = {str(file.relative_to(ROOT)): file for file in files}
    return {what: how for path, file in paths.items() for what, how in excesses(file.read_text("utf-8"), path)}


def test_nothing_exceeds_its_budget_without_a_reason() -> None:
    unexplained = [f"{what}: {how}" for what, how in found().items() if what not in EXCEPTIONS]
    assert not unexplained, "\n".join(unexplained)


def test_every_exception_is_still_needed() -> None:
    assert EXCEPTIONS.keys() - found().keys() == set()


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("\n" * 300, "demo/run.py", 0),
        ("\n" * 301, "demo/run.py", 1),
        ("\n" * 121, "analyzer/folds/moments.py", 1),
        ("def long():\n" + "    pass\n" * 39, "a.py", 0),
        ("def long():\n" + "    pass\n" * 40, "a.py", 1),
        ("class Long:\n" + "    x = 1\n" * 150, "a.py", 1),
        ("class C:\n    def m(self, a, b, c, d, e): ...", "a.py", 0),
        ("def m(a, b, c, d, *, e, f): ...", "a.py", 1),
        ("def m(a, b, c, d, *e, **f): ...", "a.py", 1),
        ("def d():\n for a in b:\n  if c:\n   with d:\n    pass", "a.py", 0),
        ("def d():\n for a in b:\n  if c:\n   with d:\n    while e:\n     pass", "a.py", 1),
        ("def d():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  pass\n elif d:\n  pass", "a.py", 0),
    ],
)
def test_the_measures_measure(source: str, path: str, expected: int) -> None:
    assert len(list(excesses(source, path))) == expected
