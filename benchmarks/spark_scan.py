"""One scan of capture files, timed in a fresh process: on the local engine, or on Spark once its session is up.

The first scan on Spark still loads Java classes and starts Python processes, the second one does not.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

from analyzer.arrow import leave_pandas_out
from analyzer.engines import local
from analyzer.fold import Scan
from analyzer.job import Job
from analyzer.monitors.data_quality.profile import Profiling
from analyzer.monitors.inputs import open_input
from analyzer.options import Options
from benchmarks.measure import cpu_seconds


def main() -> None:
    """Print seconds as JSON: local, or session, first and second (unless once); CPU time as local_cpu and so on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--spark", action="store_true", help="on the Spark of SPARK_MASTER")
    parser.add_argument("--once", action="store_true", help="no second scan")
    arguments = parser.parse_args()
    leave_pandas_out()
    values = {"dataset_source": arguments.source, "dataset_format": '{"sagemakerCaptureJson": {}}'}
    source = open_input(Job.from_values(values), None).plain
    scan = Scan.of(Profiling(Options()).folds)
    if not arguments.spark:
        print(json.dumps(_timed("local", lambda: local.run(scan, source, arguments.cores))))
        return
    from analyzer.engines import spark  # noqa: PLC0415 - the local engine is measured without it

    began = time.perf_counter()
    session = spark.session(arguments.cores, scans_only=True)
    found = {"session": time.perf_counter() - began}
    for name in ("first", "second")[: 2 - arguments.once]:
        found |= _timed(name, lambda: spark.run(scan, source, session))
    session.stop()
    print(json.dumps(found))


def _timed(name: str, work: Callable[[], Any]) -> dict[str, float]:
    """Wall and CPU seconds."""
    cpu, wall = cpu_seconds(os.getsid(0)), time.perf_counter()
    work()
    wall = time.perf_counter() - wall
    return {name: wall, f"{name}_cpu": cpu_seconds(os.getsid(0)) - cpu}


if __name__ == "__main__":
    main()
