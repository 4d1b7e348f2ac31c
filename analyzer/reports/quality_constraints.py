"""constraints.json of model quality: suggested from metrics, read as users edit it, kept as it is on rewrite.

Source: contract.md 7.2.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from analyzer.errors import BaselineError
from analyzer.reports.baseline import QUALITY_CONSTRAINTS, VERSION, decoding, read_baseline
from analyzer.reports.node import Node
from analyzer.reports.options import OWN
from analyzer.reports.quality_statistics import prefix_of
from analyzer.reports.storage import Location

MAX_BYTES = 16 * 2**20
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"
OPERATORS = {"lessthanthreshold": LESS, "greaterthanthreshold": GREATER}
RISING = frozenset({"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"})  # worse when larger
ENTRY = ("threshold", "comparison_operator", "additional_properties", "severity", "minimum_samples")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a baseline promises about one metric.

    operator: names the violating side. severity: error or warning. minimum_samples: rows below which it is not judged.
    """

    metric: str
    threshold: float
    operator: str
    severity: str = "error"
    minimum_samples: int | None = None

    def is_broken(self, value: float) -> bool:
        """Whether a value is on the violating side; the threshold itself is not."""
        return value < self.threshold if self.operator == LESS else value > self.threshold


@dataclass(frozen=True)
class QualityConstraints:
    """A constraints file of one problem type.

    document: what `document.write` writes, unknown keys included. notices: keys nobody reads, each with its JSON path.
    """

    document: dict[str, Any]
    limits: tuple[Limit, ...]
    notices: list[str] = field(default_factory=list)


def block_of(problem: str) -> str:
    """Key of the block of a problem type: `Regression` -> `regression_constraints`."""
    return f"{prefix_of(problem)}_constraints"


def suggest_limits(problem: str, values: Mapping[str, float | None]) -> QualityConstraints:
    """Every defined metric may not become worse than it is; there is no slack, as recorded."""
    entries = {
        name: {"threshold": value, "comparison_operator": GREATER if name in RISING else LESS}
        for name, value in values.items()
        if value is not None
    }
    return parse_limits({"version": VERSION, block_of(problem): entries}, "suggested constraints", problem)


def read_limits(path: Location, problem: str) -> QualityConstraints:
    """The constraints at a path or s3:// URI; BaselineError (file, JSON path, what was found, the fix)."""
    data = read_baseline(path, QUALITY_CONSTRAINTS, MAX_BYTES)
    with decoding(path, QUALITY_CONSTRAINTS):
        document = msgspec.json.decode(data, type=dict[str, Any])
    return parse_limits(document, os.fspath(path), problem)


def parse_limits(document: dict[str, Any], file: str, problem: str) -> QualityConstraints:
    """The constraints a decoded document holds; `file` names it in errors."""
    block, root = block_of(problem), Node(document, file)
    if not isinstance(document.get(block), dict):
        found = ", ".join(sorted(document.keys() - {"version"})) or "nothing"
        raise BaselineError(
            f"{file} holds {found}, but problem_type is {problem}, which needs {block}. Hint: give the constraints of "
            "a baseline of the same problem type."
        )
    notices: list[str] = []
    for name in document:
        if name not in ("version", block):
            root.child(name).note_unknown(name, ("version", block), notices)
    entries = root.child(block)
    limits = tuple(_limit(name, entries.child(name), notices) for name in document[block] if entries.child(name))
    return QualityConstraints(document, limits, notices)


def _limit(metric: str, node: Node, notices: list[str]) -> Limit:
    own = dict(node.members())
    for name, member in own.items():
        if name not in ENTRY:
            member.note_unknown(name, ENTRY, notices)
    threshold, operator = own.get("threshold"), own.get("comparison_operator")
    options = {OWN[name][0]: OWN[name][1](own[name]) for name in ("severity", "minimum_samples") if name in own}
    return Limit(
        metric,
        (threshold or node.child("threshold")).number(),
        (operator or node.child("comparison_operator")).choice(OPERATORS, (LESS, GREATER)),
        **options,
    )
