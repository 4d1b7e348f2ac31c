"""The measured runs: whole jobs of the analyzer, the floor and the peers, over data made when first needed.

The analyzer runs as `python -m analyzer` with the environment of a job, its start and its reports included.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.captures import START, Shape, write
from benchmarks.measure import ROOT, Run, best, clean_environment, run

CORES = 2
PEERS = ROOT / ".venv" / "peers" / "bin" / "python"


@dataclass(frozen=True)
class Sizes:
    """Rows of the measured data, and how often short runs repeat (the best counts)."""

    small: int = 2_333
    normal: int = 500_000
    large: int = 5_000_000
    wide_columns: int = 5_000
    wide_rows: int = 20_000
    repeats: int = 3


QUICK = Sizes(normal=50_000, large=200_000, wide_columns=1_000, wide_rows=2_000, repeats=1)


@dataclass(frozen=True)
class Bench:
    """The data of one session, below a folder; what exists is used again."""

    folder: Path
    sizes: Sizes

    def captured(self, shape: Shape) -> Path:
        """Folder of capture files of this shape."""
        path = self.folder / f"captured-{shape.columns}x{shape.rows}"
        if not path.exists():
            _say(f"writing {path.name}")
            write(shape, path, None)
        return path

    def table(self, shape: Shape) -> Path:
        """CSV file of the same cells."""
        path = self.folder / f"cells-{shape.columns}x{shape.rows}.csv"
        if not path.exists():
            _say(f"writing {path.name}")
            write(shape, None, path)
        return path

    @cached_property
    def baseline(self) -> tuple[Path, Run]:
        """Report folder and measures of the small baseline."""
        table = self.table(Shape(self.sizes.small))
        output = self.folder / "baseline"
        settings = {"dataset_source": str(table), "dataset_format": '{"csv": {"header": true}}'}
        return output, best([self._analyze(output, settings) for _ in range(self.sizes.repeats)])

    def monitoring(self, shape: Shape) -> Run:
        """One monitoring job over capture files, against the small baseline."""
        baseline, _ = self.baseline
        settings = {
            "dataset_source": str(self.captured(shape)),
            "dataset_format": '{"sagemakerCaptureJson": {}}',
            "baseline_constraints": str(baseline / "constraints.json"),
            "baseline_statistics": str(baseline / "statistics.json"),
            "start_time": f"{START:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{shape.end:%Y-%m-%dT%H:%M:%SZ}",
        }
        return self._analyze(self.folder / f"report-{shape.columns}x{shape.rows}", settings)

    def profile(self, shape: Shape) -> Run:
        """One baseline job over capture files; for shapes the small baseline does not fit."""
        settings = {
            "dataset_source": str(self.captured(shape)),
            "dataset_format": '{"sagemakerCaptureJson": {}}',
        }
        return self._analyze(self.folder / f"profile-{shape.columns}x{shape.rows}", settings)

    def tabular(self, shape: Shape) -> Run:
        """One baseline job over the CSV file that the peers read."""
        settings = {"dataset_source": str(self.table(shape)), "dataset_format": '{"csv": {"header": true}}'}
        return self._analyze(self.folder / f"tabular-{shape.columns}x{shape.rows}", settings)

    def floor(self, shape: Shape) -> Run:
        """Reading and parsing alone."""
        _say("floor")
        command = [sys.executable, "-m", "benchmarks.floor", str(self.captured(shape)), "--cores", str(CORES)]
        return run(command, clean_environment())

    def scan(self, shape: Shape, master: str | None = None, *flags: str) -> dict[str, float]:
        """Seconds of the scan alone: local, or session, first and second on the Spark of that master."""
        _say(f"scan of {shape.rows:,} on {master or 'the local engine'}")
        command = [sys.executable, "-m", "benchmarks.spark_scan", str(self.captured(shape)), "--cores", str(CORES)]
        surroundings = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        if master:
            command += ["--spark", *flags]
            surroundings["SPARK_MASTER"] = master
        measured = run(command, clean_environment(**surroundings), watched=False)
        found: dict[str, float] = json.loads(measured.output.splitlines()[-1])
        return found

    def peer(self, name: str, shape: Shape) -> tuple[Run, dict[str, Any]]:
        """One run of a peer, a process of its own, and what it reports about itself."""
        table = self.table(shape)
        _say(name)
        python = PEERS if PEERS.exists() else Path(sys.executable)
        measured = run([str(python), "-m", "benchmarks.peers", name, str(table)], clean_environment())
        return measured, json.loads(measured.output.splitlines()[-1])

    def small_on_spark(self) -> Run:
        """The small baseline on Spark, whole process."""
        settings = {
            "dataset_source": str(self.table(Shape(self.sizes.small))),
            "dataset_format": '{"csv": {"header": true}}',
            "analyzer_engine": "spark",
        }
        output = self.folder / "baseline-on-spark"
        return best([self._analyze(output, settings) for _ in range(self.sizes.repeats)])

    def _analyze(self, output: Path, settings: dict[str, str]) -> Run:
        _say(f"analyzer: {output.name}")
        places = {
            "output_path": str(output),
            "output_message_file": str(output / "message"),
            "cloudwatch_metrics_directory": str(output / "metrics"),
            "analyzer_processes": str(CORES),
        }
        return run([sys.executable, "-m", "analyzer"], clean_environment(**settings, **places))


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)
