"""Constraints a baseline job suggests from the statistics it measured.

Source: contract.md 6.1 (recorded files); user_requests.md 83 (the generated defaults, not the documented ones).
"""

from __future__ import annotations

from typing import Any

from analyzer.reports.baseline import VERSION
from analyzer.reports.constraints import Constraints, parse
from analyzer.reports.statistics import NUMERIC, Feature, Statistics


def suggest(statistics: Statistics, categorical_drift_method: str = "LInfinity") -> Constraints:
    """Completeness as measured, the sign of numeric columns, and the texts of columns with few of them.

    categorical_drift_method: LInfinity or ChiSquared. A column that failed keeps its type only.
    """
    rows = statistics.dataset.item_count
    document = {
        "version": VERSION,
        "features": [_feature(feature, rows) for feature in statistics.features],
        "monitoring_config": _monitoring(categorical_drift_method),
    }
    return parse(document, "suggested constraints")


def _feature(feature: Feature, rows: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": feature.name, "inferred_type": feature.inferred_type}
    common, numbers, categories = feature.common, feature.numerical_statistics, feature.categories
    if common and rows:
        entry["completeness"] = common.num_present / rows
    if numbers and numbers.min is not None and feature.inferred_type in NUMERIC:
        entry["num_constraints"] = {"is_non_negative": numbers.min >= 0}
    elif categories:
        entry["string_constraints"] = {"domains": list(categories)}
    return entry


def _monitoring(categorical_drift_method: str) -> dict[str, Any]:
    return {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
            "categorical_comparison_threshold": 0.1,
            "categorical_drift_method": categorical_drift_method,
        },
    }
