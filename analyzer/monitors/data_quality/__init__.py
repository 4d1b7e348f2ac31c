"""Data quality: profile a data set, suggest constraints, compare with a baseline."""

from analyzer.monitors.data_quality.run import run

__all__ = ["run"]
