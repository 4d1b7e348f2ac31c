"""Churn-like data for measurements: capture files and the same cells as one CSV file, about 1 GB in 10 seconds.

A row is an output probability of 16 decimals, then blocks of 69 inputs: 11 numbers (integers and numbers with one
decimal) and 58 columns of 0 and 1. The same seed always writes the same bytes, whatever the number of files.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]

START = datetime(2026, 1, 15, tzinfo=UTC)
CHUNK_CELLS = 7_000_000
GROUPS = (51, 3, 2, 2)  # one column of each group is 1: 58 columns
FLAGS = sum(GROUPS)
HYPHENS = (8, 13, 18, 23)
# Numbers of one block by name: how they are drawn, and whether they count tenths.
NUMBERS: dict[str, tuple[str, float, bool]] = {
    "account_length": ("normal", 100, False),
    "voicemails": ("poisson", 8, False),
    "day_minutes": ("normal", 1800, True),
    "day_calls": ("poisson", 100, False),
    "evening_minutes": ("normal", 2000, True),
    "evening_calls": ("poisson", 100, False),
    "night_minutes": ("normal", 2000, True),
    "night_calls": ("poisson", 100, False),
    "abroad_minutes": ("normal", 103, True),
    "abroad_calls": ("poisson", 4.5, False),
    "service_calls": ("poisson", 1.6, False),
}
BLOCK = len(NUMBERS) + FLAGS

BEGIN = '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"'
MIDDLE = (
    '","encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"'
)
EVENT = '","encoding":"CSV"}},"eventMetadata":{"eventId":"'
TIME = '","inferenceTime":"'
END = '"},"eventVersion":"0"}\n'


@dataclass(frozen=True)
class Shape:
    """How much: rows, columns (the output included), and the hours they spread over, one capture file each."""

    rows: int
    columns: int = 70
    hours: int = 6

    @property
    def end(self) -> datetime:
        """End of the window, exclusive."""
        return START + timedelta(hours=self.hours)

    def chunks(self) -> Iterator[range]:
        """Runs of rows that fit into memory; they depend on the shape alone, never on the files."""
        step = max(1, CHUNK_CELLS // self.columns)
        for start in range(0, self.rows, step):
            yield range(start, min(start + step, self.rows))


def names_of(columns: int) -> list[str]:
    """Column names, the output first."""
    block = [*NUMBERS, *(f"flag_{number}" for number in range(FLAGS))]
    inputs = [f"{block[index % BLOCK]}_{index // BLOCK}" for index in range(columns - 1)]
    return ["churn", *inputs]


def write(shape: Shape, captured: Path | None, table: Path | None, seed: int = 7) -> None:
    """Write capture files below `captured` and a CSV file with header to `table`, either or both."""
    rng = np.random.default_rng(seed)
    if captured:
        captured.mkdir(parents=True)  # an existing folder would be appended to
    with ExitStack() as open_files:
        csv = open_files.enter_context(table.open("wb")) if table else None
        if csv:
            csv.write((",".join(names_of(shape.columns)) + "\n").encode())
        for rows in shape.chunks():
            output, inputs = _probabilities(rng, len(rows)), _inputs(rng, len(rows), shape.columns - 1)
            ids = _event_ids(rng, len(rows))
            if csv:
                csv.write(_bytes(pc.binary_join_element_wise(output, ",", inputs, "\n", "")))
            if captured:
                _append(captured, shape, rows, (inputs, output, ids))


def _append(folder: Path, shape: Shape, rows: range, parts: tuple[pa.Array, pa.Array, pa.Array]) -> None:
    """Append a chunk's records to the files of their hours."""
    inputs, output, ids = parts
    seconds = np.arange(rows.start, rows.stop) * (shape.hours * 3600) // shape.rows
    records = pc.binary_join_element_wise(BEGIN, inputs, MIDDLE, output, EVENT, ids, TIME, _times(seconds), END, "")
    hours = seconds // 3600
    for hour in np.unique(hours).tolist():
        start, end = np.searchsorted(hours, [hour, hour + 1]).tolist()
        with _hour_file(folder, hour).open("ab") as file:
            file.write(_bytes(records.slice(start, end - start)))


def _hour_file(folder: Path, hour: int) -> Path:
    path = folder / "churn" / "AllTraffic" / f"{START + timedelta(hours=hour):%Y/%m/%d/%H}"
    path.mkdir(parents=True, exist_ok=True)
    return path / f"00-00-000-{hour:08d}-0000-4000-8000-000000000000.jsonl"


def _probabilities(rng: np.random.Generator, rows: int) -> pa.Array:
    """Mostly small probabilities with 16 decimals."""
    decimals = pa.array((rng.beta(0.6, 3.5, rows) * 1e16).astype(np.int64)).cast(pa.string())
    return pc.binary_join_element_wise("0.", pc.utf8_lpad(decimals, 16, "0"), "")


def _inputs(rng: np.random.Generator, rows: int, count: int) -> pa.Array:
    """`count` cells a row, as text with commas."""
    blocks = [_block(rng, rows, min(BLOCK, count - start)) for start in range(0, count, BLOCK)]
    return pc.binary_join_element_wise(*blocks, ",") if len(blocks) > 1 else blocks[0]


def _block(rng: np.random.Generator, rows: int, count: int) -> pa.Array:
    numbers = [_numbers(rng, rows, *drawn) for drawn in list(NUMBERS.values())[:count]]
    flags = [_flags(rng, rows, count - len(numbers))] if count > len(numbers) else []
    return pc.binary_join_element_wise(*numbers, *flags, ",")


def _numbers(rng: np.random.Generator, rows: int, kind: str, center: float, tenths: bool) -> pa.Array:  # noqa: FBT001
    """Texts of small whole numbers or tenths, looked up in a table of all of them."""
    drawn = rng.normal(center, center / 4, rows) if kind == "normal" else rng.poisson(center, rows)
    codes = drawn.clip(0, 4 * center).astype(np.int64)
    texts = [f"{code / 10}" if tenths else str(code) for code in range(int(4 * center) + 1)]
    return pa.array(texts).take(pa.array(codes))


def _flags(rng: np.random.Generator, rows: int, count: int) -> pa.Array:
    texts = _flag_texts(count)
    return texts.take(pa.array(rng.integers(0, len(texts), rows)))


@cache
def _flag_texts(count: int) -> pa.Array:
    """Every combination of the one-hot groups, cut to `count` cells."""
    return pa.array([",".join(_one_hot(combination)[:count]) for combination in range(math.prod(GROUPS))])


def _one_hot(combination: int) -> list[str]:
    cells: list[str] = []
    for size in GROUPS:
        combination, chosen = divmod(combination, size)
        cells += ["1" if index == chosen else "0" for index in range(size)]
    return cells


def _event_ids(rng: np.random.Generator, rows: int) -> pa.Array:
    """UUIDs, cut from one run of hexadecimal digits."""
    digits = np.frombuffer(rng.bytes(16 * rows).hex().encode(), np.uint8).reshape(rows, 32)
    width = 32 + len(HYPHENS)
    text = np.full((rows, width), ord("-"), np.uint8)
    text[:, [place for place in range(width) if place not in HYPHENS]] = digits
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def _times(seconds: Codes) -> pa.Array:
    """Inference times of rows that stand in order of time."""
    distinct, codes = np.unique(seconds, return_inverse=True)
    texts = [f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}" for second in distinct.tolist()]
    return pa.array(texts).take(pa.array(codes))


def _bytes(texts: Any) -> memoryview:
    """The texts one after the other, without copying."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :]
    return memoryview(texts.buffers()[2])[int(offsets[0]) : int(offsets[len(texts)])]


def main() -> None:
    """`python -m benchmarks.captures --rows 500000 --captured captured --table cells.csv`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--columns", type=int, default=70)
    parser.add_argument("--hours", type=int, default=6, help="capture files, one an hour; 1 makes one big file")
    parser.add_argument("--captured", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    write(Shape(arguments.rows, arguments.columns, arguments.hours), arguments.captured, arguments.table)


if __name__ == "__main__":
    main()
