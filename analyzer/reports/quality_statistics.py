"""statistics.json of model quality: its shape, written, and what a later run reads of it.

Fields are in the file's order. Source: contract.md 7.1, golden mq_docs_examples.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import UNSET, UnsetType

from analyzer.errors import BaselineError
from analyzer.reports.baseline import QUALITY_STATISTICS, VERSION, decoding, read_baseline
from analyzer.reports.storage import Location

MAX_BYTES = 256 * 2**20
TOO_FEW = "NaN"  # the text in place of a standard deviation that is not given

Number = float | None | UnsetType  # unset: does not apply and is left out; None: undefined, written as null
Matrix = dict[str, dict[str, int]]


class Measure(msgspec.Struct):
    """A metric and its standard deviation over five samples of 80 % of the rows; the text NaN below 200 rows."""

    value: float | None
    standard_deviation: float | str | None


class RocCurve(msgspec.Struct):
    """Points in the order of falling scores."""

    false_positive_rates: list[float]
    true_positive_rates: list[float]


class PrecisionRecallCurve(msgspec.Struct):
    """Points in the order of falling scores."""

    precisions: list[float]
    recalls: list[float]


class Rows(msgspec.Struct):
    """Where the rows went.

    evaluated: went into the metrics. without_label, without_prediction, without_score: have none there, or one that is
    no class or number. text_scores: of the latter, texts. scores_outside: scores that are no probability.
    unknown_labels, unknown_predictions: rows of classes that are neither of the two of a binary problem.
    """

    evaluated: int
    without_label: int
    without_prediction: int
    without_score: int | UnsetType = UNSET
    text_scores: int | UnsetType = UNSET
    scores_outside: int | UnsetType = UNSET
    unknown_labels: int | UnsetType = UNSET
    unknown_predictions: int | UnsetType = UNSET


class Bin(msgspec.Struct):
    """Scores in (lower_bound, upper_bound]; null where there are no rows."""

    lower_bound: float
    upper_bound: float
    count: int
    mean_score: float | None
    positive_share: float | None


class ClassMetrics(msgspec.Struct):
    """One class against the others. support: its actual rows; predicted: rows predicted as it."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


class Spread(msgspec.Struct):
    """A distribution of numbers: some of them ascending, and how many are up to and including each."""

    values: list[float]
    cumulative_counts: list[int]


class Predictions(msgspec.Struct):
    """What was predicted, labels or not; a later run is compared with it. rows: with a prediction."""

    rows: int
    scores: Spread | None = None
    values: Spread | None = None
    classes: dict[str, int] | None = None


class Extra(msgspec.Struct, kw_only=True):
    """Our own block; keys of later versions are ignored. Numbers that do not apply are absent, undefined ones null.

    undefined: metric -> why it is null or was left out. confidence_intervals: metric -> both ends at 95 %.
    """

    rows: Rows | None = None
    positive_label: str | None = None
    negative_label: str | None = None
    threshold: float | None = None
    balanced_accuracy: Number = UNSET
    matthews_correlation: Number = UNSET
    log_loss: Number = UNSET
    brier_score: Number = UNSET
    expected_calibration_error: Number = UNSET
    calibration: list[Bin] | None = None
    average_precision: Number = UNSET
    auc_error_bound: Number = UNSET
    macro_recall: Number = UNSET
    macro_precision: Number = UNSET
    macro_f1: Number = UNSET
    classes: dict[str, ClassMetrics] | None = None
    top_k_accuracy: dict[str, float] | None = None
    mean_absolute_percentage_error: Number = UNSET
    zero_labels: int | UnsetType = UNSET
    median_absolute_error: Number = UNSET
    mean_error: Number = UNSET
    residual_quantiles: dict[str, float] | None = None
    confidence_intervals: dict[str, list[float]] | None = None
    undefined: dict[str, str] | None = None
    prediction_drift: dict[str, float] | None = None
    predictions: Predictions | None = None


class Regression(msgspec.Struct):
    """regression_metrics."""

    mae: Measure
    mse: Measure
    rmse: Measure
    r2: Measure
    analyzer: Extra | None = None


class Binary(msgspec.Struct, kw_only=True):
    """binary_classification_metrics; what needs scores is absent without a probability attribute."""

    confusion_matrix: Matrix
    recall: Measure
    precision: Measure
    accuracy: Measure
    recall_best_constant_classifier: Measure
    precision_best_constant_classifier: Measure
    accuracy_best_constant_classifier: Measure
    true_positive_rate: Measure
    true_negative_rate: Measure
    false_positive_rate: Measure
    false_negative_rate: Measure
    receiver_operating_characteristic_curve: RocCurve | None = None
    precision_recall_curve: PrecisionRecallCurve | None = None
    auc: Measure | None = None
    f0_5: Measure
    f1: Measure
    f2: Measure
    f0_5_best_constant_classifier: Measure
    f1_best_constant_classifier: Measure
    f2_best_constant_classifier: Measure
    analyzer: Extra | None = None


class Multiclass(msgspec.Struct):
    """multiclass_classification_metrics; the matrix is null when there are too many classes."""

    confusion_matrix: Matrix | None
    accuracy: Measure
    weighted_recall: Measure
    weighted_precision: Measure
    weighted_f0_5: Measure
    weighted_f1: Measure
    weighted_f2: Measure
    accuracy_best_constant_classifier: Measure
    weighted_recall_best_constant_classifier: Measure
    weighted_precision_best_constant_classifier: Measure
    weighted_f0_5_best_constant_classifier: Measure
    weighted_f1_best_constant_classifier: Measure
    weighted_f2_best_constant_classifier: Measure
    analyzer: Extra | None = None


Metrics = Regression | Binary | Multiclass


class Dataset(msgspec.Struct):
    """item_count: rows read. evaluation_time: when, UTC. analyzer: our own facts about the data set."""

    item_count: int
    evaluation_time: str | None = None
    analyzer: dict[str, Any] | None = None


class QualityStatistics(msgspec.Struct, kw_only=True):
    """The whole file; one of the three blocks."""

    version: float = VERSION
    dataset: Dataset
    regression_metrics: Regression | None = None
    binary_classification_metrics: Binary | None = None
    multiclass_classification_metrics: Multiclass | None = None


def block_of(problem: str) -> str:
    """Key of the block of a problem type: `BinaryClassification` -> `binary_classification_metrics`."""
    return f"{prefix_of(problem)}_metrics"


def prefix_of(problem: str) -> str:
    """Beginning of the keys of a problem type."""
    return {
        "BinaryClassification": "binary_classification",
        "MulticlassClassification": "multiclass_classification",
    }.get(problem, "regression")


def read_predictions(path: Location, problem: str) -> Predictions | None:
    """What the baseline at a path or s3:// URI predicted; None where the file does not tell (the closed image's).

    Raises BaselineError (file, JSON path, what was found, the fix), also for another problem type.
    """
    block = _block(path, problem)
    with decoding(path, QUALITY_STATISTICS):
        found = msgspec.convert(block.get("analyzer") or {}, _Distribution, strict=False).predictions
        for name in ("scores", "values"):
            spread: Spread | None = getattr(found, name, None)
            if spread is not None and not _is_sound(spread):
                raise msgspec.ValidationError(f"{name} is no distribution - at `$.analyzer.predictions.{name}`")
    return found


def read_values(path: Location, problem: str) -> dict[str, float]:
    """The defined recorded metrics of the baseline at a path or s3:// URI, which stand in for missing constraints."""
    block = _block(path, problem)
    kind = {"binary_classification": Binary, "multiclass_classification": Multiclass}.get(
        prefix_of(problem), Regression
    )
    names = [name for name in kind.__struct_fields__ if not name.endswith("_best_constant_classifier")]
    measures = {name: block[name] for name in names if isinstance(block.get(name), dict)}
    values = {name: measure.get("value") for name, measure in measures.items()}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


class _Distribution(msgspec.Struct):
    predictions: Predictions | None = None


def _block(path: Location, problem: str) -> dict[str, Any]:
    data = read_baseline(path, QUALITY_STATISTICS, MAX_BYTES)
    with decoding(path, QUALITY_STATISTICS):
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if block_of(problem) in found:
            return msgspec.json.decode(found[block_of(problem)], type=dict[str, Any])
    raise BaselineError(
        f"{path} holds {', '.join(sorted(found.keys() - {'version', 'dataset'}))}, but problem_type is {problem}. "
        "Hint: give the statistics of a baseline of the same problem type."
    )


def spread_of(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], limit: int) -> Spread:
    """A distribution by at most `limit` of its ascending distinct values.

    Error: exact up to `limit` values; beyond, the share up to a value that was left out is at most 1 / limit
    larger than that of the kept value before it, unless one value alone has more.
    """
    cumulative = np.cumsum(counts)
    if len(values) > limit:
        wanted = np.ceil(np.arange(1, limit + 1) * (cumulative[-1] / limit))
        places = np.unique(np.minimum(np.searchsorted(cumulative, wanted), len(values) - 1))
        values, cumulative = values[places], cumulative[places]
    return Spread(values.tolist(), cumulative.tolist())


def _is_sound(spread: Spread) -> bool:
    values, counts = np.asarray(spread.values), np.asarray(spread.cumulative_counts)
    ascending = bool((np.diff(values) > 0).all() and (np.diff(counts, prepend=0) > 0).all())
    return len(values) == len(counts) and ascending and all(map(math.isfinite, spread.values))
