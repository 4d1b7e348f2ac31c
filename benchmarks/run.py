"""`make bench`: every measure of docs/performance.md in one run, with ratios, written between the page's markers.

The analyzer runs as a whole process, `python -m analyzer` with the environment of a job, start and reports included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from benchmarks.captures import START, Shape, write
from benchmarks.measure import ROOT, Run, best, clean_environment, machine, run, versions

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
CORES = 2
MEBIBYTE = 2**20
LIBRARIES = ("pyarrow", "numpy", "msgspec", "duckdb", "whylogs", "pandas")


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
class Measure:
    """One row of the table: what, ours, what it is compared with, their ratio and the limit the ratio must keep."""

    what: str
    ours: str
    other: str
    ratio: float
    limit: float | None = None
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept; a measure without one always is."""
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    @property
    def line(self) -> str:
        """The measure as a line of a Markdown table."""
        target = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}"
        verdict = "" if self.limit is None else ("yes" if self.is_kept else "**no**")
        return f"| {self.what} | {self.ours} | {self.other} | {self.ratio:.2f} | {target} | {verdict} |"


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

    def peer(self, name: str, data: Path) -> Run:
        """One run of a peer, in a process of its own."""
        _say(name)
        command = [sys.executable, "-m", "benchmarks.peers", name, str(data), "--cores", str(CORES)]
        return run(command, clean_environment())

    def _analyze(self, output: Path, settings: dict[str, str]) -> Run:
        _say(f"analyzer: {output.name}")
        places = {
            "output_path": str(output),
            "output_message_file": str(output / "message"),
            "cloudwatch_metrics_directory": str(output / "metrics"),
            "analyzer_processes": str(CORES),
        }
        return run([sys.executable, "-m", "analyzer"], clean_environment(**settings, **places))


def speed(bench: Bench) -> list[Measure]:
    """The whole job against its peers and the floor; runs alternate, so that a busy machine hurts all of them."""
    shape = Shape(bench.sizes.normal)
    captured, table = bench.captured(shape), bench.table(shape)
    bench.monitoring(Shape(bench.sizes.small))  # the first run compiles byte code
    ours, duck, bare = [], [], []
    for _ in range(bench.sizes.repeats):
        ours.append(bench.monitoring(shape))
        duck.append(bench.peer("duckdb", table))
        bare.append(bench.peer("floor", captured))
    whole, rows = best(ours).seconds, f"{shape.rows:,} x {shape.columns}"
    duck_seconds, floor_seconds = best(duck).seconds, best(bare).seconds
    return [
        Measure(f"{rows} / DuckDB SUMMARIZE", _seconds(whole), _seconds(duck_seconds), whole / duck_seconds, 1.0),
        _against_whylogs(bench, table, whole, rows),
        Measure(f"{rows} / floor", _seconds(whole), _seconds(floor_seconds), whole / floor_seconds),
    ]


def _against_whylogs(bench: Bench, table: Path, ours: float, rows: str) -> Measure:
    found = json.loads(bench.peer("whylogs", table).output.splitlines()[-1])
    share = "" if found["rows"] == found["logged_rows"] else f", from {found['logged_rows']:,} rows, linear"
    other = f"{_seconds(found['log_seconds'])} (+ {_seconds(found['read_seconds'])} reading{share})"
    ratio = found["log_seconds"] / ours
    return Measure(f"whylogs why.log / {rows}", _seconds(ours), other, ratio, 8.0, at_least=True)


def small(bench: Bench) -> list[Measure]:
    """The whole process of a small baseline, against two seconds."""
    seconds = bench.baseline[1].seconds
    return [Measure(f"baseline {bench.sizes.small:,} x 70, whole process", _seconds(seconds), "2 s", seconds / 2, 1.0)]


def memory(bench: Bench) -> list[Measure]:
    """Peak memory over all processes, normal against large."""
    normal, large = (bench.monitoring(Shape(rows)) for rows in (bench.sizes.normal, bench.sizes.large))
    compared = f"peak memory, {bench.sizes.large:,} / {bench.sizes.normal:,} records (PSS)"
    limit = 800 * 10**6
    return [
        Measure(compared, _megabytes(large.pss), _megabytes(normal.pss), large.pss / normal.pss, 1.3),
        Measure("peak memory / 800 MB (PSS)", _megabytes(large.pss), "800 MB", large.pss / limit, 1.0),
        Measure("peak memory / 800 MB (RSS, shared pages counted twice)", _megabytes(large.rss), "", large.rss / limit),
        Measure(
            f"{bench.sizes.large:,} records, wall",
            _seconds(large.seconds),
            _seconds(normal.seconds),
            large.seconds / normal.seconds,
        ),
    ]


def width(bench: Bench) -> list[Measure]:
    """Time per cell of a very wide data set against 70 columns with as many cells."""
    wide = Shape(bench.sizes.wide_rows, bench.sizes.wide_columns)
    cells = wide.rows * wide.columns
    narrow = Shape(cells // 70)
    each = [bench.profile(shape).seconds / (shape.rows * shape.columns) * 1e9 for shape in (wide, narrow)]
    what = f"time per cell, {wide.columns:,} x {wide.rows:,} / 70 x {narrow.rows:,}"
    return [Measure(what, f"{each[0]:.0f} ns", f"{each[1]:.0f} ns", each[0] / each[1], 1.5)]


PARTS = {"small": small, "speed": speed, "memory": memory, "width": width}


def page_with(text: str, report: str) -> str:
    """The page with the report between its markers; ValueError without them."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has lost its markers. Hint: it needs the lines {BEGIN} and {END}.")
    return f"{head}{BEGIN}\n{report}\n{END}{tail}"


def report_of(measures: list[Measure], sizes: Sizes) -> str:
    """The table, and what it was measured with."""
    note = " Quick sizes: targets are meant for full ones." if sizes is QUICK else ""
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    head = f"Measured {when} on {machine()}; {versions(LIBRARIES)}; {CORES} processes or threads, best of {sizes.repeats}.{note}"
    table = ["| measure | ours | compared with | ratio | target | kept |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([head, "", *table, *(measure.line for measure in measures)])


def main() -> int:
    """Measure the chosen parts; the result is 1 when a target was missed at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder.resolve() if arguments.folder else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, sizes)
        measures = [measure for part in arguments.parts for measure in PARTS[part](bench)]
    report = report_of(measures, sizes)
    print(report)
    if not arguments.quick and arguments.parts == list(PARTS):
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), report), "utf-8")
    return 0 if arguments.quick or all(measure.is_kept for measure in measures) else 1


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _megabytes(value: float) -> str:
    return f"{value / 10**6:.0f} MB"


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
