"""Trial: the first questions to a model before a long run: does it answer, what does the baseline score, how fast.

A user's script is tried in a process of its own when workers will be forked: libraries that started threads here would
hang there.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

import numpy as np

from analyzer.batch import Floats
from analyzer.errors import ContractError, EngineFailed
from analyzer.predictors.predictor import Predictor
from analyzer.predictors.remote import RemotePredictor
from analyzer.predictors.rows import Features
from analyzer.predictors.script import ScriptPredictor

TRIED_ROWS = 1000
LARGE_JOB = 10_000  # model rows from which the log says how long it will take

_log = logging.getLogger("Explainability")


@dataclass(frozen=True)
class Trial:
    """What the first questions told: the predictor to go on with, answers to the baseline rows, seconds a row."""

    predictor: Predictor
    answers: Floats
    seconds: float


def tried(predictor: Predictor, features: Features, asked: tuple[Floats, Floats], *, apart: bool) -> Trial:
    """Ask about the baseline rows and some others (asked: both); apart: workers will be forked.

    Raises errors of the predictor, and ContractError for a baseline row without a number.

    A model behind a connection that cannot take several rows at once is asked row by row from then on.
    """
    baseline, rows = asked[0], np.concatenate([asked[0], asked[1][:TRIED_ROWS]])
    try:
        answers, seconds = _timed(predictor, features, rows, apart=apart)
    except ContractError:
        if not isinstance(predictor, RemotePredictor) or predictor.manners.batch_rows == 1:
            raise
        single = replace(predictor, manners=replace(predictor.manners, batch_rows=1))
        try:
            answers, seconds = _timed(single, features, rows[: len(baseline) + 1], apart=apart)
        except ContractError:
            pass  # the first error says more
        else:
            _log.warning("Fallback to per-record prediction because of model error.")
            return _judged(Trial(single, answers[: len(baseline)], seconds / (len(baseline) + 1)))
        raise
    return _judged(Trial(predictor, answers[: len(baseline)], seconds / len(rows)))


def _timed(predictor: Predictor, features: Features, rows: Floats, *, apart: bool) -> tuple[Floats, float]:
    if apart and isinstance(predictor, ScriptPredictor):
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
        try:
            with ProcessPoolExecutor(1, context) as worker:
                return worker.submit(_asked, predictor, features, rows).result()
        except BrokenProcessPool as error:
            raise EngineFailed(
                f"The process that runs {predictor.described} died, most likely for lack of memory. "
                "Hint: use a machine with more memory, or a smaller model."
            ) from error
    return _asked(predictor, features, rows)


def _asked(predictor: Predictor, features: Features, rows: Floats) -> tuple[Floats, float]:
    predictor.predict(features, rows[:1])  # loading the model and opening connections is not what is timed
    began = time.perf_counter()
    answers = predictor.predict(features, rows)
    return answers, time.perf_counter() - began


def _judged(trial: Trial) -> Trial:
    if not np.isfinite(trial.answers).all():
        raise ContractError(
            f"{trial.predictor.described} gives no number for a baseline row. Hint: give a baseline that the model can "
            "score (methods.shap.baseline)."
        )
    return trial


def announce(model_rows: int, seconds_a_row: float, workers: int) -> None:
    """One line of the log: how much the model will be asked, and how long that takes."""
    seconds = model_rows * seconds_a_row / max(workers, 1)
    text = "The model will be asked about %s rows; about %.0f s at %.0f rows a second and process, %d processes."
    rate = 1 / seconds_a_row if seconds_a_row else float("inf")
    _log.info(text, f"{model_rows:,}", seconds, rate, workers)
