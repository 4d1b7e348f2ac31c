"""What the analyzer is compared with, each a process of its own that prints its measures as one line of JSON.

duckdb   SUMMARIZE of the CSV file with two threads
pandas   describe of every column
evidently  the summary of a data set
whylogs  why.log of the same cells as a pandas frame, whose reading is timed apart: as the text that was captured,
         and as pandas types them while reading, which is work the analyzer does itself

They have a virtual environment of their own (whylogs cannot take text with numpy 2), hence nothing else is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SAMPLE_ROWS = 50_000
LONGEST_SECONDS = 180

Measures = dict[str, Any]


def duckdb(table: Path, threads: int) -> Measures:
    """Summarise every column; the rows of the summary are fetched."""
    import duckdb as peer  # noqa: PLC0415 - its start is part of the measure

    connection = peer.connect(config={"threads": threads})
    query = "SUMMARIZE SELECT * FROM read_csv(?, header = true)"
    return {"columns": len(connection.execute(query, [str(table)]).fetchall()), "versions": _versions("duckdb")}


def whylogs(table: Path, *, typed: bool) -> Measures:
    """Profile the frame; when all rows would take too long, a sample's time is extrapolated linearly."""
    os.environ["WHYLOGS_NO_ANALYTICS"] = "True"
    import pandas as pd  # noqa: PLC0415 - only this peer needs it

    began = time.perf_counter()
    frame = pd.read_csv(table) if typed else pd.read_csv(table, dtype=str)
    read = time.perf_counter() - began
    rows, logged = len(frame), min(SAMPLE_ROWS, len(frame))
    seconds = _seconds_of_log(frame.head(logged)) * rows / logged
    if logged < rows and seconds <= LONGEST_SECONDS:
        seconds, logged = _seconds_of_log(frame), rows
    found = _versions("whylogs", "pandas", "numpy")
    return {"read_seconds": read, "log_seconds": seconds, "rows": rows, "logged_rows": logged, "versions": found}


def pandas(table: Path) -> Measures:
    """Describe every column."""
    import pandas as pd  # noqa: PLC0415 - its start is part of the measure

    return {"columns": len(pd.read_csv(table).describe(include="all").columns), "versions": _versions("pandas")}


def evidently(table: Path) -> Measures:
    """Summarise every column, as its documentation shows first."""
    import pandas as pd  # noqa: PLC0415 - its start is part of the measure
    from evidently import Dataset, Report  # noqa: PLC0415
    from evidently.presets import DataSummaryPreset  # noqa: PLC0415

    found = Report([DataSummaryPreset()]).run(Dataset.from_pandas(pd.read_csv(table)), None)
    return {"columns": len(found.dict()["metrics"]), "versions": _versions("evidently", "pandas")}


def _seconds_of_log(frame: Any) -> float:
    import whylogs as peer  # noqa: PLC0415 - only this peer needs it

    began = time.perf_counter()
    peer.log(pandas=frame).view().to_pandas()
    return time.perf_counter() - began


def _versions(*names: str) -> str:
    return f"{', '.join(f'{name} {version(name)}' for name in names)} on Python {platform.python_version()}"


_SIMPLE = {"pandas": pandas, "evidently": evidently}


def main() -> None:
    """`python -m benchmarks.peers duckdb cells.csv`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=("duckdb", "pandas", "whylogs", "whylogs-typed", "evidently"))
    parser.add_argument("table", type=Path, help="CSV file")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.peer == "duckdb":
        measures = duckdb(arguments.table, arguments.cores)
    elif arguments.peer in _SIMPLE:
        measures = _SIMPLE[arguments.peer](arguments.table)
    else:
        measures = whylogs(arguments.table, typed=arguments.peer == "whylogs-typed")
    print(json.dumps(measures))


if __name__ == "__main__":
    main()
