"""Request: what a model-quality job asks for, checked before any data is read.

Source: contract.md 1.2, 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.counting.labels import one
from analyzer.errors import ConfigError
from analyzer.job import Job

BINARY, MULTICLASS, REGRESSION = "BinaryClassification", "MulticlassClassification", "Regression"
DEFAULT_THRESHOLD = 0.5
TABULAR = ("csv", "json", "jsonlines", "parquet")


@dataclass(frozen=True)
class Request:
    """A problem type and where to find things, as the user wrote it.

    prediction: of the predicted label or value. score: of the score, or of the scores per class. label: of the actual
    label or value; None means the ground truth itself. threshold: scores above it are positive. positive: the class
    that counts as positive, None when the data must tell.
    """

    problem: str
    prediction: str | None
    score: str | None
    label: str | None
    threshold: float = DEFAULT_THRESHOLD
    has_default_threshold: bool = True
    positive: str | None = None

    @classmethod
    def of(cls, job: Job) -> Request:
        """The job's request; one ConfigError names all that is wrong with it."""
        problems = _problems(job)
        if problems:
            raise ConfigError(f"analysis_type=MODEL_QUALITY: {' '.join(problems)}")
        threshold = job.probability_threshold_attribute
        return cls(
            job.problem_type or REGRESSION,
            job.inference_attribute,
            job.probability_attribute,
            job.ground_truth_attribute,
            DEFAULT_THRESHOLD if threshold is None else threshold,
            threshold is None,
            one(job.positive_label) if job.positive_label else None,
        )


def _problems(job: Job) -> list[str]:
    found = []
    if job.problem_type is None:
        found.append(f"problem_type is not set. Hint: set it to {BINARY}, {MULTICLASS} or {REGRESSION}.")
    if job.problem_type == REGRESSION and not job.inference_attribute:
        found.append("inference_attribute is not set. Hint: name the column of the predicted value.")
    elif not (job.inference_attribute or job.probability_attribute):
        found.append(
            "neither inference_attribute nor probability_attribute is set. Hint: name the column of the predicted "
            "label, of the score, or both."
        )
    form = job.dataset_format
    if form is not None and form.kind in TABULAR and not job.ground_truth_attribute and not job.ground_truth_source:
        found.append("ground_truth_attribute is not set. Hint: name the column of the actual label or value.")
    return found
