"""The numbers of a model-quality report the way a data scientist gets them: pandas merges, scikit-learn measures.

A process of its own that prints what it found as one line of JSON. Reading: `pandas.read_json(lines=True)`, or with
`--loads` line by line with Python's json, keeping only what is needed.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.calibration import calibration_curve

SAMPLES, SHARE, THRESHOLD, BINS = 5, 0.8, 0.5, 10


def by_pandas(folder: Path, block: str) -> pd.DataFrame:
    """Id and payload of every record, read by pandas."""
    frames = [pd.read_json(path, lines=True, dtype=False) for path in sorted(folder.rglob("*.jsonl"))]
    frame = pd.concat(frames, ignore_index=True)
    side = frame["captureData"].str[block] if block == "endpointOutput" else frame[block]
    metadata = frame["eventMetadata"]
    known = metadata.str["inferenceId"] if block == "endpointOutput" else metadata.str["eventId"]
    return pd.DataFrame({"id": known, "value": side.str["data"]})


def by_loads(folder: Path, block: str) -> pd.DataFrame:
    """The same, line by line."""
    ids, values = [], []
    for path in sorted(folder.rglob("*.jsonl")):
        with path.open() as file:
            for record in map(json.loads, file):
                is_capture = block == "endpointOutput"
                ids.append(record["eventMetadata"]["inferenceId" if is_capture else "eventId"])
                values.append((record["captureData"] if is_capture else record)[block]["data"])
    return pd.DataFrame({"id": ids, "value": values})


def recorded(label: Any, score: Any) -> dict[str, float]:
    """The metrics that the closed image reports."""
    predicted = (score > THRESHOLD).astype(np.int8)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(label, predicted).tolist()
    found = {
        "recall": metrics.recall_score(label, predicted),
        "precision": metrics.precision_score(label, predicted, zero_division=0),
        "accuracy": metrics.accuracy_score(label, predicted),
        "true_negative_rate": tn / (tn + fp),
        "false_negative_rate": fn / (fn + tp),
        "auc": metrics.roc_auc_score(label, score),
    }
    for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
        found[name] = metrics.fbeta_score(label, predicted, beta=beta, zero_division=0)
    return found


def measured(frame: pd.DataFrame) -> dict[str, Any]:
    """All numbers: metrics, their deviations, curves, calibration."""
    label, score = frame["label"].to_numpy(), frame["score"].to_numpy()
    predicted = (score > THRESHOLD).astype(np.int8)
    constant = np.full(len(label), int(label.mean() > 0.5))
    samples = [frame.sample(frac=SHARE, random_state=seed) for seed in range(SAMPLES)]
    values = [recorded(sample["label"].to_numpy(), sample["score"].to_numpy()) for sample in samples]
    return {
        **recorded(label, score),
        "deviations": {name: float(np.std([value[name] for value in values])) for name in values[0]},
        "constant_accuracy": metrics.accuracy_score(label, constant),
        "roc_points": len(metrics.roc_curve(label, score)[0]),
        "precision_recall_points": len(metrics.precision_recall_curve(label, score)[0]),
        "log_loss": metrics.log_loss(label, score),
        "brier_score": metrics.brier_score_loss(label, score),
        "average_precision": metrics.average_precision_score(label, score),
        "calibration": len(calibration_curve(label, score, n_bins=BINS)[0]),
        "balanced_accuracy": metrics.balanced_accuracy_score(label, predicted),
        "matthews_correlation": metrics.matthews_corrcoef(label, predicted),
    }


def main() -> None:
    """`python -m benchmarks.quality_peer captured truth`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captured", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--loads", action="store_true", help="read with Python's json")
    arguments = parser.parse_args()
    read = by_loads if arguments.loads else by_pandas
    began = time.perf_counter()
    captured, truth = read(arguments.captured, "endpointOutput"), read(arguments.truth, "groundTruthData")
    seconds = time.perf_counter() - began
    frame = captured.merge(truth, on="id", suffixes=("_captured", "_truth"))
    frame = pd.DataFrame(
        {"label": frame["value_truth"].astype(np.int8), "score": frame["value_captured"].astype(np.float64)}
    )
    versions = ", ".join(f"{name} {version(name)}" for name in ("pandas", "scikit-learn", "numpy"))
    found = {"versions": f"{versions} on Python {platform.python_version()}", "read_seconds": seconds}
    print(json.dumps({**found, "rows": len(frame), **measured(frame)}))


if __name__ == "__main__":
    main()
