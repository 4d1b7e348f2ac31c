"""What a day of captures needs, and what breaks first: measured rates, a million splits, and arithmetic.

`python -m benchmarks.scale` takes some minutes and renews docs/scale.md; with --quick it prints and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bucket import SECONDS, Files
from benchmarks.captures import Shape
from benchmarks.jobs import CORES, Bench, Sizes
from benchmarks.measure import ROOT, Run, clean_environment, machine, run, versions
from benchmarks.table import page_with

PAGE = ROOT / "docs" / "scale.md"
LIBRARIES = ("pyarrow", "numpy", "boto3", "pyspark")
MB, GB, TB = 10**6, 10**9, 10**12
SPLIT = 64 * 2**20
CORE_HOUR = 0.23 / 4  # USD: ml.m5.xlarge for processing jobs in us-east-1, four cores
LISTS, GETS = 0.005 / 1000, 0.0004 / 1000  # USD a request
WINDOW_MINUTES = 10  # in which the job of one hour should be done
FILE = 8 * MB  # of captures, on average
PREFIX_GETS = 5500  # requests a second that S3 grants a prefix at least


@dataclass(frozen=True)
class Table:
    """A title, a head and rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """As Markdown."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return "\n".join([self.title, "", *("| " + " | ".join(line) + " |" for line in lines)])


def planned(count: int) -> Table:
    """Listing, planning and packing of three buckets."""
    buckets = {
        f"{count:,} files of 40 to 64 MB": Files(count, 40 * MB, 64 * MB),
        f"{max(1, count // 500):,} files of 32 GiB": Files(max(1, count // 500), 32 << 30, 32 << 30),
        f"{count:,} files of 4 MB": Files(count, 4 * MB - 9, 4 * MB),
    }
    rows = []
    for name, files in buckets.items():
        with _served(files) as url:
            found = _step("list", "s3://bucket/captured/", AWS_ENDPOINT_URL=url)[0]
        parts = [f"{found['bytes'] / TB:.1f} TB", f"{found['splits']:,.0f}", f"{found['tasks']:,.0f}"]
        times = [f"{found[name]:.1f} s" for name in ("list", "plan", "pack")]
        rows.append([name, *parts, *times, f"{found['packed'] / MB:.1f} MB", f"{found['peak'] / MB:,.0f} MB"])
    head = ["bucket", "stored", "splits", "tasks", "list", "plan", "pack", "sent to executors", "driver's peak"]
    return Table(f"Planning, with {SECONDS * 1000:.0f} ms for every answer of S3:", head, rows)


def merged(count: int) -> Table:
    """The merge tree over so many splits."""
    found, whole = _step("tree", str(count))
    rows = [
        ["splits, one state each", f"{found['rows'] / 8:,.0f}"],
        ["CPU time a split: read, fold, merge", f"{whole.cpu / count * 1e6:,.0f} us"],
        ["states that reach the driver", f"{found['states']:,.0f}"],
        ["state of the whole, dumped", f"{found['state']:,.0f} bytes"],
        ["peak memory of the one process", f"{found['peak'] / MB:,.0f} MB"],
    ]
    title = "The merge tree of the Spark engine over splits of eight rows, all of its tasks one after the other:"
    return Table(title, ["measure", "value"], rows)


def driver(columns: int) -> Table:
    """What merging takes with states of many numbers."""
    found = _step("states", str(columns))[0]
    each = found["load"] + found["merge"]
    rows = [
        ["state", f"{found['bytes'] / MB:.1f} MB"],
        ["load, merge, dump", ", ".join(f"{found[name] * 1000:.1f} ms" for name in ("load", "merge", "dump"))],
        ["driver, 16 states at most", f"{16 * each:.1f} s"],
        ["driver, if it merged the states of 15,625 tasks by itself", f"{15_625 * each:,.0f} s"],
    ]
    return Table(f"States of {columns} columns of numbers, full sketches:", ["measure", "value"], rows)


@dataclass(frozen=True)
class Need:
    """What so many bytes of captures a day need at so many bytes a core and second."""

    stored: float
    rate: float

    @property
    def row(self) -> list[str]:
        """As a row of the table."""
        files, hours = self.stored / FILE, self.stored / self.rate / 3600
        cores = hours / 24 * 60 / WINDOW_MINUTES
        cost = hours * CORE_HOUR + files / 1000 * LISTS * 1.1 + files * GETS
        return [
            f"{self.stored / TB:,.0f} TB",
            f"{files:,.0f}",
            f"{self.stored / SPLIT:,.0f}",
            f"{hours:,.0f}",
            f"{hours / 24:,.1f}",
            f"{cores:,.0f}",
            f"{cost:,.0f}",
            f"{cost / (self.stored / TB):.2f}",
            f"{files / 24 / 60 / WINDOW_MINUTES:,.0f}",
        ]


def needed(bench: Bench) -> tuple[str, Table]:
    """Rates of this machine, and what they mean for a day."""
    shape = Shape(bench.sizes.normal)
    size = sum(path.stat().st_size for path in bench.captured(shape).rglob("*.jsonl"))
    local, spark = bench.scan(shape)["local_cpu"], bench.scan(shape, f"local[{CORES}]")["second_cpu"]
    text = (
        f"A core scans {size / local / MB:.0f} MB of captures a second (70 columns, {size / shape.rows:.0f} bytes a "
        f"record) on the local engine and {size / spark / MB:.0f} MB on Spark, counted in CPU time of all processes."
    )
    head = ["a day", "files", "splits", "core hours", "cores all day", f"cores for {WINDOW_MINUTES} minutes an hour"]
    head += ["USD a day", "USD a TB", "GET requests a second"]
    rows = [Need(stored, size / spark).row for stored in (TB, 10 * TB, 100 * TB)]
    title = f"Files of {FILE // MB} MB; {CORE_HOUR:.4f} USD a core and hour, S3's list prices for requests:"
    return text, Table(title, head, rows)


@contextmanager
def _served(files: Files) -> Iterator[str]:
    """URL of a hollow bucket."""
    arguments = [str(number) for number in (files.count, files.smallest, files.largest)]
    command = [sys.executable, "-m", "benchmarks.bucket", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip() if server.stdout else ''}"
        finally:
            server.terminate()


def _step(name: str, subject: str, **surroundings: str) -> tuple[dict[str, float], Run]:
    print(f"... {name} {subject}", file=sys.stderr, flush=True)
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = clean_environment(SPARK_LOCAL_IP="127.0.0.1", **keys, **surroundings)
    done = run([sys.executable, "-m", "benchmarks.scale_step", name, subject], environment)
    found: dict[str, float] = json.loads(done.output.splitlines()[-1])
    return found, done


def main() -> None:
    """Measure, compute, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the splits; changes nothing")
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    arguments = parser.parse_args()
    count = 10_000 if arguments.quick else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        text, table = needed(Bench(folder, Sizes()))
        tables = [table, planned(count), merged(count), driver(70)]
    head = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}; {versions(LIBRARIES)}. {text}"
    report = "\n\n".join([head, *(each.text for each in tables)])
    print(report)
    if not arguments.quick:
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), report), "utf-8")


if __name__ == "__main__":
    main()
