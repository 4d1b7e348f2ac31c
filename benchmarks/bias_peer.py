"""What bias metrics cost with smclarify, a process of its own that prints its times and numbers as one line of JSON.

Reads the CSV file with pandas, then asks for every metric but the flip test, facet after facet.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
import warnings
from pathlib import Path
from typing import Any

from benchmarks.bias import CONFIG, POST_METRICS, PRE_METRICS


def main() -> None:
    """`python -m benchmarks.bias_peer table.csv`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import pandas as pd  # noqa: PLC0415 - its start is not part of the measure
    from smclarify.bias import report  # noqa: PLC0415 - neither is the library's

    began = time.perf_counter()
    frame = pd.read_csv(arguments.table)
    read = time.perf_counter() - began
    used = time.process_time()
    facets = {facet["name_or_index"]: _facet(report, frame, facet) for facet in CONFIG["facet"]}
    total = time.perf_counter() - began
    used = time.process_time() - used
    times = {"read_seconds": read, "seconds": total - read, "cpu_seconds": used}
    print(json.dumps({**times, "rows": len(frame), "facets": facets}))


def _facet(report: Any, frame: Any, facet: dict[str, Any]) -> dict[str, float]:
    """Metrics of one facet by name."""
    label = report.LabelColumn(CONFIG["label"], frame[CONFIG["label"]], list(CONFIG["label_values_or_threshold"]))
    answer = CONFIG["predicted_label"]
    predicted = report.LabelColumn(answer, frame[answer], list(CONFIG["label_values_or_threshold"]))
    column = report.FacetColumn(facet["name_or_index"], list(facet["value_or_threshold"]))
    group = frame[CONFIG["group_variable"]]
    before, after = report.StageType.PRE_TRAINING, report.StageType.POST_TRAINING
    found = report.bias_report(frame, column, label, before, metrics=list(PRE_METRICS), group_variable=group)
    found += report.bias_report(frame, column, label, after, predicted, list(POST_METRICS), group)
    return {metric["name"]: metric["value"] for entry in found for metric in entry["metrics"]}


if __name__ == "__main__":
    main()
