"""The explainability monitor: how much each feature contributes to predictions, and whether that changed."""

from analyzer.monitors.explainability.run import run

__all__ = ["run"]
