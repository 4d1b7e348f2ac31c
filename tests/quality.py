"""Model-quality jobs as tests start them: rows in, metrics out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.jobs import Finished, monitor, run_job, write_captures

MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
CAPTURED = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}'
BLOCKS = {
    "BinaryClassification": "binary_classification_metrics",
    "MulticlassClassification": "multiclass_classification_metrics",
    "Regression": "regression_metrics",
}


@dataclass(frozen=True)
class Measured:
    """A finished model-quality job."""

    job: Finished

    @property
    def statistics(self) -> Any:
        return self.job.document("statistics.json")

    @property
    def block(self) -> Any:
        found = self.statistics
        return next(found[name] for name in BLOCKS.values() if name in found)

    @property
    def own(self) -> Any:
        """Our part of the block."""
        return self.block["analyzer"]

    @property
    def rows(self) -> Any:
        """Where the rows went."""
        return self.own["rows"]

    @property
    def notices(self) -> str:
        return "\n".join(self.statistics["dataset"]["analyzer"]["notices"])

    @property
    def broken(self) -> dict[str, str]:
        """Metric and sentence of every violation."""
        return {each["metric_name"]: each["description"] for each in self.job.violations}

    def value(self, name: str) -> Any:
        return self.block[name]["value"]


def table(path: Path, rows: Iterable[Sequence[object]], header: Sequence[str] = ("label", "prediction")) -> Path:
    """A CSV file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *(["" if cell is None else cell for cell in row] for row in rows)])
    return path.parent


def merged(
    output: str, truth: str | None, event: str = "e", encodings: tuple[str, str] = ("CSV", "CSV")
) -> dict[str, Any]:
    """A capture record with its ground truth."""
    side = {"observedContentType": None, "mode": "OUTPUT", "data": output, "encoding": encodings[0]}
    record: dict[str, Any] = {
        "captureData": {"endpointOutput": side},
        "eventMetadata": {"eventId": event, "inferenceTime": "2026-01-01T00:30:00Z"},
        "eventVersion": "0",
    }
    if truth is not None:
        record["groundTruthData"] = {"data": truth, "encoding": encodings[1]}
    return record


def truth(identity: str, data: str = "1", encoding: str = "CSV") -> dict[str, Any]:
    """A ground truth record."""
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": identity},
        "eventVersion": "0",
    }


def written(folder: Path, records: Iterable[dict[str, Any]], name: str = "in") -> Path:
    """A folder with the records in one file of one hour."""
    write_captures(folder / name / "ep/v/2026/01/01/00/00-00-000-a.jsonl", records)
    return folder / name


def learnt(folder: Path, source: Path, problem: str = "BinaryClassification", **settings: Any) -> Measured:
    """A baseline job; the label's column is `label`, and `options` are those of analyzer_config."""
    if options := settings.pop("options", None):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "options.json").write_text(json.dumps(options))
        settings["analyzer_config"] = folder / "options.json"
    settings = {"analysis_type": "MODEL_QUALITY", "problem_type": problem, **settings}
    if "dataset_format" not in settings:
        settings |= {"dataset_format": '{"csv": {"header": true}}', "ground_truth_attribute": "label"}
    return Measured(run_job(folder / "out", source, **settings))


def watched(folder: Path, source: Path, baseline: Measured, **settings: Any) -> Measured:
    """A monitoring job against a baseline's documents."""
    if options := settings.pop("options", None):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "options.json").write_text(json.dumps(options))
        settings["analyzer_config"] = folder / "options.json"
    problem = next(name for name, block in BLOCKS.items() if block in baseline.statistics)
    settings = {"analysis_type": "MODEL_QUALITY", "problem_type": problem, **settings}
    if "dataset_format" not in settings:
        settings |= {"dataset_format": '{"csv": {"header": true}}', "ground_truth_attribute": "label"}
    return Measured(monitor(folder / "watched", source, baseline.job.output, **settings))
