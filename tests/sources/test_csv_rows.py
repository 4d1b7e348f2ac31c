"""Whatever the bytes of a CSV file, its rows are those the csv module sees, and every damaged line is counted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.sources.csv import CsvSource
from analyzer.sources.csv_rows import BROKEN, HEADER_INSIDE, NOT_UTF8, careful_rows, cells_of
from analyzer.sources.sides import CELLS_DIFFER
from analyzer.sources.tabular import Bounds
from tests.sources.reading import read, stored

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.sampled_from('a1",\n\r é'), max_size=6)


@QUIET
@given(
    table=st.integers(2, 4).flatmap(lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w), min_size=1, max_size=8)),
    style=st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n")]),
    size=st.sampled_from([1, 10, 40, 1000]),
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path: Path, table: list[list[str]], style: tuple[int, str], size: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=style[0], lineterminator=style[1]).writerows(table)  # type: ignore[arg-type]
    found = read(CsvSource(stored(tmp_path, text.getvalue()), header=False, bounds=Bounds(block_bytes=size)))
    assert [[cell or "" for cell in row.values()] for row in found.rows] == table


@QUIET
@given(
    data=st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b" ", b'""', b"\xff", b"1,2\n"]), max_size=40),
    header=st.booleans(),
    size=st.sampled_from([1, 10, 1000]),
)
def test_whatever_the_bytes_every_record_is_a_row_or_rejected(
    tmp_path: Path, data: list[bytes], header: bool, size: int
) -> None:
    found = read(CsvSource(stored(tmp_path, b"".join(data)), header, bounds=Bounds(block_bytes=size)))
    assert found.reconciles


@QUIET
@given(
    good=st.lists(st.integers(0, 999), min_size=1, max_size=30),
    damage=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from([b"1", b"1,2,3", b"1,\xff", b"x,y", b'"q,1'])), max_size=6
    ),
    size=st.sampled_from([1, 30, 1000]),
)
def test_damaged_lines_are_counted_one_by_one_and_cost_no_other(
    tmp_path: Path, good: list[int], damage: list[tuple[int, bytes]], size: int
) -> None:
    """Checked against the lines themselves, not against the source's own counts."""
    lines = [b"%d,%d" % (number, number) for number in good]
    for place, line in damage:
        lines.insert(min(place, len(lines)), line)
    found = read(CsvSource(stored(tmp_path, b"x,y\n" + b"\n".join(lines)), bounds=Bounds(block_bytes=size)))
    kinds = {b"1": CELLS_DIFFER, b"1,2,3": CELLS_DIFFER, b"1,\xff": NOT_UTF8, b"x,y": HEADER_INSIDE, b'"q,1': BROKEN}
    # Two open quotes may close each other: '"q,1\n5,5\n"q' is one cell with junk behind it, so both lines are broken.
    assert found.intake.rejected == Counter(kinds[line] for _, line in damage)
    assert [row["x"] for row in found.rows] == [str(int(line.split(b",")[0])) for line in lines if line not in kinds]
    assert found.intake.records == len(lines)


@QUIET
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_the_careful_reader_and_the_csv_module_agree(cells: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    data = text.getvalue().encode()
    assert [cells_of(row.body) for row in careful_rows(data, 0, len(data), len(cells))] == [cells]
