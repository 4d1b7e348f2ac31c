"""The least a job could do: read the capture files, decode the records, parse their cells as CSV, keep nothing."""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.csv

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


def floor(folder: Path, processes: int) -> int:
    """Decode and parse everything; the result is the number of rows."""
    pieces = list(_pieces(folder))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        counts = pool.map(_parse, pieces, chunksize=1)
    return sum(counts)


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
    """`python -m benchmarks.floor captured --cores 2`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    print(json.dumps({"rows": floor(arguments.folder, arguments.cores)}))


if __name__ == "__main__":
    main()
