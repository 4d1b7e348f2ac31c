"""Comparison: which metrics are farther from fair than the baseline's.

Source: bias_explainability.md 5.2; what differs by default is listed in docs/differences.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.monitors.bias.measures import Bias, Entry
from analyzer.monitors.bias.scale import Scale, is_interval
from analyzer.options import Options
from analyzer.reports.analysis import Known, KnownEntry, KnownStage, number
from analyzer.reports.bias_violations import BiasViolation, drift
from analyzer.views.bias_metrics import NAMES, POST, PRE
from analyzer.views.bootstrap import Interval

DI = "DI"  # the one ratio: fair is 1
RELATIVE, ABSOLUTE = 1e-12, 1e-15  # what the order of sums may do to the same data
FEW = "few rows are behind it, see counts"


@dataclass
class Judgement:
    """Violations in the order of the document, and what else a reader should know."""

    violations: list[BiasViolation] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """What a baseline asks of a window. strict: the closed image's rule, absolute values of everything."""

    known: Known
    options: Options
    strict: bool = False

    def judge(self, bias: Bias) -> Judgement:
        """Everything that is wrong with the window, stages and entries in the order of the document."""
        found = Judgement()
        stages = ((POST, self.known.post_training_bias_metrics), (PRE, self.known.pre_training_bias_metrics))
        for stage, known in stages:
            if known is not None:
                for entry in bias.entries:
                    found.violations += self._entry(entry, known, stage, found.notices)
                found.notices += _absent(bias, known, stage)
        return found

    def _entry(self, entry: Entry, known: KnownStage, stage: str, notices: list[str]) -> Iterator[BiasViolation]:
        before = _paired(entry, known)
        numbers = before.numbers if before else {}
        for name in NAMES[stage]:
            measure = entry.measures.get(name)
            if before is None or measure is None or name not in numbers:
                continue
            if measure.value is None:
                notices.append(f"{name} of facet {entry.facet} ({entry.value}) has no value now: {measure.error}.")
            elif self._is_worse(name, measure.value, numbers[name], (entry, before)):
                yield self._violation(entry, name, numbers[name])

    def _is_worse(self, name: str, current: float, baseline: float, entries: tuple[Entry, KnownEntry]) -> bool:
        now, then = self._distance(name, current), self._distance(name, baseline)
        if not self.options.bias_disjoint_intervals or self.strict:
            return now > then * (1 + RELATIVE) + ABSOLUTE
        interval, before = entries[0].intervals.get(name), _interval(entries[1], name)
        if interval is not None:
            now = self._nearest(name, interval)
        if before is not None:
            then = max(then, self._distance(name, before.low), self._distance(name, before.high))
        return now > then

    def _distance(self, name: str, value: float) -> float:
        """How far a value is from fair."""
        if name != DI or self.strict:
            return abs(value)
        return abs(math.log(value)) if 0 < value < math.inf else math.inf

    def _nearest(self, name: str, interval: Interval) -> float:
        """How far the nearest value of an interval is from fair."""
        fair = 1.0 if name == DI else 0.0
        if interval.low <= fair <= interval.high:
            return 0.0
        return min(self._distance(name, interval.low), self._distance(name, interval.high))

    def _violation(self, entry: Entry, name: str, baseline: float) -> BiasViolation:
        measure = entry.measures[name]
        found = drift(entry.facet, entry.value, name, measure.value or 0.0, baseline)
        if self.strict:
            return found
        others, facet = entry.sides.rows
        interval = entry.intervals.get(name)
        found.interval = [number(interval.low), number(interval.high)] if interval else None
        found.counts = {"facet": facet, "others": others}
        found.severity = "error"
        if measure.support is not None and measure.support < self.options.bias_smallest_group:
            found.severity, found.hint = "warning", FEW
        return found


def _paired(entry: Entry, known: KnownStage) -> KnownEntry | None:
    """The baseline's entry of the same group; a threshold's is found by its facet, since its name holds the maximum."""
    entries = known.facets.get(entry.facet, [])
    if entry.scale is Scale.CONTINUOUS:
        return next((each for each in entries if is_interval(each.value_or_threshold)), None)
    return next((each for each in entries if each.value_or_threshold == entry.value), None)


def _interval(entry: KnownEntry, name: str) -> Interval | None:
    """The baseline's own interval, where it has written one."""
    ends = (entry.analyzer.intervals or {}).get(name) if entry.analyzer else None
    if not ends or len(ends) != 2 or None in ends:
        return None
    return Interval(*(float(end) for end in ends if end is not None))


def _absent(bias: Bias, known: KnownStage, stage: str) -> Iterator[str]:
    """Groups of the baseline that the window does not have, and groups the baseline does not know."""
    live = {(entry.facet, entry.value if entry.scale is Scale.CATEGORICAL else None) for entry in bias.entries}
    for facet, entries in known.facets.items():
        named = [each.value_or_threshold for each in entries]
        missing = [_shown(name) for name in named if (facet, None if is_interval(name) else name) not in live]
        if missing:
            more = " and others" if len(missing) > 5 else ""
            yield f"Facet {facet}: {', '.join(missing[:5])}{more} of the baseline ({stage}) was not measured now."


def _shown(name: str) -> str:
    """A group of the baseline in a sentence; an interval that ended at the maximum has no name."""
    return name or "the group above its threshold"
