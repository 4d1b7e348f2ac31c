"""constraints.json of data quality: read as users edit it, kept as it is on rewrite, asked by feature name.

Source: contract.md 6.1 to 6.3.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from analyzer.reports.baseline import CONSTRAINTS, VERSION, decoding, read_baseline
from analyzer.reports.node import Node
from analyzer.reports.options import OWN, Options, Scope
from analyzer.reports.storage import Location
from analyzer.reports.text import clip

__all__ = ["Constraints", "FeatureConstraints", "Options", "parse", "read_constraints"]

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
TYPES = ("Integral", "Fractional", "Boolean", "String", "Unknown")
OVERRIDES = "monitoring_config_overrides"

T = TypeVar("T")

_FEATURE = ("name", "inferred_type", "completeness", "num_constraints", "string_constraints", OVERRIDES, *OWN)
_NUMBERS = ("is_non_negative", OVERRIDES)
_TEXTS = ("domains", OVERRIDES)


@dataclass(frozen=True, slots=True)
class FeatureConstraints:
    """What a baseline promises about one feature; None where it promises nothing.

    completeness: share of rows with a value. domains: the known texts.
    """

    name: str
    inferred_type: str = "Unknown"
    completeness: float | None = None
    is_non_negative: bool | None = None
    domains: tuple[str, ...] | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Constraints:
    """A constraints file.

    document: what `document.write` writes, unknown keys included. notices: keys nobody reads and settings that
    contradict each other, for the log; each starts with its JSON path.
    """

    document: dict[str, Any]
    features: tuple[FeatureConstraints, ...]
    defaults: Options = field(default_factory=Options)
    notices: list[str] = field(default_factory=list)

    @cached_property
    def by_name(self) -> dict[str, FeatureConstraints]:
        """The features by name; of two with one name the first."""
        return {feature.name: feature for feature in reversed(self.features)}

    def options(self, feature_name: str) -> Options:
        """How a feature is checked: its own settings, then the file's, then the built-in ones."""
        feature = self.by_name.get(feature_name)
        return feature.options if feature else self.defaults


def read_constraints(path: Location) -> Constraints:
    """The constraints file at a path or s3:// URI; BaselineError (file, JSON path, what was found, the fix)."""
    data = read_baseline(path, CONSTRAINTS, MAX_BYTES)
    with decoding(path, CONSTRAINTS):
        document = msgspec.json.decode(data, type=dict[str, Any])
        if _depth(document) > MAX_DEPTH:
            raise RecursionError
    return parse(document, os.fspath(path))


def parse(document: dict[str, Any], file: str) -> Constraints:
    """The constraints a decoded document holds; `file` names it in errors."""
    notices: list[str] = []
    known = _known(Node(document, file), ("version", "features", "monitoring_config"), notices)
    scope = Scope(notices)
    if "monitoring_config" in known:
        scope.read(known["monitoring_config"])
    defaults = scope.over(Options())
    listed = known.get("features", Node(None, file, "$.features"))
    features = tuple(_feature(node, defaults, notices) for node in listed.items())
    if document.get("version", VERSION) != VERSION:
        notices.append(f"$.version: known is {VERSION}; the file is read as that.")
    if twins := [name for name, count in Counter(feature.name for feature in features).items() if count > 1]:
        notices.append(f"$.features: named more than once, of each the first is used: {clip(', '.join(twins), 200)}")
    return Constraints(document, features, defaults, notices)


def _feature(node: Node, defaults: Options, notices: list[str]) -> FeatureConstraints:
    own = _known(node, _FEATURE, notices)
    numbers = _known(own["num_constraints"], _NUMBERS, notices) if "num_constraints" in own else {}
    texts = _known(own["string_constraints"], _TEXTS, notices) if "string_constraints" in own else {}
    scope = Scope(notices)
    for name in OWN.keys() & own.keys():
        scope.take(name, own[name])
    for block in (own, numbers, texts):
        if OVERRIDES in block:
            scope.read(block[OVERRIDES])
    return FeatureConstraints(
        name=own.get("name", node.child("name")).text(),
        inferred_type=_optional(own, "inferred_type", _type) or "Unknown",
        completeness=_optional(own, "completeness", Node.share),
        is_non_negative=_optional(numbers, "is_non_negative", Node.switch),
        domains=_optional(texts, "domains", _texts),
        options=scope.over(defaults),
    )


def _known(node: Node, names: tuple[str, ...], notices: list[str]) -> dict[str, Node]:
    """The members with these names; the others are noted."""
    members = dict(node.members())
    for name, member in members.items():
        if name not in names:
            member.note_unknown(name, names, notices)
    return members


def _optional(members: dict[str, Node], name: str, reader: Callable[[Node], T]) -> T | None:
    return reader(members[name]) if name in members else None


def _type(node: Node) -> str:
    return node.choice({name.lower(): name for name in TYPES}, TYPES)


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(item.text() for item in node.items())


def _depth(value: Any) -> int:
    """Levels of objects and lists, at most MAX_DEPTH + 1."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        level = [child for parent in level for child in _children(parent)]
        depth += 1
    return depth


def _children(value: Any) -> Iterable[Any]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (member for member in members if isinstance(member, (dict, list)))
