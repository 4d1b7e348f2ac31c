"""Deequ and our engine in one Spark session, on one frame of text cells that Spark has in memory.

profile   Deequ's ColumnProfilerRunner with KLL against our scan (all of statistics.json)
checks    100 checks over all columns: plain PyDeequ (VerificationSuite, lambdas) against analyzer.checks

Java is warm: both sides run once on a few rows first. Seconds are wall time, best of the repeats; `cpu` is processor
time of Java and of this process, which a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analyzer.engines import spark
from analyzer.fold import Scan
from analyzer.monitors.data_quality.profile import Profile, Profiling
from analyzer.options import Options
from analyzer.sources.table import View

CHECKS = 100
WARM_ROWS = 200


def main() -> None:
    """Print the measures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="CSV file with a header")
    parser.add_argument("--part", choices=("profile", "checks", "both"), default="both")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--repeats", type=int, default=1, help="of the profiles, which take minutes; of checks thrice as many"
    )
    arguments = parser.parse_args()
    session = spark.session(arguments.cores)
    os.environ["SPARK_VERSION"] = session.version
    session.sparkContext.setLogLevel("ERROR")
    session.conf.set("spark.sql.shuffle.partitions", str(2 * arguments.cores))
    frame = session.read.csv(str(arguments.table), header=True).repartition(arguments.cores).persist()
    found: dict[str, Any] = {"rows": frame.count(), "columns": len(frame.columns), "versions": _versions(session)}
    for part, sides in (("profile", (_their_profile, _our_profile)), ("checks", (_their_checks, _our_checks))):
        if arguments.part in (part, "both"):
            found[part] = _compared(session, frame, sides, arguments.repeats * (1 if part == "profile" else 3))
    session.stop()
    print(json.dumps(found))


def _compared(session: Any, frame: Any, sides: tuple[Callable[..., Any], ...], repeats: int) -> dict[str, Any]:
    """Seconds of Deequ's side and of ours, on text cells for profiles and on typed ones for checks."""
    few = frame.limit(WARM_ROWS).persist()
    for side in sides:
        side(session, few)
    timed = [[_timed(session, partial(side, session, frame)) for side in sides] for _ in range(repeats)]
    theirs, ours = (min(runs) for runs in zip(*timed, strict=True))
    return {"deequ": theirs[0], "ours": ours[0], "deequ_cpu": theirs[1], "ours_cpu": ours[1]}


def _timed(session: Any, work: Callable[[], Any]) -> tuple[float, float]:
    began, before = time.perf_counter(), _cpu(session)
    work()
    return time.perf_counter() - began, _cpu(session) - before


def _cpu(session: Any) -> float:
    """Processor seconds of Java and its Python workers so far, and of this process."""
    parent = session._jvm.java.lang.ProcessHandle.current().pid()  # noqa: SLF001 - there is no public way
    stat = Path(f"/proc/{parent}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK") + time.process_time()


def _their_profile(session: Any, frame: Any) -> None:
    from pydeequ.profiles import ColumnProfilerRunner  # noqa: PLC0415 - wants SPARK_VERSION

    ColumnProfilerRunner(session).onData(frame).withKLLProfiling().run()


def _our_profile(session: Any, frame: Any) -> None:
    del session
    profiling = Profiling(Options())
    scan = Scan.of(profiling.folds)
    view = View.of(spark.first_rows(frame, 1), 1, tuple(frame.columns))
    Profile(scan.result(spark.run_frame(scan, frame, view)), profiling).statistics()


def _typed(frame: Any) -> Any:
    """The same cells as numbers, as both sides need them for checks."""
    return frame.selectExpr(*(f"cast(`{name}` as double) as `{name}`" for name in frame.columns))


def _their_checks(session: Any, frame: Any) -> None:
    from pydeequ.checks import Check, CheckLevel  # noqa: PLC0415 - wants SPARK_VERSION
    from pydeequ.verification import VerificationResult, VerificationSuite  # noqa: PLC0415 - the same
    from pyspark.java_gateway import ensure_callback_server_started  # noqa: PLC0415 - beside its user

    start: Any = ensure_callback_server_started
    start(session.sparkContext._gateway)  # noqa: SLF001 - else the process never ends
    check = Check(session, CheckLevel.Error, "all")
    for rule in _rules(frame.columns):
        if "assert" in rule:
            getattr(check, rule["check"])(rule["column"], lambda value: value is not None)
        else:
            getattr(check, rule["check"])(rule["column"])
    result = VerificationSuite(session).onData(_typed(frame)).addCheck(check).run()
    VerificationResult.checkResultsAsJson(session, result)


def _our_checks(session: Any, frame: Any) -> None:
    from analyzer.checks.columns import Columns  # noqa: PLC0415 - beside its user
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415
    from analyzer.checks.evaluation import Frames, judged, measurements  # noqa: PLC0415
    from analyzer.checks.ruleset import parse_rules  # noqa: PLC0415

    columns = Columns(dict.fromkeys(frame.columns, "double"), {})
    typed = _typed(frame)
    full = _with_texts(frame)
    found, refused = measurements(Deequ(session), Frames(full, typed, columns), parse_rules(_rules(frame.columns)))
    assert not refused  # noqa: S101 - a benchmark of refusals would be fast
    list(map(judged, found))


def _with_texts(frame: Any) -> Any:
    """Numbers under the columns' names, and the cells as captured beside them, as analyzer.checks has them."""
    numbers = (f"cast(`{name}` as double) as `{name}`" for name in frame.columns)
    texts = (f"`{name}` as `column_{at}_as_string`" for at, name in enumerate(frame.columns))
    return frame.selectExpr(*numbers, *texts)


def _rules(columns: list[str]) -> list[dict[str, Any]]:
    """A hundred checks: completeness of every column, then extremes, means and uniqueness of the first."""
    rules: list[dict[str, Any]] = [{"check": "isComplete", "column": name} for name in columns]
    more = (
        "hasMin",
        "hasMax",
        "hasMean",
        "hasStandardDeviation",
        "isNonNegative",
        "hasApproxCountDistinct",
        "isUnique",
    )
    for name in columns:
        for check in more:
            asserts = {"assert": ">= -1e300"} if check.startswith("has") else {}
            rules.append({"check": check, "column": name, **asserts})
    return rules[:CHECKS]


def _versions(session: Any) -> str:
    """Versions of what is measured; Deequ's own is in the name of its jar."""
    jars = str(session._jvm.java.lang.System.getProperty("sun.java.command"))  # noqa: SLF001 - as above
    found = re.search(r"deequ-([\w.-]+)\.jar", jars)
    return f"Deequ {found[1] if found else 'of this Spark'}, PyDeequ {version('pydeequ')}, Spark {session.version}"


if __name__ == "__main__":
    main()
