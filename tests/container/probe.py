"""Stands in for the analyzer as Spark's driver: tells which hosts' executors did something, after some seconds."""

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import SparkSession

SECONDS = float(os.environ.get("PROBE_SECONDS", "0.2"))


def _host(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for _ in batches:
        time.sleep(SECONDS)
        yield pa.RecordBatch.from_pydict({"host": [socket.gethostname()]})


if __name__ == "__main__":
    session = SparkSession.builder.getOrCreate()
    rows = session.range(0, 8, 1, 8).mapInArrow(_host, "host string").collect()
    print("hosts:", *sorted({row["host"] for row in rows}))  # noqa: T201 - what the test reads
    session.stop()
    sys.exit(int(os.environ.get("PROBE_CODE", "0")))
