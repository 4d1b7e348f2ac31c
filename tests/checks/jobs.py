"""Captured traffic for checks, and jobs that check it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from analyzer.job import Job
from tests.jobs import Finished, capture, run_job, write_captures

ROWS = 60
PLANS = ("basic", "pro", "max")


def row(at: int) -> dict[str, Any]:
    """Input of record number `at`: nulls, ties, texts among numbers, and names that need quoting."""
    return {
        "age": at % 40,
        "name": None if at % 10 == 0 else f"n{at % 7}",
        "mixed": "n/a" if at % 20 == 0 else f"{at / 8}",
        "mail": f"user{at}@example.com" if at % 2 else "none",
        "plan": PLANS[at % 3],
        "amount": at * 1.5,
        "a b.c`d": at % 2,
        "joined": f"2024-01-{at % 28 + 1:02}",
        "code": "" if at == 5 else f"{at:03}",
    }


def traffic(folder: Path, rows: Iterable[Mapping[str, Any]] | None = None) -> Path:
    """Capture files of such records, with event ids e0, e1, ..."""
    found = [row(at) for at in range(ROWS)] if rows is None else list(rows)
    records = [
        capture(json.dumps(each), json.dumps({"score": at / len(found)}), f"e{at}", ("JSON", "JSON"))
        for at, each in enumerate(found)
    ]
    write_captures(folder / "a.jsonl", records)
    return folder


def checks_file(path: Path, *rules: Mapping[str, Any] | str, **file: Any) -> Path:
    """A checks file with such rules."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump({**file, "rules": [each if isinstance(each, str) else dict(each) for each in rules]})
    )
    return path


def checked(folder: Path, checks: Path, **settings: object) -> Finished:
    """A job over the traffic in `folder/in`, with these checks."""
    return run_job(folder / "out", folder / "in", analyzer_checks=checks, **settings)


def outcomes(finished: Finished) -> dict[str, dict[str, Any]]:
    """The rules of checks.json by their constraint."""
    return {rule["constraint"]: rule for rule in finished.document("checks.json")["rules"]}


def job(folder: Path, checks: Path) -> Job:
    """The request of such a job."""
    values = {"dataset_source": folder / "in", "output_path": folder / "out", "analyzer_checks": checks}
    return Job.from_values({name: str(value) for name, value in values.items()})
