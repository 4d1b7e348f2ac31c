"""The traffic of the recorded monitoring runs, made as case.json says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.jobs import capture


def requests(golden: Path) -> Iterator[tuple[str, str]]:
    """Requests and their answers."""
    inputs = golden / "dq_churn_monitor/inputs"
    with (inputs / "predictions_for_test_rows.csv").open() as file:
        answers = [row["probability"] for row in csv.DictReader(file)]
    lines = (inputs / "test-dataset-input-cols.csv").read_text().splitlines()
    yield from zip(lines, answers, strict=True)


def traffic(golden: Path, records: int) -> Iterator[dict[str, Any]]:
    """Records 0..179 once, then 0..333 in order, endlessly (case.json)."""
    pairs = list(requests(golden))
    sequence = pairs[:180] + pairs * (records // len(pairs) + 1)
    for at, (request, answer) in enumerate(sequence[:records]):
        yield capture(request, answer, event=f"event-{at}", time="2022-04-18T22:10:00Z")
