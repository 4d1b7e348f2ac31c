"""`make bench`: every measure of docs/performance.md in one run, with ratios, written between the page's markers."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.captures import Shape
from benchmarks.jobs import CORES, QUICK, Bench, Sizes
from benchmarks.measure import ROOT, Run, best, machine, versions
from benchmarks.table import Measure, page_with, table_of

PAGE = ROOT / "docs" / "performance.md"
LIBRARIES = ("pyarrow", "numpy", "msgspec")
LARGEST_BYTES = 800 * 10**6


def speed(bench: Bench) -> Iterable[Measure]:
    """The whole job against its peers and the floor; runs alternate, so that a busy machine hurts all of them."""
    shape = Shape(bench.sizes.normal)
    rows = f"{shape.rows:,} x {shape.columns}"
    bench.monitoring(Shape(bench.sizes.small))  # the first run compiles byte code
    rounds = [_round(bench, shape) for _ in range(bench.sizes.repeats)]
    ours, duck, floor = (best(runs).seconds for runs in zip(*rounds, strict=True))
    yield Measure(f"{rows}, whole job / DuckDB SUMMARIZE of CSV", _seconds(ours), _seconds(duck), ours / duck, 1.0)
    kinds = (("whylogs", "text, as captured", 8.0), ("whylogs-typed", "typed by pandas beforehand", None))
    for name, cells, target in kinds:
        what = f"whylogs why.log, cells {cells} / {rows}, whole job"
        yield _against_whylogs(what, ours, bench.peer(name, shape)[1], target)
    yield Measure(f"{rows}, whole job / floor", _seconds(ours), _seconds(floor), ours / floor)


def _round(bench: Bench, shape: Shape) -> tuple[Run, Run, Run]:
    return bench.monitoring(shape), bench.peer("duckdb", shape)[0], bench.floor(shape)


def _against_whylogs(what: str, ours: float, found: dict[str, Any], target: float | None) -> Measure:
    share = "" if found["rows"] == found["logged_rows"] else f", from {found['logged_rows']:,} rows, linear"
    other = f"{_seconds(found['log_seconds'])} (+ {_seconds(found['read_seconds'])} reading{share})"
    return Measure(what, _seconds(ours), other, found["log_seconds"] / ours, target, at_least=True)


def small(bench: Bench) -> Iterable[Measure]:
    """The whole process of a small baseline, against two seconds."""
    seconds = bench.baseline[1].seconds
    yield Measure(f"baseline {bench.sizes.small:,} x 70, whole process", _seconds(seconds), "2 s", seconds / 2, 1.0)


def memory(bench: Bench) -> Iterable[Measure]:
    """Peak memory over all processes, normal against large."""
    normal, large = (bench.monitoring(Shape(rows)) for rows in (bench.sizes.normal, bench.sizes.large))
    sizes = f"{bench.sizes.large:,} / {bench.sizes.normal:,} records"
    pss, rss = _megabytes(large.pss), _megabytes(large.rss)
    yield Measure(f"{sizes}, peak PSS", pss, _megabytes(normal.pss), large.pss / normal.pss, 1.3)
    yield Measure(f"{bench.sizes.large:,} records, peak PSS", pss, "800 MB", large.pss / LARGEST_BYTES, 1.0)
    yield Measure(f"{bench.sizes.large:,} records, peak RSS", rss, "800 MB", large.rss / LARGEST_BYTES)
    seconds = large.seconds / normal.seconds
    yield Measure(f"{sizes}, wall", _seconds(large.seconds), _seconds(normal.seconds), seconds)


def width(bench: Bench) -> Iterable[Measure]:
    """Time per cell of a very wide data set against 70 columns with as many cells."""
    wide = Shape(bench.sizes.wide_rows, bench.sizes.wide_columns)
    narrow = Shape(wide.rows * wide.columns // 70)
    each = [bench.profile(shape).seconds / (shape.rows * shape.columns) * 1e9 for shape in (wide, narrow)]
    what = f"time per cell, {wide.columns:,} columns x {wide.rows:,} / 70 columns x {narrow.rows:,}"
    yield Measure(what, f"{each[0]:.0f} ns", f"{each[1]:.0f} ns", each[0] / each[1], 1.5)


def spark(bench: Bench) -> Iterable[Measure]:
    """The Spark engine against the local one, and how it scales with cores and rows."""
    shape, large = Shape(bench.sizes.normal), Shape(bench.sizes.large)
    local, ours = bench.scan(shape), bench.scan(shape, f"local[{CORES}]")
    for name, target in (("second", 1.5), ("first", None)):
        for kind, what in (("", "scan"), ("_cpu", "scan, CPU time")):
            mine, other = ours[name + kind], local["local" + kind]
            title = f"{shape.rows:,} records, {name} {what}, Spark local[{CORES}] / local engine"
            yield Measure(title, _seconds(mine), _seconds(other), mine / other, None if kind else target)
    small, own = bench.small_on_spark(), bench.baseline[1]
    title = f"baseline {bench.sizes.small:,} x 70, whole process, Spark / local engine"
    yield Measure(title, _seconds(small.seconds), _seconds(own.seconds), small.seconds / own.seconds, 4.0)
    yield Measure(f"{title}, CPU time", _seconds(small.cpu), _seconds(own.cpu), small.cpu / own.cpu)
    middle = Shape(bench.sizes.wide_rows * bench.sizes.wide_columns // 70)  # as many cells as the wide data
    rounds = [
        [bench.scan(middle, f"local-cluster[{count},1,1024]")["second"] for count in (1, 2)]
        for _ in range(bench.sizes.repeats)
    ]
    one, two = map(min, zip(*rounds, strict=True))
    what = f"{middle.rows:,} records, 1 executor of one core / 2"
    yield Measure(what, _seconds(one), _seconds(two), one / two, 1.7, at_least=True)
    much = bench.scan(large, f"local[{CORES}]", "--once")["first"]
    what = f"{large.rows:,} / {shape.rows:,} records on Spark local[{CORES}]"
    yield Measure(what, _seconds(much), _seconds(ours["second"]), much / ours["second"], 10.5)


PARTS = {"small": small, "speed": speed, "memory": memory, "width": width, "spark": spark}


def main() -> int:
    """Measure the chosen parts; the result is 1 when a target was missed at full size."""
    arguments = _arguments()
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder.resolve() if arguments.folder else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, sizes)
        measures = [measure for part in arguments.parts for measure in PARTS[part](bench)]
        report = "\n\n".join([_conditions(bench), table_of(measures)])
    print(report)
    if not arguments.quick and arguments.parts == list(PARTS):
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), report), "utf-8")
    return 0 if arguments.quick or all(measure.is_kept for measure in measures) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default, and only then the page changes"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, about a minute")
    parser.add_argument("--folder", type=Path, help="keep the data here and use it again")
    arguments = parser.parse_args()
    arguments.parts = arguments.parts or list(PARTS)
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    return arguments


def _conditions(bench: Bench) -> str:
    """What was measured on what."""
    peers = sorted({bench.peer(name, Shape(1_000))[1]["versions"] for name in ("duckdb", "whylogs")})
    quick = " Quick sizes, for which the targets are not meant." if bench.sizes is QUICK else ""
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}; {versions(LIBRARIES)}; peers {'; '.join(peers)}; "
        f"{CORES} processes or threads, best of {bench.sizes.repeats}.{quick}"
    )


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _megabytes(value: float) -> str:
    return f"{value / 10**6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
