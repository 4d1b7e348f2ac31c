"""Bias jobs as tests start them: tables or captures in, documents out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.jobs import Finished, capture, run_job, write_captures

MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
HEADER = ("age", "sex", "y", "p")
CONFIG: dict[str, Any] = {
    "label": "y",
    "predicted_label": "p",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": [0]}],
    "group_variable": "age",
}


def people(count: int = 80) -> list[list[Any]]:
    """Age, sex, label and prediction; the predictions miss a third of the positive labels of sex 0."""
    return [[20 + at % 5, at % 2, int(at % 3 == 0), int(at % 3 == 0 and (at % 2 == 1 or at % 9 != 0))]
            for at in range(count)]  # fmt: skip


def write_table(folder: Path, rows: Iterable[Sequence[Any]], header: Sequence[str] | None = HEADER) -> Path:
    """A CSV data set, with a header line unless there is none; None is an empty cell."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "data.csv").open("w", newline="") as file:
        cells = [["" if cell is None else cell for cell in row] for row in rows]
        csv.writer(file, lineterminator="\n").writerows([*([header] if header else []), *cells])
    return folder


def merged(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Captured records of one CSV row each: features in, prediction out, label as ground truth."""
    return [
        {
            **capture(",".join(map(str, features)), str(prediction), event=f"e{at}"),
            "groundTruthData": {"data": str(label), "encoding": "CSV"},
        }
        for at, (*features, label, prediction) in enumerate(rows)
    ]


def write_merged(folder: Path, rows: Iterable[Sequence[Any]]) -> Path:
    write_captures(folder / "ep/AllTraffic/2026/01/01/00/a.jsonl", merged(rows))
    return folder


def analyse(folder: Path, source: Path, config: Mapping[str, Any] | None = None, **settings: object) -> Finished:
    """Run a bias job with that configuration; options: of the file analyzer_config."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "analysis_config.json").write_text(json.dumps(CONFIG if config is None else dict(config)))
    options = settings.pop("options", None)
    if options is not None:
        (folder / "options.json").write_text(json.dumps(options))
        settings["analyzer_config"] = folder / "options.json"
    path = folder / "analysis_config.json"
    return run_job(folder / "out", source, analysis_type="MODEL_BIAS", analysis_config=path, **settings)


def values(finished: Finished, stage: str = "post_training", at: int = 0, facet: str = "sex") -> dict[str, Any]:
    """Metrics of an entry by name."""
    entry = finished.document("analysis.json")[f"{stage}_bias_metrics"]["facets"][facet][at]
    return {metric["name"]: metric["value"] for metric in entry["metrics"]}


def notices(finished: Finished) -> str:
    return "\n".join(finished.document("analysis.json")["analyzer"]["notices"])
