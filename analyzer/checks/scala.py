"""Scala: the one call that Deequ prints for a suggested constraint, read back as a rule.

Source: specification deequ.md 8 (code column). PyDeequ rewrites that text by replacing pieces of it, which breaks on
values that hold such pieces; here it is read by its grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d[\w.+-]*|[A-Za-z_][\w.]*|>=|<=|==|[().,><-])')
_NUMBER = re.compile(r"-?\d")
Call = tuple[str, list[Any]]


def call_of(code: str) -> Call:
    r"""Name and arguments of `.name(...)`: texts, numbers, lists, names, and assertions such as ">= 0.5".

    Raises ValueError for anything else.

    >>> call_of('.isContainedIn("c", Array("a, \\"b", "_ >= 1"), _ >= 0.9, Some("It should be above 0.9!"))')
    ('isContainedIn', ['c', ['a, "b', '_ >= 1'], '>= 0.9', ['It should be above 0.9!']])
    """
    tokens = list(_tokens(code))
    if len(tokens) < 3 or tokens[0] != "." or tokens[2] != "(":
        raise ValueError(f"no call: {code[:80]!r}")
    arguments, rest = _arguments(tokens[3:])
    if rest:
        raise ValueError(f"more than a call: {code[:80]!r}")
    return tokens[1], arguments


def _tokens(code: str) -> Iterator[str]:
    at = 0
    while at < len(code.rstrip()):
        found = _TOKEN.match(code, at)
        if found is None:
            raise ValueError(f"cannot read {code[at : at + 40]!r}")
        yield found[1]
        at = found.end()


def _arguments(tokens: list[str]) -> tuple[list[Any], list[str]]:
    """The arguments up to the closing bracket, and what follows it."""
    found: list[Any] = []
    while tokens:
        if tokens[0] == ")":
            return found, tokens[1:]
        if tokens[0] == ",":
            tokens = tokens[1:]
            continue
        value, tokens = _value(tokens)
        found.append(value)
    raise ValueError("a bracket is not closed")


def _value(tokens: list[str]) -> tuple[Any, list[str]]:
    first = tokens[0]
    if first[0] == '"':
        return json.loads(first, strict=False), tokens[1:]
    if first == "_":
        return f"{tokens[1]} {tokens[2]}", tokens[3:]
    if len(tokens) > 1 and tokens[1] == "(":
        return _arguments(tokens[2:])
    return (float(first) if _NUMBER.match(first) else first), tokens[1:]
