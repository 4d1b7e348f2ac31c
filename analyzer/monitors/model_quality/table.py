"""Table: what the scan says about a binary classifier, once it is known which two classes there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.counting.labels import ABOVE, BELOW
from analyzer.counting.probabilities import ClassScores
from analyzer.folds.confusion import Matrix
from analyzer.folds.scores import ScoresState
from analyzer.monitors.model_quality.measures import rows_of
from analyzer.monitors.model_quality.plan import Plan, Results, sound
from analyzer.monitors.model_quality.positive import Sides, sides_of
from analyzer.reports.quality_statistics import Rows
from analyzer.views.calibration import Calibration
from analyzer.views.curves import Ranking
from analyzer.views.rates import Outcomes

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Rows by actual and predicted class, and the scores of both classes. rows: all, also those left out."""

    plan: Plan
    results: Results
    rows: int

    @cached_property
    def sides(self) -> Sides:
        """Negative and positive class."""
        actual = dict(zip(self.names, self.matrix.counts.sum(axis=1).tolist(), strict=True))
        if self.matrix.names is None and self.scores is not None:  # too many classes to be counted
            actual = {name: int(found.tally.total) for name, found in self.scores.kept.items()}
        predicted = dict(zip(self.names, self.matrix.counts.sum(axis=0).tolist(), strict=True))
        known = {name: count for name, count in predicted.items() if count and name not in (ABOVE, BELOW)}
        return sides_of({name: count for name, count in actual.items() if count}, known, self.plan.request.positive)

    @cached_property
    def counts(self) -> Counts:
        """Rows by actual and predicted class, the negative one first; other classes are left out."""
        places = {name: at for at, name in enumerate(self.names)}
        found = np.zeros((2, 2), np.int64)
        for row, actual in enumerate((self.sides.negative, self.sides.positive)):
            for column, names in enumerate(((BELOW, self.sides.negative), (ABOVE, self.sides.positive))):
                at = [places[name] for name in names if name in places and actual in places]
                found[row, column] = self.matrix.counts[places[actual], at].sum() if at else 0
        return found

    @cached_property
    def outcomes(self) -> Outcomes:
        return Outcomes.of(self.counts)

    @cached_property
    def calibration(self) -> Calibration | None:
        """The scores of both classes; None without a probability attribute."""
        if self.scores is None:
            return None
        known = self.scores.kept | (self.scores.others or {})
        return Calibration(*(known.get(name, ClassScores()) for name in (self.sides.positive, self.sides.negative)))

    @cached_property
    def ranking(self) -> Ranking | None:
        """Positives and negatives by score; None without a probability attribute."""
        found = self.calibration
        return None if found is None else Ranking.of(found.positive.tally, found.negative.tally)

    @cached_property
    def matrix(self) -> Matrix:
        """Rows of all classes there are."""
        found: Matrix = sound(self.results, self.plan.confusion)
        return found

    @cached_property
    def scores(self) -> ScoresState | None:
        """Scores of all classes there are."""
        found: ScoresState | None = sound(self.results, self.plan.scores)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        return self.matrix.names or ()

    @property
    def strangers(self) -> list[str]:
        """Classes that are neither of the two."""
        known = {self.sides.negative, self.sides.positive, ABOVE, BELOW}
        return [name for name in self.names if name not in known]

    @cached_property
    def account(self) -> Rows:
        """Where the rows went."""
        found = rows_of(self.rows, self.plan.columns, sound(self.results, self.plan.presence), numeric=False)
        others = np.isin(np.array(self.names, object), self.strangers) if self.strangers else np.zeros(0, np.bool_)
        found.evaluated = self.outcomes.rows
        found.unknown_labels = self.matrix.rows if self.matrix.names is None else 0
        found.unknown_predictions = 0
        if len(others):
            found.unknown_labels = int(self.matrix.counts[others].sum())
            found.unknown_predictions = int(self.matrix.counts[:, others].sum())
        if self.calibration is not None:
            found.scores_outside = self.calibration.outside
        return found
