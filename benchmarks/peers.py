"""What the analyzer is compared with, each a process of its own that prints its measures as one line of JSON.

duckdb   SUMMARIZE of the CSV file with two threads
whylogs  why.log of the same cells as a pandas frame; reading the frame is reported apart
floor    read the capture files, decode the records, parse their cells as CSV, and throw everything away
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.csv

SAMPLE_ROWS = 50_000
LONGEST_SECONDS = 180
PIECE = 32 << 20


class Side(msgspec.Struct):
    """One side of a capture record."""

    data: str


class Sides(msgspec.Struct):
    """Both sides."""

    endpointInput: Side  # noqa: N815 - the record's own key
    endpointOutput: Side  # noqa: N815 - the same


class Record(msgspec.Struct):
    """The part of a capture record that holds cells."""

    captureData: Sides  # noqa: N815 - the record's own key


def duckdb(table: Path, threads: int) -> dict[str, float]:
    """Summarise every column; the rows of the summary are fetched."""
    import duckdb as peer  # noqa: PLC0415 - measured with its start, and absent for most

    connection = peer.connect(config={"threads": threads})
    query = "SUMMARIZE SELECT * FROM read_csv(?, header = true)"
    return {"columns": len(connection.execute(query, [str(table)]).fetchall())}


def whylogs(table: Path) -> dict[str, float]:
    """Profile the frame; when all rows would take too long, a sample's time is extrapolated linearly."""
    os.environ["WHYLOGS_NO_ANALYTICS"] = "True"
    import pandas as pd  # noqa: PLC0415 - absent for most
    import whylogs as peer  # noqa: PLC0415 - the same

    began = time.perf_counter()
    frame = pd.read_csv(table)
    read = time.perf_counter() - began
    sample, all_rows = min(SAMPLE_ROWS, len(frame)), len(frame)
    seconds = _seconds_of_log(peer, frame.head(sample))
    expected = seconds * all_rows / sample
    logged = sample
    if sample < all_rows and expected <= LONGEST_SECONDS:
        expected, logged = _seconds_of_log(peer, frame), all_rows
    return {"read_seconds": read, "log_seconds": expected, "rows": all_rows, "logged_rows": logged}


def _seconds_of_log(peer: object, frame: object) -> float:
    began = time.perf_counter()
    view = peer.log(pandas=frame).view()  # type: ignore[attr-defined]
    view.to_pandas()
    return time.perf_counter() - began


def floor(folder: Path, processes: int) -> dict[str, float]:
    """Decode and parse everything, keep nothing."""
    pieces = list(_pieces(folder))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        counts = pool.map(_parse, pieces, chunksize=1)
    return {"rows": sum(counts)}


def _pieces(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Byte ranges of the files that begin and end with a line."""
    for path in sorted(folder.rglob("*.jsonl")):
        start, size = 0, path.stat().st_size
        with path.open("rb") as file:
            while start < size:
                file.seek(min(start + PIECE, size) - 1)
                file.readline()
                yield path, start, file.tell()
                start = file.tell()


def _parse(piece: tuple[Path, int, int]) -> int:
    path, start, end = piece
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read(end - start).splitlines()
    decode = msgspec.json.Decoder(Record).decode
    sides = [decode(line).captureData for line in lines]
    text = "\n".join(f"{side.endpointOutput.data},{side.endpointInput.data}" for side in sides).encode()
    names = [str(index) for index in range(text.partition(b"\n")[0].count(b",") + 1)]
    table = pyarrow.csv.read_csv(
        io.BytesIO(text),
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    return int(table.num_rows)


def main() -> None:
    """`python -m benchmarks.peers duckdb cells.csv`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=("duckdb", "whylogs", "floor"))
    parser.add_argument("data", type=Path, help="CSV file, or folder of capture files for the floor")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.peer == "whylogs":
        measured = whylogs(arguments.data)
    else:
        measured = {"duckdb": duckdb, "floor": floor}[arguments.peer](arguments.data, arguments.cores)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
