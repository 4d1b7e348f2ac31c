"""Tables as tests compare them: what was learnt from one, and a job over the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.jobs import Finished, monitor, run_job

ROWS = 400
Column = Sequence[object]

NUMBERS = [at % 50 for at in range(ROWS)]
WORDS = ["ab"[at % 2] for at in range(ROWS)]
FLAGS = [int(at % 5 == 0) for at in range(2000)]
DRIFTED = [int(at % 5 < 3) for at in range(2000)]


def csv(folder: Path, **columns: Column) -> Path:
    """A CSV file with a header; None is an empty cell."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = zip(*columns.values(), strict=True)
    texts = [columns, *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    (folder / "data.csv").write_text("".join(",".join(text) + "\n" for text in texts), "utf-8")
    return folder


def compared(
    folder: Path,
    before: Mapping[str, Column],
    now: Mapping[str, Column],
    edit: Callable[[Any], None] | None = None,
    **settings: object,
) -> Finished:
    """Learn from one table, edit the constraints, look at the other."""
    learnt = run_job(folder / "learnt", csv(folder / "before", **before), dataset_format="csv")
    path = learnt.output / "constraints.json"
    constraints = json.loads(path.read_text())
    if edit:
        edit(constraints)
    path.write_text(json.dumps(constraints))
    return monitor(folder / "out", csv(folder / "now", **now), learnt.output, dataset_format="csv", **settings)


def options(name: str, **values: object) -> Callable[[Any], None]:
    """An edit that overrides options of one feature, in the documented place."""

    def edit(constraints: Any) -> None:
        feature = next(each for each in constraints["features"] if each["name"] == name)
        feature["monitoringConfigOverrides"] = values

    return edit
