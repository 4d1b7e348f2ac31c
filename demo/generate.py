"""Writes the demo's data: a baseline CSV file and hours of endpoint capture with faults in them.

The same seed always writes the same bytes. Layout and record shape: contract.md sections 2.3 and 3.1.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from demo.faults import damaged, spoil
from demo.features import Cells, draw, identity

START = datetime(2026, 1, 15, 8, tzinfo=UTC)
ENDPOINT, VARIANT = "shop-fraud", "AllTraffic"
SEED = 7


@dataclass(frozen=True)
class Size:
    """How much to write: rows of the baseline; hours of capture, requests and files per hour."""

    baseline_rows: int = 20_000
    hours: int = 6
    requests_per_hour: int = 2_000
    files_per_hour: int = 4
    healthy_hours: int = 1

    @property
    def end(self) -> datetime:
        """End of the monitored window, exclusive."""
        return START + timedelta(hours=self.hours)


@dataclass(frozen=True)
class Request:
    """One call of the endpoint: when, and its rows (prediction first)."""

    moment: datetime
    rows: list[tuple[str, ...]]


def generate(folder: Path, size: Size | None = None, seed: int = SEED) -> None:
    """Write `baseline/baseline.csv` and `captured/{endpoint}/{variant}/yyyy/mm/dd/hh/*.jsonl` below the folder."""
    rng = np.random.default_rng(seed)
    size = size or Size()
    _write_baseline(folder / "baseline" / "baseline.csv", draw(rng, size.baseline_rows))
    for hour in range(size.hours):
        requests = _requests(rng, hour, size)
        cuts = np.linspace(0, len(requests), size.files_per_hour + 1).astype(int).tolist()
        for number, (start, end) in enumerate(pairwise(cuts)):
            bad = number == 0 and hour >= size.healthy_hours
            _write_capture(folder / "captured", rng, requests[start:end], spoiled=bad)


def _write_baseline(path: Path, cells: Cells) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(cells)
        writer.writerows(zip(*cells.values(), strict=True))


def _requests(rng: np.random.Generator, hour: int, size: Size) -> list[Request]:
    """An hour of requests in order of time; one in ten carries several rows."""
    count = size.requests_per_hour
    rows_of = np.where(rng.random(count) < 0.1, rng.integers(2, 6, count), 1)
    cells = draw(rng, int(rows_of.sum()))
    if hour >= size.healthy_hours:
        cells = spoil(rng, cells)
    rows = list(zip(*cells.values(), strict=True))
    ends = rows_of.cumsum().tolist()
    milliseconds = np.sort(rng.integers(0, 3_600_000, count)).tolist()
    return [
        Request(START + timedelta(hours=hour, milliseconds=moment), rows[end - length : end])
        for moment, end, length in zip(milliseconds, ends, rows_of.tolist(), strict=True)
    ]


def _write_capture(folder: Path, rng: np.random.Generator, requests: list[Request], *, spoiled: bool) -> None:
    first = requests[0].moment
    name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{identity(rng)}.jsonl"
    path = folder / ENDPOINT / VARIANT / f"{first:%Y/%m/%d/%H}" / name
    lines = [_record(rng, request) for request in requests]
    if spoiled:
        lines[len(lines) // 2 : len(lines) // 2] = damaged(lines[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def _record(rng: np.random.Generator, request: Request) -> bytes:
    """One line of capture: predictions in the output, features in the input."""
    inputs = io.StringIO()
    csv.writer(inputs, lineterminator="\n").writerows(row[1:] for row in request.rows)
    outputs = "\n".join(row[0] for row in request.rows)
    record = {
        "captureData": {
            "endpointInput": _side("INPUT", "text/csv", inputs.getvalue().removesuffix("\n")),
            "endpointOutput": _side("OUTPUT", "text/csv; charset=utf-8", outputs),
        },
        "eventMetadata": {
            "eventId": str(identity(rng)),
            "inferenceTime": f"{request.moment:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _side(mode: str, content_type: str, data: str) -> dict[str, str]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": "CSV"}


def main() -> None:
    """`python -m demo.generate --folder demo-data --seed 7`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo-data"))
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    generate(arguments.folder, seed=arguments.seed)


if __name__ == "__main__":
    main()
