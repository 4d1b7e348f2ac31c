"""Model quality of a million predictions with labels, merge included, against pandas and scikit-learn in one process.

`python -m benchmarks.model_quality` writes captures and ground truth, runs both as processes of their own and compares
time, peak memory and the numbers themselves. The result is 1 when a target was missed at full size.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs import CORES
from benchmarks.measure import Run, clean_environment, machine, run, versions
from benchmarks.table import Measure, table_of

ROWS, QUICK_ROWS, FILES = 1_000_000, 50_000, 6
CHUNK = 100_000
FASTER, LIGHTER = 5.0, 0.5  # at least so many times as fast, at most that share of the memory
CLOSE = 1e-9  # relative difference of a metric that both compute exactly

CAPTURE = (
    '{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{input}",'
    '"encoding":"CSV"}},"endpointOutput":{{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT",'
    '"data":"{score!r}","encoding":"CSV"}}}},"eventMetadata":{{"eventId":"{event:032x}","inferenceId":"{id}",'
    '"inferenceTime":"2026-01-15T{hour:02}:30:00Z"}},"eventVersion":"0"}}\n'
)
TRUTH = (
    '{{"groundTruthData":{{"data":"{label}","encoding":"CSV"}},"eventMetadata":{{"eventId":"{id}"}},'
    '"eventVersion":"0"}}\n'
)


@dataclass(frozen=True)
class Data:
    """Folders of captures and of ground truth, in another order, of so many predictions."""

    folder: Path
    rows: int

    @property
    def captured(self) -> Path:
        return self.folder / f"captured-{self.rows}"

    @property
    def truth(self) -> Path:
        return self.folder / f"truth-{self.rows}"

    def write(self) -> None:
        """Write what is not there yet; the same bytes every time."""
        if self.truth.exists():
            return
        random = np.random.default_rng(11)
        labels = random.random(self.rows) < 0.3
        scores = 1 / (1 + np.exp(-random.normal(np.where(labels, 0.8, -1.2), 1.3)))
        order = random.permutation(self.rows)
        per_file = -(-self.rows // FILES)
        for hour in range(FILES):
            rows = range(hour * per_file, min(self.rows, (hour + 1) * per_file))
            _write(self.captured / f"ep/v/2026/01/15/{hour:02}/00-00-000-a.jsonl", _captures(rows, scores, hour))
            _write(self.truth / f"2026/01/15/{hour:02}/a.jsonl", _truths(order[rows.start : rows.stop], labels))


def _captures(rows: range, scores: Any, hour: int) -> Iterable[str]:
    for row in rows:
        cells = ",".join(str((row * factor) % 997) for factor in (1, 3, 7, 11, 13, 17, 19, 23))
        yield CAPTURE.format(input=cells, score=float(scores[row]), event=row * 0x9E3779B97F4A7C15, id=row, hour=hour)


def _truths(order: Any, labels: Any) -> Iterable[str]:
    for row in order.tolist():
        yield TRUTH.format(label=int(labels[row]), id=row)


def _write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.writelines(lines)


@dataclass(frozen=True)
class Timed:
    """A run, and the processor seconds of all its processes, which a busy machine changes less than the wall time."""

    run: Run
    processor: float

    @classmethod
    def of(cls, command: Sequence[str], environment: Mapping[str, str]) -> Timed:
        """Run the command."""
        before = _processor_seconds()
        measured = run(command, environment)
        return cls(measured, _processor_seconds() - before)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(data: Data, output: Path) -> tuple[Timed, dict[str, Any]]:
    """One whole job, and the metrics it wrote."""
    settings = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "probability_attribute": "0",
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
        "dataset_source": str(data.captured),
        "ground_truth_source": str(data.truth),
        "output_path": str(output),
        "output_message_file": str(output / "message"),
        "cloudwatch_metrics_directory": str(output / "metrics"),
        "analyzer_processes": str(CORES),
    }
    measured = Timed.of([sys.executable, "-m", "analyzer"], clean_environment(**settings))
    statistics = json.loads((output / "statistics.json").read_text("utf-8"))
    return measured, {"rows": statistics["dataset"]["item_count"], **statistics["binary_classification_metrics"]}


def theirs(data: Data, *flags: str) -> tuple[Timed, dict[str, Any]]:
    """What pandas and scikit-learn need and find."""
    command = [sys.executable, "-m", "benchmarks.quality_peer", str(data.captured), str(data.truth), *flags]
    measured = Timed.of(command, clean_environment())
    return measured, json.loads(measured.run.output.splitlines()[-1])


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Where the two disagree by more than the stated error."""
    own = found["analyzer"]
    wrong = []
    for name, value in expected.items():
        if isinstance(value, float) and (name in found or name in own) and name != "read_seconds":
            mine = found[name]["value"] if name in found else own[name]
            allowed = own["auc_error_bound"] if name == "auc" else 1e-4 if name == "average_precision" else 0.0
            if abs(mine - value) > allowed + CLOSE * abs(value):
                wrong.append(f"{name}: {mine!r}, scikit-learn has {value!r}")
    return wrong


def measures(data: Data, output: Path, repeats: int) -> Iterable[Measure]:
    """Time and memory against both ways of reading; raises when the numbers differ.

    The targets are meant against pandas alone. A script that reads line by line and keeps two fields of each record is
    shown beside it.
    """
    own = [ours(data, output) for _ in range(repeats)]
    best, found = min(own, key=lambda pair: pair[0].run.seconds)
    ways = (("pandas", (), FASTER, LIGHTER), ("json.loads, two fields kept", ("--loads",), None, None))
    for name, flags, faster, lighter in ways:
        other, expected = theirs(data, *flags)
        wrong = differences(found, expected)
        if wrong or found["rows"] != expected["rows"]:
            raise ValueError("; ".join([f"{found['rows']} and {expected['rows']} rows", *wrong]))
        what = f"model quality of {data.rows:,}, scikit-learn after {name} / whole job"
        yield _times(f"{what}, wall", best.run.seconds, other.run.seconds, faster)
        yield _times(f"{what}, processor time", best.processor, other.processor, None)
        memory = (best.run.pss / 10**6, other.run.pss / 10**6)
        shown = (f"{memory[0]:.0f} MB", f"{memory[1]:.0f} MB")
        yield Measure(f"{what}, peak PSS, ours / theirs", *shown, memory[0] / max(1.0, memory[1]), lighter)


def _times(what: str, seconds: float, other: float, limit: float | None) -> Measure:
    return Measure(what, f"{seconds:.2f} s", f"{other:.2f} s", other / seconds, limit, at_least=True)


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_ROWS:,} predictions, for which no target is meant"
    )
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    parser.add_argument("--repeats", type=int, default=3, help="runs of ours, of which the best counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder.resolve() if arguments.folder else Path(temporary)
        data = Data(folder, QUICK_ROWS if arguments.quick else ROWS)
        data.write()
        found = list(measures(data, folder / "report", arguments.repeats))
    libraries = versions(("numpy", "pyarrow", "pandas", "scikit-learn"))
    print(f"On {machine()}; {libraries}; {CORES} processes.\n\n{table_of(found)}")
    return 0 if arguments.quick or all(measure.is_kept for measure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
