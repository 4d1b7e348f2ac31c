"""Request: what a bias job asks for, checked before any data is read.

Source: bias_explainability.md 4, contract.md 8.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.analysis_config import AnalysisConfig, Asked, Facet, Value, read_analysis_config
from analyzer.errors import ConfigError, nearest
from analyzer.job import Job
from analyzer.views.bias_metrics import NAMES, POST, PRE

DEFAULT_THRESHOLD = 0.5
MOST_FACETS = 100
MODELS = ("artifact", "script", "url", "endpoint_name", "endpoint_name_prefix", "model_name")
_ELSEWHERE = ("facet_dataset_uri", "facet_headers", "predicted_label_dataset_uri", "predicted_label_headers")


@dataclass(frozen=True)
class Request:
    """The configuration and what the job's variables say beside it.

    metrics: names by stage. label, predicted, score: as the user wrote them; what the predictor says of its answers is
    not among them. predicted_setting: where predicted was written. threshold: scores above it are positive.
    predictions_wanted: metrics after training are asked for by name or by section, not only by default. asks_model: a
    model answers where the data has no predictions.
    """

    config: AnalysisConfig
    metrics: dict[str, tuple[str, ...]]
    label: str | int | None
    predicted: str | int | None
    score: str | int | None
    threshold: float
    features: str | None
    predictions_wanted: bool
    asks_model: bool = False
    predicted_setting: str = "inference_attribute"

    @classmethod
    def of(cls, job: Job) -> Request:
        """The job's request; one ConfigError names all that is wrong with it."""
        return cls.of_config(read_analysis_config(job.analysis_config), job)

    @classmethod
    def of_config(cls, config: AnalysisConfig, job: Job) -> Request:
        """The request of a configuration that was read already; errors as above."""
        problems = list(_problems(config))
        if problems:
            raise ConfigError(f"{job.analysis_config}: {' '.join(problems)}")
        methods = config.methods
        nothing_said = methods.pre_training_bias is None and methods.post_training_bias is None
        given = job.probability_threshold_attribute
        threshold = config.probability_threshold if given is None else given
        return cls(
            config,
            {
                PRE: _names(methods.pre_training_bias, PRE, default=nothing_said),
                POST: _names(methods.post_training_bias, POST, default=nothing_said),
            },
            job.ground_truth_attribute or config.label,
            config.predicted_label if job.inference_attribute is None else job.inference_attribute,
            job.probability_attribute,
            DEFAULT_THRESHOLD if threshold is None else float(threshold),
            job.features_attribute or config.features,
            methods.post_training_bias is not None,
            _names_a_model(job, config),
            "analysis_config at $.predicted_label" if job.inference_attribute is None else "inference_attribute",
        )

    def answer(self, *, captured: bool) -> tuple[str | int | None, str | int | None]:
        """Where the predicted label and the score are; the predictor's paths lead into captured answers, too."""
        said = self.config.predictor
        if self.predicted is not None or self.score is not None or said is None or not captured:
            return self.predicted, self.score
        return said.label, said.probability

    def answer_settings(self, *, captured: bool) -> tuple[str, str]:
        """The settings that name the predicted label and the score, for messages."""
        said = self.predicted is None and self.score is None and self.config.predictor is not None and captured
        if said:
            return "analysis_config at $.predictor.label", "analysis_config at $.predictor.probability"
        return self.predicted_setting, "probability_attribute"

    @property
    def facets(self) -> tuple[Facet, ...]:
        return self.config.facets

    @property
    def label_values(self) -> tuple[Value, ...]:
        return self.config.label_values

    @property
    def headers(self) -> tuple[str, ...]:
        """Names of the columns, in order; empty when the data has its own."""
        return tuple(self.config.headers or ())


def _names_a_model(job: Job, config: AnalysisConfig) -> bool:
    given = (config.predicted_label, job.inference_attribute, job.probability_attribute)
    return (
        config.predictor is not None
        and any(getattr(config.predictor, name) for name in MODELS)
        and not any(each is not None for each in given)
    )


def _names(asked: Asked | None, stage: str, *, default: bool) -> tuple[str, ...]:
    if asked is None:
        return NAMES[stage] if default else ()
    return NAMES[stage] if asked.names is None else tuple(name for name in NAMES[stage] if name in asked.names)


def _problems(config: AnalysisConfig) -> Iterator[str]:
    if not config.facets:
        yield '$.facet is missing. Hint: name a sensitive column, such as [{"name_or_index": "Sex"}].'
    if len(config.facets) > MOST_FACETS:
        yield f"$.facet has more than {MOST_FACETS} entries. Hint: run several jobs."
    if not config.label_values:
        yield "$.label_values_or_threshold is missing. Hint: list the positive labels, such as [1]."
    if len(config.label_values) > 1 and config.predictor and config.predictor.probability and not config.label:
        yield "$.label is missing. Hint: name the column of the actual label."
    for stage, asked in ((PRE, config.methods.pre_training_bias), (POST, config.methods.post_training_bias)):
        for name in (asked.names or ()) if asked else ():
            if name not in NAMES[stage]:
                yield f"$.methods.{stage}_bias.methods: {name[:60]!r} is no metric.{nearest(name[:60], NAMES[stage])}"
    for key in _ELSEWHERE:
        if getattr(config, key) is not None:
            yield f"$.{key}: columns of another data set are not read. Hint: put them into the data set itself."
