"""`python -m benchmarks.peer_table`: what profiling one table costs with us and with our peers, in one run.

Every tool is a process of its own that reads the same CSV file and profiles every column the way its makers show first.
Deequ and our Spark engine get the same frame in one session; their row is the time with Java warm. The table stands
between the markers of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.captures import Shape
from benchmarks.jobs import CORES, Bench, Sizes
from benchmarks.measure import ROOT, CommandFailed, Run, clean_environment, machine, run
from benchmarks.table import page_with
from tests.jars import submit_arguments

PAGE = ROOT / "docs" / "performance.md"
OURS = "model-monitor-analyzer"
VERSION = version(OURS)
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
PEERS = ("duckdb", "pandas", "whylogs", "evidently")
HEAD = ("| tool | version | command | seconds | peak memory | note |", "| --- | --- | --- | --- | --- | --- |")


@dataclass(frozen=True)
class Row:
    """One tool of the table."""

    tool: str
    version: str
    command: str
    seconds: float
    memory: int
    note: str = ""

    @property
    def line(self) -> str:
        """The row in Markdown."""
        cells = (self.tool, self.version, f"`{self.command}`", f"{self.seconds:.2f}", f"{self.memory / 1e6:.0f} MB")
        return f"| {' | '.join((*cells, self.note))} |"


COMMANDS = {
    "duckdb": "SUMMARIZE SELECT * FROM read_csv(...)",
    "pandas": "pd.read_csv(...).describe(include='all')",
    "whylogs": "why.log(pandas=pd.read_csv(..., dtype=str))",
    "evidently": "Report([DataSummaryPreset()]).run(Dataset.from_pandas(...))",
}

IN_ONE_SESSION = (
    ("profile", "", ("ColumnProfilerRunner.withKLLProfiling()", "analyzer.profile(frame)")),
    ("checks", "100 checks; ", ("VerificationSuite.addCheck(...)", "analyzer_checks")),
)


def ours(bench: Bench, shape: Shape) -> Row:
    """The local engine, the whole process, statistics and constraints written."""
    measured = bench.tabular(shape)
    return Row(OURS, VERSION, "python -m analyzer", measured.seconds, measured.pss, "local engine")


def peer(bench: Bench, shape: Shape, name: str) -> Row | None:
    """One of the peers; None, with a line that says why, when it fails here."""
    try:
        measured, found = bench.peer(name, shape)
    except CommandFailed as error:
        print(f"... {name} failed: {str(error).splitlines()[-1]}", file=sys.stderr)
        return None
    note = "extrapolated from a part of the rows" if found.get("rows") != found.get("logged_rows") else ""
    seconds = found.get("read_seconds", 0.0) + found["log_seconds"] if note else measured.seconds
    return Row(name, found["versions"], COMMANDS[name], seconds, measured.pss, note)


def deequ(bench: Bench, shape: Shape) -> list[Row]:
    """Deequ's profiler with KLL and its checks, and ours on the same frame."""
    submit = submit_arguments()
    if not submit:
        print("... Deequ's jars are absent: run python -m tests.jars", file=sys.stderr)
        return []
    measured, found = in_one_session(bench, shape, "both")
    shared = f"{found['rows']:,} rows in Spark's memory, Java warm"
    sides = (("Deequ", found["versions"], "deequ"), (OURS, VERSION, "ours"))
    return [
        Row(tool, versions, command, found[part][side], measured.pss, f"{note}{shared}")
        for part, note, commands in IN_ONE_SESSION
        for (tool, versions, side), command in zip(sides, commands, strict=True)
    ]


def in_one_session(bench: Bench, shape: Shape, part: str) -> tuple[Run, dict[str, Any]]:
    """A run of benchmarks.deequ and its measures."""
    surroundings = {"PYSPARK_SUBMIT_ARGS": submit_arguments(), "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-m", "benchmarks.deequ", str(bench.table(shape)), "--part", part, "--cores", str(CORES)]
    measured = run(command, clean_environment(**surroundings, SPARK_LOCAL_IP="127.0.0.1"))
    return measured, json.loads(measured.output.splitlines()[-1])


def main() -> None:
    """Measure, print, and renew the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    parser.add_argument("--dry", action="store_true", help="leave the page as it is")
    arguments = parser.parse_args()
    shape = Shape(arguments.rows)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(arguments.folder or Path(temporary), Sizes())
        bench.folder.mkdir(parents=True, exist_ok=True)
        rows = [ours(bench, shape), *(peer(bench, shape, name) for name in PEERS), *deequ(bench, shape)]
    told = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}: {shape.rows:,} rows x {shape.columns} columns."
    report = "\n".join([told, "", *HEAD, *(row.line for row in rows if row)])
    print(report)
    if not arguments.dry:
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), report, (BEGIN, END)), "utf-8")


if __name__ == "__main__":
    main()
