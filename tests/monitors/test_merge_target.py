"""Where merged records are written: the folders of their captures, under names of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.monitors.merge.target import Target
from analyzer.split import Piece

PART = re.compile(r"part-00000-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.c000\.jsonl")


@pytest.mark.parametrize(
    ("path", "batch", "expected"),
    [
        ("/in/ep/v/2026/01/01/00/f", False, "ep/v/2026/01/01/00"),
        ("/in/2026/01/01/00/f", False, "2026/01/01/00"),
        ("/in/ep/v/2026/01/01/00/f", True, "weekly/2026/01/01/00"),
        ("/in/a/f", False, "2026/05/05/05"),
        ("/elsewhere/2026/01/01/00/f", False, "2026/05/05/05"),
        ("/elsewhere/f", True, "weekly/2026/05/05/05"),
        ("host://algo-2/in/ep/v/2026/01/01/00/f", False, "ep/v/2026/01/01/00"),
        ("/in/../.../2026/01/01/00/f", False, "_/_/2026/01/01/00"),
        ("/in//x/2026/01/01/00/f", False, "x/2026/01/01/00"),
    ],
)
def test_folders_of_the_output_are_those_of_the_input_and_lead_nowhere_else(
    path: str, batch: bool, expected: str
) -> None:
    target = Target("/out", "/in", "2026/05/05/05", "weekly" if batch else "")

    assert target.folder(path) == expected


def test_a_file_outside_of_hours_keeps_its_folder_where_no_window_says_the_hour() -> None:
    assert Target("/out", "/in").folder("/in/a/f") == "a"
    assert Target("/out", "/in").folder("/in/f") == ""
    assert Target("s3://b/out", "s3://b/in").folder("s3://b/in/ep/../v/2026/01/01/00/f") == "ep/_/v/2026/01/01/00"


def test_parts_have_names_of_their_own() -> None:
    target = Target("/out", "/in")
    pieces = [Piece(path, start, 9, whole=False) for path in ("/in/a", "/in/b") for start in (0, 5)]

    names = {target.path(folder, piece) for folder in ("x", "y") for piece in pieces}

    assert len(names) == 8
    assert all(PART.fullmatch(Path(name).name) for name in names)
