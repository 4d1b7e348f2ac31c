"""Windows that make no sense, and times of records that make none either."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import ConfigError
from tests.hostile.ledger import captured, line, put, reconciled
from tests.jobs import CAPTURE, monitor

pytestmark = pytest.mark.timeout(60)
WINDOW = {"start_time": "2026-01-01T10:00:00Z", "end_time": "2026-01-01T11:00:00Z"}
TRIED = 44

WRONG: dict[str, dict[str, str]] = {
    "start only": {"start_time": "2026-01-01T00:00:00Z"},
    "end only": {"end_time": "2026-01-01T00:00:00Z"},
    "start after end": {"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"},
    "start is end": {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"},
    "start after end by its zone": {"start_time": "2026-01-01T10:00:00-05:00", "end_time": "2026-01-01T11:00:00Z"},
    "no time": {"start_time": "yesterday", "end_time": "2026-01-01T00:00:00Z"},
    "no date": {"start_time": "2026-02-30T00:00:00Z", "end_time": "2026-03-01T00:00:00Z"},
    "a number": {"start_time": "1767225600", "end_time": "1767229200"},
    "a huge year": {"start_time": "99999-01-01T00:00:00Z", "end_time": "99999-01-02T00:00:00Z"},
    "10,000 characters": {"start_time": "2" * 10_000, "end_time": "2026-01-02T00:00:00Z"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_window_that_makes_no_sense_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"(start|end)_time") as raised:
        captured(tmp_path, line(), **WRONG[name])

    assert len(str(raised.value)) < 1000
    assert not set(map(chr, range(32))) & set(str(raised.value))
    assert not (tmp_path / "out").exists()


# Text of inferenceTime: rows, outside, without time.
INSIDE, OUTSIDE, UNTIMED = (1, 0, 0), (0, 1, 0), (1, 0, 1)
TIMES: dict[str, tuple[object, tuple[int, int, int] | None]] = {
    "the first moment": ("2026-01-01T10:00:00Z", INSIDE),
    "the last moment": ("2026-01-01T10:59:59Z", INSIDE),
    "the end": ("2026-01-01T11:00:00Z", OUTSIDE),
    "just before": ("2026-01-01T09:59:59Z", OUTSIDE),
    "a fraction before the start": ("2026-01-01T09:59:59.999999Z", OUTSIDE),
    "a fraction before the end": ("2026-01-01T10:59:59.999999Z", INSIDE),
    "nanoseconds": ("2026-01-01T10:30:00.123456789Z", INSIDE),
    "a zone": ("2026-01-01T15:30:00+05:00", INSIDE),
    "a zone, outside": ("2026-01-01T10:30:00+05:00", OUTSIDE),
    "no zone": ("2026-01-01T10:30:00", INSIDE),
    "a blank instead of T": ("2026-01-01 10:30:00", INSIDE),
    "lower case": ("2026-01-01t10:30:00z", UNTIMED),
    "the year 1": ("0001-01-01T00:00:00+14:00", None),
    "the year 9999": ("9999-12-31T23:59:59-14:00", None),
    "no date": ("2026-02-30T10:00:00Z", UNTIMED),
    "twenty characters that look right": ("2026-01-01T10:xx:00Z", UNTIMED),
    "twenty characters with a wrong month": ("2026-13-01T10:00:00Z", UNTIMED),
    "twenty characters with a wrong hour": ("2026-01-01T10:99:99Z", UNTIMED),
    "words": ("half past ten", UNTIMED),
    "empty": ("", UNTIMED),
    "a number": (1767263400, UNTIMED),
    "a float": (1767263400.5, UNTIMED),
    "a boolean": (True, UNTIMED),
    "null": (None, UNTIMED),
    "a list": (["2026-01-01T10:30:00Z"], UNTIMED),
    "an object": ({"time": "2026-01-01T10:30:00Z"}, UNTIMED),
    "1 MB": ("2" * 1_000_000, UNTIMED),
    "digits of another script": ("2026-01-01T10:30:0\N{ARABIC-INDIC DIGIT FIVE}Z", UNTIMED),
    "controls": ("2026-01-01T10:30:00Z\n\x1b[31m", None),
    "a surrogate": ("2026-01-01T10:30:0\ud800Z", UNTIMED),
}  # fmt: skip
EMPTY = ("no file", "no record inside", "no record with a payload", "an empty folder")


@pytest.mark.parametrize("name", TIMES)
def test_a_record_is_inside_or_outside_or_kept_and_counted_without_a_time(tmp_path: Path, name: str) -> None:
    """The time of a record decides on that record only."""
    time, expected = TIMES[name]
    sound = line(time="2026-01-01T10:10:00Z")

    told = reconciled(captured(tmp_path, sound, line(time=time), sound, **WINDOW))

    found = (told.rows - 2, told.outside, told.untimed)
    assert found == expected if expected else found in (OUTSIDE, UNTIMED, INSIDE)
    assert told.rejected == {}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_window_completes_and_says_where_it_looked(tmp_path: Path, name: str) -> None:
    baseline = captured(tmp_path / "baseline", line())
    outside = line(time="2020-01-01T00:00:00Z")
    source = put(tmp_path, "2026/01/01/09/c.jsonl", outside)
    if name == "no file":
        source = source / "2026/01/01"
    if name == "no record inside":
        put(tmp_path, "2026/01/01/10/c.jsonl", outside)
    if name == "no record with a payload":
        put(tmp_path, "2026/01/01/10/c.jsonl", b"{}\n{\n")
    if name == "an empty folder":
        source = tmp_path / "nothing"
        source.mkdir()

    finished = monitor(tmp_path / "out", source, baseline.output, dataset_format=CAPTURE, **WINDOW)

    assert reconciled(finished).rows == 0
    assert finished.outcome.exit_code == 0
    assert finished.violations == []
    assert f"looked in {source} for 2026-01-01T10:00:00Z to 2026-01-01T11:00:00Z" in finished.outcome.message


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(WRONG) + len(TIMES) + len(EMPTY) == TRIED
