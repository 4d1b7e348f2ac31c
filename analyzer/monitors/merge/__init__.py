"""Merge job: captured records with their ground truth, written as files."""

from analyzer.monitors.merge.run import run

__all__ = ["run"]
