"""Rejected records, one per line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.batch import Rejected
from analyzer.errors import OutputUnwritable
from analyzer.reports import quarantine


def lines(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def test_rejected_records_are_written_one_per_line(tmp_path: Path) -> None:
    records = [Rejected("not JSON", "a.jsonl", 3), Rejected("no id", "b", 1, "e1", "{}", "expected 6, found 4", 7)]
    path = quarantine.write(tmp_path, records)
    assert path == str(tmp_path / "quarantine.jsonl")
    assert lines(path) == [
        {"reason": "not JSON", "path": "a.jsonl", "line": 3},
        {"reason": "no id", "path": "b", "line": 1, "event_id": "e1", "detail": "expected 6, found 4", "excerpt": "{}"},
    ]


def test_nothing_rejected_means_no_file_not_even_of_an_earlier_run(tmp_path: Path) -> None:
    quarantine.write(tmp_path, [Rejected("a", "b", 1)])
    assert quarantine.write(tmp_path, []) is None
    assert quarantine.write(tmp_path, []) is None
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_bounded_in_lines_and_in_their_length(tmp_path: Path) -> None:
    long = "x" * 10**6
    path = quarantine.write(tmp_path, [Rejected(long, long, 1, long, None, long)] * (quarantine.MAX_RECORDS + 1))
    assert path
    assert len(lines(path)) == quarantine.MAX_RECORDS
    assert {len(str(text)) for text in lines(path)[0].values()} == {1, quarantine.MAX_CHARACTERS}


def test_an_excerpt_is_as_long_as_the_option_may_ask_for(tmp_path: Path) -> None:
    texts = ["x" * quarantine.MAX_EXCERPT, "x" * (quarantine.MAX_EXCERPT + 1)]
    path = quarantine.write(tmp_path, [Rejected("r", "p", 1, None, text) for text in texts])
    assert path
    kept = [str(entry["excerpt"]) for entry in lines(path)]
    assert kept[0] == texts[0]
    assert (len(kept[1]), kept[1][-4:]) == (quarantine.MAX_EXCERPT, "x...")


@pytest.mark.parametrize("text", ['"},{"a":1', "a\nb", "a\u2028b", "\ud800", "\x00", "</script>"])
def test_hostile_content_stays_in_its_line(tmp_path: Path, text: str) -> None:
    path = quarantine.write(tmp_path, [Rejected(text, text, 1, text, text, text)])
    assert path
    keys = ("reason", "path", "event_id", "detail", "excerpt")
    shown = text.replace("\ud800", "\ufffd" * 3)  # half a character is none
    assert [[entry[key] for key in keys] for entry in lines(path)] == [[shown] * 5]


def test_an_output_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable):
        quarantine.write(tmp_path / "file", [Rejected("a", "b", 1)])
