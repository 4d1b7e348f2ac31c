"""A scan on a Spark of its own of so many splits whose states have a given size; prints how it ended."""

from __future__ import annotations

import sys

from analyzer.engines import spark
from analyzer.errors import AnalyzerError
from analyzer.fold import Scan
from tests.engines.sources import Ballast, Numbers

if __name__ == "__main__":
    spark.BLOCKS_PER_CORE = 64
    try:
        count, size = map(int, sys.argv[1:])
        spark.run(Scan.of([Ballast(size)]), Numbers(count, rows=20), spark.session(2))
        print("Done")  # noqa: T201 - the test reads it
    except AnalyzerError as error:
        print(f"{type(error).__name__}: {error}")  # noqa: T201 - the same
