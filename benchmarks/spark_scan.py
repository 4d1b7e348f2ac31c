"""One scan of capture files, timed in a fresh process: on the local engine, or on Spark once its session is up.

The first scan on Spark still loads Java classes and starts Python processes, the second one does not.
"""

from __future__ import annotations

import argparse
import json
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


def main() -> None:
    """Print seconds as JSON: local, or session, first and second (unless once)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--spark", action="store_true", help="on the Spark of SPARK_MASTER")
    parser.add_argument("--once", action="store_true", help="no second scan")
    arguments = parser.parse_args()
    leave_pandas_out()
    values = {"dataset_source": arguments.source, "dataset_format": '{"sagemakerCaptureJson": {}}'}
    source = open_input(Job.from_values(values), None).source
    scan = Scan.of(Profiling(Options()).folds)
    if not arguments.spark:
        print(json.dumps({"local": _seconds(lambda: local.run(scan, source, arguments.cores))}))
        return
    from analyzer.engines import spark  # noqa: PLC0415 - the local engine is measured without it

    began = time.perf_counter()
    session = spark.session(arguments.cores)
    found = {"session": time.perf_counter() - began}
    found |= {
        name: _seconds(lambda: spark.run(scan, source, session)) for name in ("first", "second")[: 2 - arguments.once]
    }
    session.stop()
    print(json.dumps(found))


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
