"""Explainers: from encoded rows to attributions, by asking a model (Kernel SHAP) or by looking into it (TreeSHAP)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors import tree_shap
from analyzer.predictors.forest import Forest
from analyzer.predictors.predictor import Predictor, matching
from analyzer.predictors.rows import Features
from analyzer.views.kernel_shap import Design, design, logit

CELLS_AT_ONCE = 1 << 22  # of mixed rows handed to a model in one go: 32 MiB
ROWS_OF_SPLIT = 64  # explained by one task at most
CALLS_OF_SPLIT = 1 << 18  # model rows of one task, about

Mask = npt.NDArray[np.bool_]


class Explainer(Protocol):
    """Attributions of encoded rows. It crosses processes before it is used.

    expected: of the outputs, (outputs). chunk: rows explained by one task.
    """

    @property
    def expected(self) -> Floats: ...
    @property
    def chunk(self) -> int: ...
    def attributions(self, rows: Floats) -> Floats:
        """(rows, explained features, outputs); NaN in rows of which the model gives no number."""


@dataclass(frozen=True, eq=False)
class _Task:
    """Rows with the same varying features, and the masks (coalitions, features) they are mixed by.

    members: places of the rows among all. answers: (rows, masks, outputs), filled in by and by.
    """

    members: npt.NDArray[np.intp]
    pattern: Mask
    plan: Design
    masks: Mask
    own: Floats
    answers: Floats

    def parts(self, baseline_rows: int) -> Iterator[_Part]:
        """Pieces whose mixtures stay small."""
        cells = CELLS_AT_ONCE // (baseline_rows * self.own.shape[1]) or 1
        masks = min(len(self.masks), cells)
        rows = max(1, cells // masks) if masks else 0
        for at in range(0, len(self.own) if masks else 0, rows or 1):
            for of in range(0, len(self.masks), masks):
                yield _Part(self, slice(at, min(at + rows, len(self.own))), slice(of, min(of + masks, len(self.masks))))


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows and some masks of a task."""

    task: _Task
    at: slice
    of: slice

    @property
    def rows(self) -> int:
        return int(self.at.stop - self.at.start)

    @property
    def masks(self) -> int:
        return int(self.of.stop - self.of.start)

    def mixed(self, baseline: Floats) -> Floats:
        """Rows for the model: every row under every mask with every baseline row."""
        masks, own = self.task.masks[self.of], self.task.own[self.at]
        found = np.where(masks[None, :, None, :], own[:, None, None, :], baseline[None, None, :, :])
        return np.asarray(found.reshape(-1, own.shape[1]))


@dataclass(frozen=True, eq=False)
class KernelExplainer:
    """Kernel SHAP of a predictor against baseline rows.

    explained: places of the features that are attributed; the others keep the row's own value. samples: coalitions of
    a row at most. every: features equal to the baseline are sampled too (as recorded); otherwise they get exactly 0.
    expected: the mean answer to the baseline, in log-odds where use_logit says so.
    """

    predictor: Predictor
    features: Features
    baseline: Floats
    expected: Floats
    explained: npt.NDArray[np.intp]
    samples: int
    seed: int = 0
    every: bool = False
    use_logit: bool = False

    @property
    def chunk(self) -> int:
        return max(1, min(ROWS_OF_SPLIT, CALLS_OF_SPLIT // (self.samples * len(self.baseline) + 1)))

    def attributions(self, rows: Floats) -> Floats:
        found = np.zeros((len(rows), len(self.explained), len(self.expected)))
        whole = self._linked(self.predictor.predict(self.features, rows))
        patterns, members = np.unique(self.varying(rows), axis=0, return_inverse=True)
        tasks = [
            self._task(rows, np.flatnonzero(members.ravel() == at), pattern)
            for at, pattern in enumerate(patterns)
            if pattern.any()
        ]
        self._ask(tasks)
        for task in tasks:
            places = np.ix_(task.members, np.flatnonzero(task.pattern))
            found[places] = self._of_task(task, whole[task.members])
        found[~np.isfinite(whole).all(axis=1)] = np.nan
        return found

    def varying(self, rows: Floats) -> Mask:
        """Which explained features of each row differ from any baseline row, (rows, explained)."""
        if self.every:
            return np.ones((len(rows), len(self.explained)), np.bool_)
        own, other = rows[:, None, self.explained], self.baseline[None, :, self.explained]
        return np.asarray(((own != other) & ~(np.isnan(own) & np.isnan(other))).any(axis=1))

    def model_rows(self, rows: Floats) -> int:
        """How many rows the model is asked about these."""
        counts = self.varying(rows).sum(axis=1)
        sizes = np.minimum(self.samples, 2.0 ** np.minimum(counts, 62) - 2)
        return int((np.maximum(sizes, 0) * len(self.baseline) + 1 + self._extra * len(self.baseline)).sum())

    @property
    def _extra(self) -> bool:
        """Whether every row has an expected value of its own, because some features keep their value."""
        return len(self.explained) < len(self.features.names)

    def _task(self, rows: Floats, members: npt.NDArray[np.intp], pattern: Mask) -> _Task:
        """What is to be asked about the rows whose varying features are these."""
        columns = self.explained[pattern]
        plan = _design(len(columns), self.samples, self.seed)
        masks = np.ones((len(plan.coalitions) + self._extra, rows.shape[1]), np.bool_)
        masks[: len(plan.coalitions), columns] = plan.coalitions
        if self._extra:  # the last one keeps nothing: the row's own expected value
            masks[-1, columns] = False
        answers = np.empty((len(members), len(masks), len(self.expected)))
        return _Task(members, pattern, plan, masks, rows[members], answers)

    def _ask(self, tasks: list[_Task]) -> None:
        """Fill in the mean answers of all tasks; mixtures of several go to the model together."""
        waiting: list[_Part] = []
        cells = 0
        for part in (part for task in tasks for part in task.parts(len(self.baseline))):
            size = part.rows * part.masks * len(self.baseline) * len(self.features.names)
            if waiting and cells + size > CELLS_AT_ONCE:
                self._send(waiting)
                waiting, cells = [], 0
            waiting.append(part)
            cells += size
        if waiting:
            self._send(waiting)

    def _send(self, parts: list[_Part]) -> None:
        mixed = [part.mixed(self.baseline) for part in parts]
        answers = self.predictor.predict(self.features, np.concatenate(mixed) if len(mixed) > 1 else mixed[0])
        start = 0
        for part, rows in zip(parts, mixed, strict=True):
            mine = answers[start : start + len(rows)].reshape(part.rows, part.masks, len(self.baseline), -1)
            part.task.answers[part.at, part.of] = self._linked(mine.mean(axis=2))
            start += len(rows)

    def _of_task(self, task: _Task, whole: Floats) -> Floats:
        """Attributions (rows, varying features, outputs) from the answers."""
        count = len(task.plan.coalitions)
        start = task.answers[:, -1] if self._extra else np.broadcast_to(self.expected, whole.shape)
        return task.plan.attributions(task.answers[:, :count] - start[:, None, :], whole - start)

    def _linked(self, answers: Floats) -> Floats:
        if answers.shape[-1] != len(self.expected):
            raise ContractError(
                f"{self.predictor.described} answers with {answers.shape[-1]} numbers a row, but had "
                f"{len(self.expected)} for the baseline rows. Hint: the model must give equally many for every row."
            )
        return log_odds(answers, self.predictor) if self.use_logit else answers


@dataclass(frozen=True, eq=False)
class TreeExplainer:
    """Exact attributions of a forest's margins against baseline rows; explained as in KernelExplainer."""

    forest: Forest
    features: Features
    baseline: Floats
    explained: npt.NDArray[np.intp]

    @property
    def chunk(self) -> int:
        return ROWS_OF_SPLIT * 4

    @property
    def expected(self) -> Floats:
        return np.asarray(self.forest.margins(self._matched(self.baseline)).mean(axis=0))

    def attributions(self, rows: Floats) -> Floats:
        found = tree_shap.attributions(self.forest, self._matched(rows), self._matched(self.baseline))
        return np.asarray(found[:, self._places[self.explained], :])

    def _matched(self, rows: Floats) -> Floats:
        return matching(self.forest, self.features, rows)

    @property
    def _places(self) -> npt.NDArray[np.intp]:
        """Place in the forest's order of every feature of the data."""
        order = self._matched(np.arange(len(self.features.names), dtype=np.float64)[None, :])[0].astype(np.intp)
        return np.argsort(order)


def log_odds(answers: Floats, predictor: Predictor) -> Floats:
    """Log-odds of answers; ContractError when they are no probabilities."""
    known = answers[np.isfinite(answers)]
    if len(known) and (known.min() < 0 or known.max() > 1):
        raise ContractError(
            f"use_logit is true, but {predictor.described} answers {known.min():g} to {known.max():g}, which are no "
            "probabilities. Hint: set use_logit to false."
        )
    return logit(answers)


@lru_cache(maxsize=64)
def _design(features: int, samples: int, seed: int) -> Design:
    return design(features, samples, seed)
