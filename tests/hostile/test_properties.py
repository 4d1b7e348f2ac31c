"""What must hold of any data set: it agrees with itself, and its columns do not touch each other."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.ledger import captured, line, put, reconciled
from tests.jobs import CAPTURE, Finished, monitor, run_job

pytestmark = pytest.mark.timeout(100)
TRIED = 120

NUMBERS = st.one_of(
    st.integers(), st.floats(allow_subnormal=True), st.integers(-3, 3), st.sampled_from([10**400, 1e308])
)
TEXTS = st.one_of(
    st.text(max_size=8), st.sampled_from(["NaN", "inf", "-Infinity", "1", "1.0", "true", "", " 1", "1e400"])
)
CELLS = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
KINDS = st.sampled_from([NUMBERS, TEXTS, CELLS, st.none(), st.just(7), st.booleans(), NUMBERS | st.none()])
Table = dict[str, list[Any]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A few named columns of numbers, text, both, or nothing at all; from one row on."""
    rows = draw(st.integers(1, 25))
    names = draw(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4, unique=True))
    return {name: draw(st.lists(draw(KINDS), min_size=rows, max_size=rows)) for name in names}


def _records(table: Table) -> bytes:
    rows = zip(*table.values(), strict=True)
    return "\n".join(json.dumps(dict(zip(table, row, strict=True))) for row in rows).encode() + b"\n"


def _baseline(folder: Path, table: Table) -> Finished:
    return run_job(folder / "b", put(folder, "x.jsonl", _records(table)), dataset_format="jsonlines")


_EXAMPLES = settings(max_examples=TRIED // 3, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_EXAMPLES
@given(tables())
def test_a_data_set_never_violates_its_own_baseline(table: Table) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        baseline = _baseline(folder, table)
        finished = monitor(folder / "m", folder / "in", baseline.output, dataset_format="jsonlines")

        assert reconciled(baseline).rows == reconciled(finished).rows == len(next(iter(table.values())))
        assert finished.violations == []


@_EXAMPLES
@given(tables(), st.lists(NUMBERS | st.none(), min_size=25, max_size=25))
def test_another_column_full_of_holes_changes_no_other_column(table: Table, holes: list[Any]) -> None:
    rows = len(next(iter(table.values())))
    name = "x" * 7  # names of the table are shorter
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        alone = _baseline(Path(one), table)
        beside = _baseline(Path(two), {**table, name: holes[:rows]})

        assert [each for each in _features(beside) if each["name"] != name] == _features(alone)


@_EXAMPLES
@given(
    st.lists(
        st.lists(NUMBERS.filter(lambda number: str(number) != "nan"), min_size=2, max_size=2), min_size=1, max_size=9
    )
)
def test_captured_records_never_violate_the_baseline_of_the_same_rows(rows: Sequence[Sequence[float]]) -> None:
    """The baseline is learnt from JSON Lines, the live data are CSV payloads of the same cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        baseline = _baseline(folder, {"score": [row[0] for row in rows], "x": [row[1] for row in rows]})
        lines = [line(str(row[1]), str(row[0])) for row in rows]
        live = captured(folder / "live", *lines)
        source = folder / "live/in"
        finished = monitor(folder / "m", source, baseline.output, dataset_format=CAPTURE)

        assert reconciled(live).rows == len(rows)
        assert finished.violations == []


def _features(finished: Finished) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = finished.document("statistics.json")["features"]
    return found


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert 3 * _EXAMPLES.max_examples == TRIED
