"""Options of the checks, in every spelling users and AWS's own documents and tools have for them.

Source: contract.md 6.2 and 6.3; own keys: minimum_samples, severity, completeness_tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from analyzer.reports.node import Node

METHODS = {"robust": "Robust", "linfrobust": "Robust", "simple": "Simple", "linfsimple": "Simple"}
CATEGORICAL_METHODS = {"linfinity": "LInfinity", "linf": "LInfinity", "chisquared": "ChiSquared"}
SEVERITIES = {"error": "error", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class Options:
    """How one feature is checked; defaults are those a baseline job writes.

    evaluate: run any check. emit_metrics: publish to CloudWatch. datatype_threshold, domain_threshold: required
    share of values. compare: check drift. comparison_threshold: largest distance allowed. categorical_threshold:
    the same for text, or for ChiSquared the smallest p-value allowed. minimum_samples: live rows without which
    drift is not judged. severity: error or warning. completeness_tolerance: share completeness may fall by.
    """

    evaluate: bool = True
    emit_metrics: bool = True
    datatype_threshold: float = 1.0
    domain_threshold: float = 1.0
    compare: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_threshold: float = 0.1
    categorical_method: str = "LInfinity"
    minimum_samples: int | None = None
    severity: str = "error"
    completeness_tolerance: float = 0.0


def _method(node: Node) -> str:
    return node.choice(METHODS, ("Robust", "Simple"))


def _categorical_method(node: Node) -> str:
    return node.choice(CATEGORICAL_METHODS, ("LInfinity", "ChiSquared"))


def _severity(node: Node) -> str:
    return node.choice(SEVERITIES, ("error", "warning"))


Reader = Callable[[Node], Any]

OWN: dict[str, tuple[str, Reader]] = {
    "minimum_samples": ("minimum_samples", Node.count),
    "severity": ("severity", _severity),
    "completeness_tolerance": ("completeness_tolerance", Node.share),
}
MONITORING: dict[str, tuple[str, Reader]] = {
    "evaluate_constraints": ("evaluate", Node.switch),
    "emit_metrics": ("emit_metrics", Node.switch),
    "datatype_check_threshold": ("datatype_threshold", Node.share),
    "domain_content_threshold": ("domain_threshold", Node.share),
    "min_domain_mass": ("domain_threshold", Node.share),
    "perform_comparison": ("compare", Node.switch),
    "enable_comparisons": ("compare", Node.switch),
    "comparison_threshold": ("comparison_threshold", Node.share),
    "comparison_method": ("comparison_method", _method),
    "comparion_method": ("comparison_method", _method),  # so in AWS's documentation
    "categorical_comparison_threshold": ("categorical_threshold", Node.share),
    "categorical_drift_method": ("categorical_method", _categorical_method),
    **OWN,
}
NESTED = "distribution_constraints"


class Scope:
    """The options set in one scope, a feature or the file; the first of two contradicting settings wins.

    A scope that sets comparison_threshold alone sets it for text too (documented default).
    """

    def __init__(self, notices: list[str]) -> None:
        self.notices = notices
        self._values: dict[str, tuple[Any, str]] = {}

    def read(self, node: Node) -> None:
        """Take the options of a monitoring_config or an override object; those of drift may be nested or not."""
        for name, member in node.members():
            if name in MONITORING:
                self.take(name, member)
            elif name == NESTED:
                self.read(member)
            else:
                member.note_unknown(name, (*MONITORING, NESTED), self.notices)

    def take(self, name: str, node: Node) -> None:
        """Take one option by its name in MONITORING."""
        field, reader = MONITORING[name]
        value = reader(node)
        kept, path = self._values.setdefault(field, (value, node.path))
        if kept != value:
            self.notices.append(f"{node.path}: contradicts {path}, which is used.")

    def over(self, defaults: Options) -> Options:
        """The options of the scope, the rest from `defaults`."""
        values = {field: value for field, (value, _) in self._values.items()}
        if "comparison_threshold" in values:
            values.setdefault("categorical_threshold", values["comparison_threshold"])
        return replace(defaults, **values)
