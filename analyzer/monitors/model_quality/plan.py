"""Plan: the folds that a request needs, so that one scan answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.counting.labels import Likeliest, Predicted
from analyzer.fold import Failure, Fold
from analyzer.folds.classes import Classes
from analyzer.folds.confusion import Confusion
from analyzer.folds.intake import Intakes
from analyzer.folds.joins import JOINS
from analyzer.folds.numbers import Numbers
from analyzer.folds.presence import Presence
from analyzer.folds.ranks import Ranks
from analyzer.folds.residuals import Residuals
from analyzer.folds.scores import Scores
from analyzer.monitors.model_quality.columns import Columns
from analyzer.monitors.model_quality.request import BINARY, MULTICLASS, REGRESSION, Request
from analyzer.options import Options

CONVENTIONAL = ("0", "1", "-1", "false", "true")  # classes whose scores are kept whatever else the labels hold
MOST_BINARY_CLASSES = 1000  # labels of a binary problem that are told apart, to say what is wrong with them

Results = Mapping[Fold, Any]


@dataclass(frozen=True)
class Plan:
    """What is counted for a request; properties are None where it does not apply."""

    request: Request
    columns: Columns
    options: Options

    @property
    def predicted(self) -> Predicted | Likeliest:
        """Where the predicted class is: in its own column, above the threshold, or the likeliest of all."""
        columns = self.columns
        if columns.prediction:
            return Predicted(columns.prediction)
        if columns.scores:
            return Likeliest(*zip(*columns.scores, strict=True))
        return Predicted(columns.score or "", self.request.threshold)

    @property
    def presence(self) -> Presence:
        columns = self.columns
        named = tuple(dict.fromkeys(filter(None, (columns.label, columns.prediction))))
        scored = [columns.score, *(column for _, column in columns.scores)]
        numbers = tuple(dict.fromkeys(name for name in scored if name and name not in named))
        if self.request.problem == REGRESSION:
            return Presence(numbers=(*named, *numbers))
        return Presence(named, numbers)

    @property
    def intakes(self) -> Intakes:
        return Intakes(self.options.quarantine_samples)

    @property
    def confusion(self) -> Confusion | None:
        if self.request.problem == REGRESSION:
            return None
        limit = MOST_BINARY_CLASSES if self.request.problem == BINARY else self.options.classes_limit
        return Confusion(self.columns.label, self.predicted, limit)

    @property
    def classes(self) -> Classes | None:
        return None if self.request.problem == REGRESSION else Classes(self.predicted)

    @property
    def scores(self) -> Scores | None:
        if self.request.problem != BINARY or not self.columns.score:
            return None
        kept = dict.fromkeys((*CONVENTIONAL, *filter(None, [self.request.positive])))
        return Scores(self.columns.label, self.columns.score, tuple(kept))

    @property
    def ranks(self) -> Ranks | None:
        columns = self.columns
        if self.request.problem != MULTICLASS or not columns.scores:
            return None
        return Ranks(columns.label, *zip(*columns.scores, strict=True))

    @property
    def residuals(self) -> Residuals | None:
        columns = self.columns
        return Residuals(columns.label, columns.prediction or "") if self.request.problem == REGRESSION else None

    @property
    def spread(self) -> Numbers | None:
        """The distribution of predicted values or of scores."""
        column = self.columns.prediction if self.request.problem == REGRESSION else self.columns.score
        return Numbers(column) if column else None

    @property
    def folds(self) -> tuple[Fold, ...]:
        found = (self.confusion, self.classes, self.scores, self.ranks, self.residuals, self.spread)
        return (self.intakes, JOINS, self.presence, *(fold for fold in found if fold is not None))


def sound(results: Results, fold: Fold | None) -> Any:
    """The result of a fold; that of nothing when it failed, None when there is no fold."""
    if fold is None:
        return None
    result = results[fold]
    return fold.result(fold.zero()) if isinstance(result, Failure) else result


def failures(results: Results) -> list[str]:
    """What could not be computed, for the notices."""
    return [
        f"{type(fold).__name__.lower()}: {result.reason}"
        for fold, result in results.items()
        if isinstance(result, Failure)
    ]
