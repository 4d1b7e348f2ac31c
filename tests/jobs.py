"""Jobs as tests start them: folders in, documents out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.job import Job, Outcome
from analyzer.log import Progress
from analyzer.monitors.analysis import run

CAPTURE = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'


@dataclass(frozen=True)
class Finished:
    """A finished job and its output folder."""

    outcome: Outcome
    output: Path

    def document(self, name: str) -> Any:
        """A JSON document, read by a strict parser."""
        return json.loads((self.output / name).read_text("utf-8"), parse_constant=_refuse)

    @property
    def features(self) -> dict[str, Any]:
        """Features of statistics.json by name."""
        return {feature["name"]: feature for feature in self.document("statistics.json")["features"]}

    @property
    def violations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document("constraint_violations.json")["violations"]
        return found

    @property
    def checks(self) -> set[tuple[str, str]]:
        """(feature, check) of every violation."""
        return {(each["feature_name"], each["constraint_check_type"]) for each in self.violations}


def run_job(output: Path, source: Path | str, **settings: object) -> Finished:
    """Run a job in this process, with one worker unless `analyzer_processes` says otherwise."""
    values = {
        "dataset_source": str(source),
        "output_path": str(output),
        "output_message_file": str(output / "message"),
        "cloudwatch_metrics_directory": str(output / "metrics"),
        "analyzer_processes": "1",
        **{name: str(value) for name, value in settings.items()},
    }
    return Finished(run(Job.from_values(values), Progress(io.StringIO())), output)


def monitor(output: Path, source: Path | str, baseline: Path, **settings: object) -> Finished:
    """Run a monitoring job against the documents in a baseline's output folder."""
    return run_job(
        output,
        source,
        baseline_constraints=baseline / "constraints.json",
        baseline_statistics=baseline / "statistics.json",
        **settings,
    )


def capture(
    data_in: str | None,
    data_out: str | None,
    event: str = "e1",
    encodings: tuple[str, str] = ("CSV", "CSV"),
    **metadata: object,
) -> dict[str, Any]:
    """A capture record; a side given as None is not captured, and `time` among the metadata is the inferenceTime."""
    sides = {
        name: {"observedContentType": "text/csv", "mode": name[8:].upper(), "data": data, "encoding": encoding}
        for name, data, encoding in zip(
            ("endpointInput", "endpointOutput"), (data_in, data_out), encodings, strict=True
        )
        if data is not None
    }
    time = metadata.pop("time", "2026-01-01T00:00:00Z")
    named = {"eventId": event, "inferenceTime": time, **metadata}
    return {"captureData": sides, "eventMetadata": named, "eventVersion": "0"}


def truth(event: str, data: str, encoding: str | None = "CSV") -> dict[str, Any]:
    """A ground truth record."""
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": event},
        "eventVersion": "0",
    }


def write_captures(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """Write records as a capture file; parents are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
