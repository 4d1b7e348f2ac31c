"""Explainability jobs as tests start them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.batch import Floats
from tests.jobs import Finished, capture, run_job, write_captures
from tests.predictors.models import FEATURES, data
from tests.predictors.server import Answering

NAMES = [f"f{at}" for at in range(FEATURES)]
WEIGHTS = [2.0, -1.0, 0.5, 0.1, 0.0, 0.0]
BASELINE = [[0.0] * 6]
SHAP: dict[str, Any] = {"baseline": BASELINE}


def rows(count: int = 60, *, swapped: bool = False) -> Floats:
    """Rows without missing cells; swapped: the first and the last columns change places."""
    found = np.nan_to_num(data()[0][:count])
    return found[:, ::-1] if swapped else found


def write_rows(folder: Path, values: Floats, names: list[str] | None = None) -> Path:
    """A CSV data set with a header."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(names or NAMES), *(",".join(map(repr, row)) for row in values.tolist())]
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_requests(folder: Path, values: Floats) -> Path:
    """Captured requests of one row each."""
    records = [capture(",".join(map(repr, row)), "0.5", event=f"e{at}") for at, row in enumerate(values.tolist())]
    write_captures(folder / "a.jsonl", records)
    return folder


def explain(output: Path, source: Path, config: dict[str, Any], **settings: object) -> Finished:
    """Run a job with that analysis_config.json."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "analysis_config.json"
    path.write_text(json.dumps(config))
    return run_job(output, source, analysis_type="MODEL_EXPLAINABILITY", analysis_config=path, **settings)


def weighted(weights: list[float]) -> Answering:
    """A logistic model of CSV rows."""

    def answer(body: bytes, kind: str) -> tuple[int, str, bytes]:
        del kind
        values = np.array([[float(cell or "nan") for cell in row.split(",")] for row in body.decode().split("\n")])
        scores = 1 / (1 + np.exp(-values @ np.array(weights)))
        return 200, "text/csv", "\n".join(map(repr, scores.tolist())).encode()

    return answer


def values_of(finished: Finished, label: str = "label0") -> dict[str, float]:
    found: dict[str, float] = finished.document("analysis.json")["explanations"]["kernel_shap"][label][
        "global_shap_values"
    ]
    return found


def how_of(finished: Finished) -> dict[str, Any]:
    found: dict[str, Any] = finished.document("analysis.json")["analyzer"]["explanations"]
    return found


def with_url(url: str, **shap: Any) -> dict[str, Any]:
    return {"methods": {"shap": SHAP | shap}, "predictor": {"url": url}}


def baseline_of(folder: Path, config: dict[str, Any]) -> Path:
    return explain(folder / "base", write_rows(folder / "in", rows()), config).output / "analysis.json"


def linear(body: bytes) -> tuple[int, str, bytes]:
    values = np.array([row.split(",") for row in body.decode().split("\n")], float)
    return 200, "text/csv", "\n".join(map(repr, (values @ [1.0, 2, 3, 4, 5, 6]).tolist())).encode()
