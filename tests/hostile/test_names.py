"""Column names of every kind: they reach the reports unchanged, and nothing else."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.ledger import captured, line, put, reconciled
from tests.jobs import Finished, monitor, run_job

pytestmark = pytest.mark.timeout(60)
NAMES: dict[str, str] = {
    "escape sequence": "\x1b[31mred\x07",
    "null character": "a\x00b",
    "double quotes": 'a"b""c',
    "single quote": "a'b",
    "backslashes": "a\\b\\n",
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "forged log line": "x\n2026-01-01 00:00:00,000 - root - ERROR - forged",
    "tab": "a\tb",
    "comma": "a,b",
    "markup": "</script><script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
    "way out": "../../../../etc/passwd",
    "absolute path": "/etc/passwd",
    "address": "s3://bucket/key",
    "SQL": "Robert'); DROP TABLE students;--",
    "SQL word": "select",
    "formula": "=cmd|' /C calc'!A0",
    "template": "{{7*7}}${7*7}%s%n{0.__class__}",
    "dots": "a.b.c",
    "blanks": "  a  b  ",
    "only blanks": "   ",
    "emoji": "🎉👩‍👩‍👧‍👦",
    "right to left": "\u202eabc\u202c",
    "line separator": "a\u2028b\u2029c",
    "combining": "e\u0301" * 20,
    "byte-order mark": "\ufeffa",
    "10,000 characters": "x" * 10_000,
    "10,000 wide characters": "漢" * 10_000,
    "number": "1",
    "our own default": "_c0",
    "our own key": "dataset",
    "Python attribute": "__class__",
    "JSON words": "null",
}
TRIED = 99


def _csv(folder: Path, names: Sequence[str]) -> Finished:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([names, *[[str(at)] * len(names) for at in range(5)]])
    return run_job(folder / "out", put(folder, "x.csv", text.getvalue().encode()), dataset_format="csv", **METRICS)


def _json(folder: Path, names: Sequence[str]) -> Finished:
    rows = [json.dumps(dict.fromkeys(names, at)) for at in range(5)]
    return run_job(
        folder / "out", put(folder, "x.jsonl", "\n".join(rows).encode()), dataset_format="jsonlines", **METRICS
    )


def _parquet(folder: Path, names: Sequence[str]) -> Finished:
    file = io.BytesIO()
    pq.write_table(pa.table({name: range(5) for name in names}), file)
    return run_job(folder / "out", put(folder, "x.parquet", file.getvalue()), dataset_format="parquet", **METRICS)


METRICS = {"publish_cloudwatch_metrics": "Enabled"}
FORMATS: dict[str, Callable[[Path, Sequence[str]], Finished]] = {"CSV": _csv, "JSON Lines": _json, "Parquet": _parquet}
CASES = list(itertools.product(FORMATS, NAMES))


@pytest.mark.parametrize(("form", "kind"), CASES)
def test_a_column_keeps_its_name_through_baseline_and_monitoring(tmp_path: Path, form: str, kind: str) -> None:
    name = NAMES[kind]

    baseline = FORMATS[form](tmp_path / "b", [name, "plain"])
    rows = [json.dumps({name: "text", "plain": at}) for at in range(5)]
    source = put(tmp_path, "x.jsonl", "\n".join(rows).encode())
    finished = monitor(tmp_path / "out", source, baseline.output, dataset_format="jsonlines")

    assert reconciled(baseline).rows == 5
    assert list(baseline.features) == [name, "plain"]
    assert (name, "data_type_check") in finished.checks
    assert {path.name for path in baseline.output.rglob("*")} <= FILES
    assert not set(map(chr, range(32))) & set(finished.outcome.message)


FILES = {"statistics.json", "constraints.json", "metrics", "cloudwatch_metrics.jsonl", "message"}


@pytest.mark.parametrize("form", FORMATS)
def test_all_names_at_once_stay_apart(tmp_path: Path, form: str) -> None:
    finished = FORMATS[form](tmp_path, list(NAMES.values()))

    assert list(finished.features) == list(NAMES.values())
    html = (finished.output / "statistics.json").read_text("utf-8")
    assert "<script" not in html


def test_repeated_names_of_a_csv_header_are_numbered(tmp_path: Path) -> None:
    finished = _csv(tmp_path, ["a", "a", "", "", "a_2"])

    names = [feature["name"] for feature in finished.document("statistics.json")["features"]]
    assert len(set(names)) == 5
    assert names[0] == "a"


def test_repeated_names_of_a_parquet_file_are_numbered(tmp_path: Path) -> None:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1, 2]), pa.array(["x", "y"])], ["a", "a"]), file)

    finished = run_job(tmp_path / "out", put(tmp_path, "x.parquet", file.getvalue()), dataset_format="parquet")

    assert reconciled(finished).rows == 2
    assert len(finished.features) == 2


def test_keys_of_both_sides_of_a_capture_stay_apart(tmp_path: Path) -> None:
    record = line('{"x":1,"endpointInput.x":2}', '{"x":3}', encodings=("JSON", "JSON"))

    finished = captured(tmp_path, record)

    means = sorted(feature["numerical_statistics"]["mean"] for feature in finished.features.values())
    assert means == [1.0, 2.0, 3.0]


def test_flattened_keys_do_not_hide_keys_spelt_like_them(tmp_path: Path) -> None:
    rows = put(tmp_path, "x.jsonl", b'{"a.b":1,"a":{"b":2}}\n' * 3)

    finished = run_job(tmp_path / "out", rows, dataset_format="jsonlines")

    assert reconciled(finished).rows == 3
    assert len(finished.features) == 2


def test_half_of_a_surrogate_pair_in_a_key_is_replaced_and_two_such_keys_stay_apart(tmp_path: Path) -> None:
    rows = put(tmp_path, "x.jsonl", b'{"a\\ud800":1,"a\\udfff":2,"a?":3}\n' * 3)

    finished = run_job(tmp_path / "out", rows, dataset_format="jsonlines")

    assert reconciled(finished).rows == 3
    assert sorted(feature["numerical_statistics"]["mean"] for feature in finished.features.values()) == [1, 2, 3]


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(CASES) == TRIED
