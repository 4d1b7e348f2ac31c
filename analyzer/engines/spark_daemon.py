"""Daemon: the process from which Spark forks its Python processes, with what they need already loaded.

Each of them would load it by itself otherwise, half a second on every core, and keep a copy of its own in memory.
Spark starts this module (spark.python.daemon.module) with its own daemon's arguments and surroundings.
"""

from __future__ import annotations

import os
import runpy
from contextlib import suppress
from importlib import import_module

from analyzer.arrow import leave_pandas_out

PRELOADED = "MODEL_MONITOR_PRELOADED"  # names with spaces between them, in the daemon's environment


def main() -> None:
    """Load the modules, then be Spark's daemon. Nothing may be printed: Java reads a port from standard output."""
    leave_pandas_out()
    for name in os.environ.get(PRELOADED, "").split():
        with suppress(ImportError):  # the worker that needs it will tell
            import_module(name)
    runpy.run_module("pyspark.daemon", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
