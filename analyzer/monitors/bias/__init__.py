"""Bias: metrics of the labels and predictions of sensitive groups, and their drift from a baseline."""

from analyzer.monitors.bias.run import run

__all__ = ["run"]
