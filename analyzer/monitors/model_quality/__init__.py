"""Model quality: how right a model is, once the truth is known."""

from analyzer.monitors.model_quality.run import run

__all__ = ["run"]
