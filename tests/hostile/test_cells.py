"""Cells and columns nobody would want, in every format: all are counted, none of them spoils its neighbours."""

from __future__ import annotations

import io
import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.ledger import captured, line, put, reconciled
from tests.jobs import Finished, run_job

pytestmark = pytest.mark.timeout(60)
Column = Sequence[Any]
ROWS = 12
GOOD: Column = [float(at) for at in range(ROWS)]
COLUMNS: dict[str, Column] = {
    "NaN alone": [math.nan] * ROWS,
    "NaN among numbers": [1.5, math.nan, 2.5, 3.5] * 3,
    "infinities": [math.inf, -math.inf] * 6,
    "infinities among numbers": [1.5, math.inf, -math.inf] * 4,
    "huge numbers whose sum overflows": [1e308, 1.7e308, -1e308] * 4,
    "tiny numbers": [5e-324, -5e-324, 0.0, -0.0] * 3,
    "missing alone": [None] * ROWS,
    "missing among numbers": [1.5, None, None] * 4,
    "constant": [7.25] * ROWS,
    "constant text": ["same"] * ROWS,
    "empty texts": ["", "x"] * 6,
    "booleans": [True, False, None] * 4,
    "spellings of NaN": ["nan", "NaN", "-inf", "Infinity", "+INF", "1.5"] * 2,
    "almost spellings of NaN": ["nano", "infinite", "NA", "null", "None", "-"] * 2,
    "1,000 digits": ["9" * 1000, "-" + "9" * 1000, "0." + "1" * 1000] * 4,
    "5,000 digits": ["9" * 5000] * ROWS,
    "exponents": ["1e999", "-1e999", "1e-999", "1E5"] * 3,
    "another type in every row": ["1", "2.5", "true", "text", None, "", "NaN", "1e5", "007", "- 1", "١٢", "0x1F"],
    "controls": ["\x00", "\x1b[31m", "\x07", "\r\n", "\t", "\x7f"] * 2,
    "markup": ["<script>alert(1)</script>", "'; DROP TABLE x;--", "{{7*7}}", "$(reboot)", "%s%n", "../../etc/passwd"]
    * 2,
    "formulas": ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1"] * 3,
    "Unicode": ["é", "日本語", "🎉" * 100, "\u202eevil", "\u2028", "a\u0301" * 50] * 2,
    "each 5,000 characters": [chr(97 + at) * 5000 for at in range(ROWS)],
}


def _text(cell: Any) -> str:
    """A cell as CSV spells it; missing is nothing at all."""
    if cell is None:
        return ""
    text = str(cell).lower() if isinstance(cell, bool) else str(cell)
    return '"' + text.replace('"', '""') + '"' if isinstance(cell, str) else text


def _csv(folder: Path, column: Column) -> Finished:
    rows = [f"{good},{_text(bad)},{good}" for good, bad in zip(GOOD, column, strict=True)]
    return run_job(folder / "out", put(folder, "x.csv", "\n".join(["a,bad,z", *rows]).encode()), dataset_format="csv")


def _json(folder: Path, column: Column) -> Finished:
    rows = [json.dumps({"a": good, "bad": bad, "z": good}) for good, bad in zip(GOOD, column, strict=True)]
    return run_job(folder / "out", put(folder, "x.jsonl", "\n".join(rows).encode()), dataset_format="jsonlines")


def _parquet(folder: Path, column: Column) -> Finished:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": GOOD, "bad": pa.array(column), "z": GOOD}), file)
    return run_job(folder / "out", put(folder, "x.parquet", file.getvalue()), dataset_format="parquet")


def _capture(folder: Path, column: Column) -> Finished:
    rows = [line(f"{_text(bad)},{good}", str(good)) for good, bad in zip(GOOD, column, strict=True)]
    return captured(folder, *rows)


FORMATS: dict[str, Callable[[Path, Column], Finished]] = {
    "CSV": _csv,
    "JSON Lines": _json,
    "Parquet": _parquet,
    "capture": _capture,
}
CASES = list(itertools.product(FORMATS, COLUMNS))
TRIED = 92


@pytest.mark.parametrize(("form", "name"), CASES)
def test_a_strange_column_is_counted_and_its_neighbours_are_what_they_were(
    tmp_path: Path, form: str, name: str
) -> None:
    column = COLUMNS[name]

    finished = FORMATS[form](tmp_path, column)

    told = reconciled(finished)
    assert (told.rows, told.rejected) == (ROWS, {})
    first, bad, last = finished.document("statistics.json")["features"]
    for good in (first, last):
        assert good["numerical_statistics"]["mean"] == 5.5
        assert good["numerical_statistics"]["common"] == {"num_present": ROWS, "num_missing": 0}
    block = bad.get("numerical_statistics") or bad["string_statistics"]
    assert block["common"]["num_missing"] == sum(cell is None for cell in column)
    assert "failure" not in bad["analyzer"]
    assert max(file.stat().st_size for file in finished.output.iterdir()) < 200_000


@pytest.mark.parametrize("form", FORMATS)
def test_numbers_that_are_not_finite_are_counted_apart(tmp_path: Path, form: str) -> None:
    mixed = FORMATS[form](tmp_path, [1.5, math.nan, 2.5, math.inf, -math.inf, 3.5] * 2)

    (bad,) = [feature for name, feature in mixed.features.items() if name in ("bad", "_c1")]
    assert bad["inferred_type"] == "Fractional"
    assert (bad["analyzer"]["nan"], bad["analyzer"]["infinite"]) == (2, 4)
    assert bad["numerical_statistics"]["common"]["num_present"] == ROWS
    assert (bad["numerical_statistics"]["mean"], bad["numerical_statistics"]["max"]) == (2.5, 3.5)


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(CASES) == TRIED
