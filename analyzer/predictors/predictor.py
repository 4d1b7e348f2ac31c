"""Predictor: whatever answers rows, a model file, a script or an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors.forest import Forest
from analyzer.predictors.rows import Features


class Predictor(Protocol):
    """Answers rows. It crosses processes before it is used; what it holds open belongs to one process.

    described: where the answers come from, for logs and reports.
    """

    @property
    def described(self) -> str: ...

    def predict(self, features: Features, rows: Floats) -> Floats:
        """Answers (rows, outputs) for encoded rows (rows, features), at least one; NaN where the model gave none.

        Raises AnalyzerError when the model fails, or answers in a shape that is not one answer a row.
        """


@dataclass(frozen=True)
class ForestPredictor:
    """A model of trees that was read from its file."""

    forest: Forest
    path: str

    @property
    def described(self) -> str:
        return f"model {self.path}"

    def predict(self, features: Features, rows: Floats) -> Floats:
        return self.forest.answers(matching(self.forest, features, rows))


def matching(forest: Forest, features: Features, rows: Floats) -> Floats:
    """The rows with the columns in the forest's order; ContractError when it has other features."""
    numbers = features.numbers(rows)
    if forest.names and set(forest.names) == set(features.names):
        places = {name: at for at, name in enumerate(features.names)}
        return numbers[:, [places[name] for name in forest.names]]
    if forest.features != len(features.names):
        raise ContractError(
            f"the model has {forest.features} features, the data has {len(features.names)}. Hint: name the columns "
            "that are no features in label or excluded_columns, or the model's features in headers."
        )
    return numbers


def shaped(answers: object, rows: int, source: str) -> Floats:
    """Answers as a matrix of doubles, (rows, outputs); ContractError when there is not one for each row."""
    try:
        found = np.asarray(answers, np.float64)
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"{source} answered what are no numbers. Hint: return one number, or list, a row."
        ) from error
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or len(found) != rows or not found.shape[1]:
        raise ContractError(
            f"{source} answered an array of shape {found.shape} to {rows} rows. "
            "Hint: return one number a row, or one list of numbers a row."
        )
    return found
