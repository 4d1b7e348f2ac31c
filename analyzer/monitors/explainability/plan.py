"""Plan: what an explainability job is asked to do, checked before any data is read."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.analysis_config import AnalysisConfig, Predictor, Shap, read_analysis_config
from analyzer.errors import BaselineError, ConfigError
from analyzer.job import Job
from analyzer.predictors.forest import Forest
from analyzer.reports import explanations
from analyzer.reports.explanations import How, Known

KERNEL_ROWS, TREE_ROWS, STRICT_ROWS = 1_000, 10_000, 100_000  # explained at most when nobody says how many
MOST_FEATURES = 4096  # of Kernel SHAP


@dataclass(frozen=True)
class Plan:
    """A job's configuration, and its baseline if it is a monitoring run."""

    job: Job
    config: AnalysisConfig
    known: Known | None

    @property
    def shap(self) -> Shap:
        return self.config.methods.shap or Shap()

    @property
    def predictor(self) -> Predictor | None:
        return self.config.predictor

    @property
    def path(self) -> str | None:
        """JMESPath expression of the features."""
        return self.job.features_attribute or self.config.features

    @property
    def how(self) -> How:
        """How the baseline was made, as far as it says so."""
        return self.known.how if self.known and self.known.how else How()

    @property
    def kernel_unit(self) -> str:
        """What Kernel SHAP explains: the prediction, or its log-odds."""
        return "log_odds" if self.shap.use_logit else "prediction"

    def looks_into(self, forest: Forest) -> bool:
        """Whether a model of trees is explained by TreeSHAP; else it is asked by Kernel SHAP.

        By default it is, unless its margins are not what is to be explained: with use_logit, or when the baseline was
        made of predictions. A run and its baseline must speak of the same output.
        """
        if self.job.is_strict or self.shap.method != "auto":
            return self.shap.method == "tree" and not self.job.is_strict
        if tree_unit(forest) == self.kernel_unit:
            return True
        return not self.shap.use_logit and (self.known is None or self.how.method == "tree")


def tree_unit(forest: Forest) -> str:
    """What TreeSHAP explains of a forest."""
    if forest.is_additive:
        return "prediction"
    return "log_odds" if forest.link == "logistic" else "margin"


def plan_of(job: Job) -> Plan:
    """The plan of a job. Raises ConfigError and BaselineError."""
    config = read_analysis_config(job.analysis_config)
    shap = config.methods.shap or Shap()
    for name in ("text_config", "image_config"):
        if getattr(shap, name) is not None:
            raise ConfigError(
                f"analysis_config at $.methods.shap.{name}: text and images are not explained, only tabular data. "
                "Hint: remove it."
            )
    if shap.baseline is not None and shap.num_clusters is not None:
        raise ConfigError(
            "analysis_config at $.methods.shap: baseline and num_clusters are both given. Hint: remove one of them."
        )
    artifact = config.predictor.artifact if config.predictor else None
    if shap.method == "tree" and (artifact is None or (config.predictor and config.predictor.script)):
        raise ConfigError(
            'analysis_config at $.methods.shap.method: "tree" needs a model file. Hint: set predictor.artifact.'
        )
    return Plan(job, config, _known(job))


def _known(job: Job) -> Known | None:
    if job.is_baseline:
        return None
    path = job.baseline_constraints
    if path is None:
        raise BaselineError(
            "baseline_statistics: an explainability monitor has none. "
            "Hint: give baseline_constraints the analysis.json of its baseline."
        )
    return explanations.read_explanations(path)
