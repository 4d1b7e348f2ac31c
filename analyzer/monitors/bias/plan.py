"""Plan: what must be counted in the one scan of a bias job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from analyzer.analysis_config import Value
from analyzer.counting.labels import Likeliest
from analyzer.counting.membership import Membership
from analyzer.fold import Fold
from analyzer.folds.facets import Facets, Sensitive
from analyzer.folds.intake import Intakes
from analyzer.folds.joins import JOINS
from analyzer.folds.vectors import Vectors
from analyzer.monitors.bias.columns import Columns
from analyzer.monitors.bias.request import Request
from analyzer.monitors.bias.scale import Scale, known_scale, membership, possible, trait_folds
from analyzer.options import Options
from analyzer.reports.analysis import Known
from analyzer.views.bias_metrics import CDDL, CDDPL, FT, POST, PRE

MOST_PAIRS = 200_000  # of values of a facet and groups, when every value is an entry
VECTOR_NUMBERS = 1 << 25  # of the rows kept for a flip test, 256 MB


@dataclass(frozen=True)
class Plan:
    """The folds of a job. known: its baseline; None for a baseline run, and in strict mode for reading columns."""

    request: Request
    columns: Columns
    options: Options
    known: Known | None = None

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """All of them."""
        return (self.intakes, JOINS, self.facets, *self.traits, *self.vectors.values())

    @property
    def intakes(self) -> Intakes:
        return Intakes(self.options.quarantine_samples)

    @cached_property
    def stages(self) -> dict[str, tuple[str, ...]]:
        """Metrics that can be computed, by stage: without predictions none after training."""
        wanted = self.request.metrics
        return {PRE: wanted[PRE], POST: wanted[POST] if self.columns.predicted is not None else ()}

    @cached_property
    def label_scales(self) -> tuple[Scale, ...]:
        """Ways to read the label; one if a baseline has decided, so that a live window cannot turn it over."""
        described = [stage.label_value_or_threshold for stage in self.known.stages] if self.known else []
        return _scales(self.request.label_values, described[:1])

    @cached_property
    def facet_scales(self) -> tuple[tuple[Scale, ...], ...]:
        """Ways to read every facet; none when each of its values is an entry."""
        return tuple(
            _scales(facet.values, self._described(name)) if facet.values else ()
            for facet, (name, _) in zip(self.request.facets, self.columns.facets, strict=True)
        )

    @cached_property
    def facets(self) -> Facets:
        """The counts every metric but the flip test follows from."""
        wanted = [*self.stages[PRE], *self.stages[POST]]
        values = self.options.bias_facet_values
        groups = min(self.options.bias_groups, MOST_PAIRS // values) if () in self.facet_scales else None
        return Facets(
            self.columns.label,
            self.columns.predicted,
            tuple(
                (membership(self.request.label_values, scale), self._predicted(scale)) for scale in self.label_scales
            ),
            tuple(Sensitive(column, self._entries(at)) for at, (_, column) in enumerate(self.columns.facets)),
            self.columns.group if CDDL in wanted or CDDPL in wanted else None,
            groups or self.options.bias_groups,
            values,
        )

    @cached_property
    def traits(self) -> tuple[Fold, ...]:
        """What tells how columns are read, and how many of their cells are missing."""
        predicted = self.columns.predicted
        scores = predicted.columns if isinstance(predicted, Likeliest) else (predicted,) if predicted else ()
        group = (self.columns.group,) if self.columns.group else ()
        return trait_folds([self.columns.label, *scores, *(column for _, column in self.columns.facets), *group])

    @cached_property
    def vectors(self) -> dict[int, Vectors]:
        """The rows for the flip test of every facet, by its place; its own column is no feature."""
        if FT not in self.stages[POST]:
            return {}
        return {at: self._vectors(at) for at in range(len(self.columns.facets))}

    def _vectors(self, at: int) -> Vectors:
        _, facet = self.columns.facets[at]
        features = tuple(column for _, column in self.columns.features if column != facet)
        answers = [(self.columns.predicted, self._predicted(scale)) for scale in self.label_scales]
        entries = [(facet, entry) for entry in self._entries(at)]
        limit = min(self.options.bias_flip_test_rows, max(1000, VECTOR_NUMBERS // max(1, len(features))))
        return Vectors(features, (*answers, *entries), None if entries else facet, limit)

    def _entries(self, at: int) -> tuple[Membership, ...]:
        return tuple(membership(self.request.facets[at].values, scale) for scale in self.facet_scales[at])

    def _predicted(self, scale: Scale) -> Membership:
        """Which predictions are positive, when labels are read that way."""
        if self.columns.is_score:
            return Membership(above=self.request.threshold)
        return membership(self.request.label_values, scale)

    def _described(self, facet: str) -> list[str]:
        """How the baseline calls the groups of a facet."""
        entries = [stage.facets.get(facet, []) for stage in self.known.stages] if self.known else []
        return [entry.value_or_threshold for entry in next(filter(None, entries), [])]


def _scales(values: tuple[Value, ...], described: list[str]) -> tuple[Scale, ...]:
    scales = possible(values)
    known = known_scale(values, described)
    return (known,) if known in scales else scales
