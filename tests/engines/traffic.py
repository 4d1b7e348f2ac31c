"""Captured traffic to be cut into many splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.jobs import capture, write_captures

HOURS, RECORDS = 3, 3000


def write_traffic(folder: Path) -> Path:
    """About 3 MB of captures in one file an hour, each with one odd record and one broken line."""
    random = np.random.default_rng(5)
    for hour in range(HOURS):
        records = [
            capture(
                f"{at},{random.normal():.6f},{'ab'[at % 2]},{random.integers(0, 2)}",
                f"{random.random():.9f}",
                event=f"{hour}-{at}",
                time=f"2026-01-01T0{hour}:30:00Z",
            )
            for at in range(RECORDS)
        ]
        records[7]["captureData"]["endpointInput"]["data"] = "1,2"
        path = write_captures(folder / f"ep/v/2026/01/01/0{hour}/00-00-000-x.jsonl", records)
        with path.open("ab") as file:
            file.write(b"{broken\n")
    return folder
