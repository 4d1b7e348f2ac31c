"""Bias metrics of a million rows, three facets and a group variable, against smclarify on the same file.

`python -m benchmarks.bias` writes the data, runs both as processes of their own and compares their times and numbers;
the flip test is left out on both sides. Ours is the whole job, its start, the parsing and the reports included; theirs
are the metrics alone, without its start and without reading the file. The result is 1 when the target was missed.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs import CORES
from benchmarks.measure import Run, best, clean_environment, machine, run, versions
from benchmarks.table import Measure, table_of

ROWS, QUICK_ROWS = 1_000_000, 50_000
FASTER = 10.0
REPEATS = 3
CLOSE = 1e-9  # relative difference of a metric
PRE_METRICS = ("CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD")
POST_METRICS = ("AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE")
CONFIG: dict[str, Any] = {
    "label": "approved",
    "predicted_label": "predicted",
    "label_values_or_threshold": [1],
    "facet": [
        {"name_or_index": "sex", "value_or_threshold": [0]},
        {"name_or_index": "origin", "value_or_threshold": ["north", "east"]},
        {"name_or_index": "household", "value_or_threshold": [1, 2]},
    ],
    "group_variable": "region",
    "methods": {
        "pre_training_bias": {"methods": list(PRE_METRICS)},
        "post_training_bias": {"methods": list(POST_METRICS)},
    },
}


def write(path: Path, rows: int) -> Path:
    """A CSV file of so many applications; the same bytes every time."""
    if path.exists():
        return path
    import pyarrow as pa  # noqa: PLC0415 - the peer shares this module and does without
    from pyarrow import csv  # noqa: PLC0415

    random = np.random.default_rng(3)
    sex, household = random.integers(0, 2, rows), random.integers(1, 7, rows)
    origin = random.choice(["north", "east", "south", "west"], rows, p=[0.1, 0.2, 0.3, 0.4])
    score = random.normal(0, 1, rows) + 0.4 * sex - 0.05 * household
    columns = {
        "sex": sex,
        "origin": origin,
        "household": household,
        "region": random.integers(0, 50, rows),
        "age": random.integers(18, 90, rows),
        "income": np.round(random.lognormal(10, 0.5, rows), 2),
        "debt": np.round(random.lognormal(8, 1, rows), 2),
        "years": random.integers(0, 40, rows),
        "approved": (score + random.normal(0, 0.7, rows) > 0.5).astype(np.int64),
        "predicted": (score > 0.6).astype(np.int64),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    csv.write_csv(pa.table(columns), path)
    return path


def ours(table: Path, output: Path) -> tuple[Run, dict[str, dict[str, float]]]:
    """One whole job, and its metrics by facet."""
    output.mkdir(parents=True, exist_ok=True)
    (output / "analysis_config.json").write_text(json.dumps(CONFIG))
    settings = {
        "analysis_type": "MODEL_BIAS",
        "analysis_config": str(output / "analysis_config.json"),
        "dataset_source": str(table),
        "dataset_format": '{"csv": {"header": true}}',
        "output_path": str(output),
        "output_message_file": str(output / "message"),
        "cloudwatch_metrics_directory": str(output / "metrics"),
        "analyzer_processes": str(CORES),
    }
    measured = run([sys.executable, "-m", "analyzer"], clean_environment(**settings))
    document = json.loads((output / "analysis.json").read_text("utf-8"))
    stages = [document[name] for name in ("pre_training_bias_metrics", "post_training_bias_metrics")]
    found: dict[str, dict[str, float]] = {}
    for facet, entries in (item for stage in stages for item in stage["facets"].items()):
        found.setdefault(facet, {}).update({each["name"]: each["value"] for each in entries[0]["metrics"]})
    return measured, found


def cpu_seconds() -> float:
    """Of all commands that have ended: what they used of the cores, whatever else was running."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def theirs(table: Path) -> tuple[Run, dict[str, Any]]:
    """What smclarify needs and finds."""
    measured = run([sys.executable, "-m", "benchmarks.bias_peer", str(table)], clean_environment())
    return measured, json.loads(measured.output.splitlines()[-1])


def differences(found: dict[str, dict[str, float]], expected: dict[str, dict[str, float]]) -> list[str]:
    """Where the two disagree."""
    return [
        f"{facet} {name}: {found[facet][name]} and {value}"
        for facet, metrics in expected.items()
        for name, value in metrics.items()
        if not math.isclose(found[facet][name], value, rel_tol=CLOSE, abs_tol=1e-12)
    ]


def main() -> int:
    """Measure and compare; the result is 1 when a target was missed at full size, or the numbers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, for which the target is not meant")
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    arguments = parser.parse_args()
    rows = QUICK_ROWS if arguments.quick else ROWS
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder.resolve() if arguments.folder else Path(temporary)
        table = write(folder / f"bias-{rows}.csv", rows)
        began = cpu_seconds()
        runs = [ours(table, folder / "bias-report") for _ in range(REPEATS)]
        used = (cpu_seconds() - began) / REPEATS
        peer, expected = theirs(table)
    mine, found = best([measured for measured, _ in runs]), runs[0][1]
    wrong = differences(found, expected["facets"])
    what = f"bias, {rows:,} rows, 3 facets, group variable: smclarify's metrics alone / whole job"
    other = f"{expected['seconds']:.1f} s (+ {expected['read_seconds']:.1f} s reading)"
    measures = [
        Measure(what, f"{mine.seconds:.2f} s", other, expected["seconds"] / mine.seconds, FASTER, at_least=True),
        Measure(
            "the same in CPU seconds of all processes",
            f"{used:.2f} s",
            f"{expected['cpu_seconds']:.1f} s",
            expected["cpu_seconds"] / used,
            FASTER,
            at_least=True,
        ),
        Measure("peak PSS", f"{mine.pss / 1e6:.0f} MB", f"{peer.pss / 1e6:.0f} MB", mine.pss / peer.pss),
    ]
    print(f"Measured on {machine()}; {versions(('pyarrow', 'numpy', 'pandas', 'smclarify'))}; {CORES} processes.\n")
    print(table_of(measures))
    print("\n".join(["The numbers agree." if not wrong else "The numbers differ:", *wrong]))
    return 1 if wrong or not (arguments.quick or all(measure.is_kept for measure in measures)) else 0


if __name__ == "__main__":
    sys.exit(main())
