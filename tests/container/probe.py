"""Stands in for the analyzer as Spark's driver: tells which hosts' executors did something, after some seconds."""

import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator

from py4j.protocol import Py4JError
from pyspark import SparkContext

SECONDS = float(os.environ.get("PROBE_SECONDS", "0.2"))
HUNGRY = "PROBE_HUNGRY" in os.environ  # tasks take all memory


def _host(numbers: Iterable[int]) -> Iterator[str]:
    eaten = []
    for _ in numbers:
        while HUNGRY:
            eaten.append(b"x" * (64 << 20))
        time.sleep(SECONDS)
        yield socket.gethostname()


if __name__ == "__main__":
    context = SparkContext.getOrCreate()
    try:
        found = context.parallelize(range(8), 1 if HUNGRY else 8).mapPartitions(_host).collect()
    except Py4JError:  # as the analyzer ends when tasks die again and again
        sys.exit(4)
    print("hosts:", *sorted(set(found)))  # noqa: T201 - what the test reads
    context.stop()
    sys.exit(int(os.environ.get("PROBE_CODE", "0")))
