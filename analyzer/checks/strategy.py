"""Strategy: Deequ's ways to tell that a number does not fit the numbers of earlier runs.

Source: specification deequ.md 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from analyzer.checks.fields import REQUIRED, fields
from analyzer.errors import nearest

_FACTOR = (Annotated[float, Meta(gt=0)] | None, 3.0)
_CHANGE = {"max_rate_decrease": (float | None, None), "max_rate_increase": (float | None, None)}
_ORDER = {"order": (Annotated[int, Meta(ge=0, le=100)], 1)}
# Parameters of each strategy, in Deequ's order: type and default.
STRATEGIES: dict[str, dict[str, tuple[Any, Any]]] = {
    "SimpleThreshold": {"lower_bound": (float, -1.7976931348623157e308), "upper_bound": (float, REQUIRED)},
    "AbsoluteChange": _CHANGE | _ORDER,
    "RelativeRateOfChange": _CHANGE | _ORDER,
    "OnlineNormal": {
        "lower_deviation_factor": _FACTOR,
        "upper_deviation_factor": _FACTOR,
        "ignore_start_percentage": (Annotated[float, Meta(ge=0, le=1)], 0.1),
        "ignore_anomalies": (bool, True),
    },
    "BatchNormal": {
        "lower_deviation_factor": _FACTOR,
        "upper_deviation_factor": _FACTOR,
        "include_interval": (bool, False),
    },
    "HoltWinters": {
        "interval": (Literal["Hourly", "Daily", "Monthly"], REQUIRED),
        "seasonality": (Literal["Daily", "Weekly", "Yearly"], REQUIRED),
    },
}
PERIODS = {("Hourly", "Daily"): 24, ("Daily", "Weekly"): 7, ("Monthly", "Yearly"): 12}


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy with its parameters, complete and in Deequ's order."""

    name: str
    parameters: Mapping[str, Any]

    @property
    def text(self) -> str:
        """How it was asked for."""
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items() if value is not None)
        return f"{self.name}({given})"

    @property
    def least(self) -> int:
        """Earlier numbers without which it cannot judge."""
        if self.name == "HoltWinters":
            return 2 * PERIODS[self.parameters["interval"], self.parameters["seasonality"]]
        if self.name == "BatchNormal":
            return 2
        return int(self.parameters.get("order", 0)) or 1


def strategy_of(given: Mapping[str, Any], problems: list[str]) -> Strategy | None:
    """The strategy that a mapping with the key `strategy` describes; what is wrong is added to the problems."""
    wanted = given.get("strategy")
    kinds = STRATEGIES.get(wanted) if isinstance(wanted, str) else None
    if kinds is None:
        problems.append(f"anomaly: unknown strategy {str(wanted)[:80]!r}.{nearest(str(wanted)[:80], STRATEGIES)}")
        return None
    parameters = {name: value for name, value in given.items() if name != "strategy"}
    before = len(problems)
    strategy = Strategy(str(wanted), fields(parameters, kinds, "anomaly", problems))
    if len(problems) == before:
        problems += _contradictions(strategy)
    return strategy if len(problems) == before else None


def _contradictions(strategy: Strategy) -> list[str]:
    given = strategy.parameters
    if strategy.name == "HoltWinters" and (given["interval"], given["seasonality"]) not in PERIODS:
        known = ", ".join(" with ".join(pair) for pair in PERIODS)
        return [
            f"anomaly: HoltWinters knows no {given['seasonality']} season of {given['interval']} runs, only {known}."
        ]
    bounds = [name for name in given if name.startswith(("max_rate", "lower_dev", "upper_dev"))]
    if bounds and all(given[name] is None for name in bounds):
        return [f"anomaly: {strategy.name} needs a bound. Hint: set {' or '.join(bounds)}."]
    return []
