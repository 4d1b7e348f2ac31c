"""The message of a job."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports.message import completed, shorten, write_message


def test_the_recorded_messages_are_reproduced() -> None:
    assert completed(0) == "Completed: Job completed successfully with no violations."
    assert completed(60) == "CompletedWithViolations: Job completed successfully with 60 violations."
    assert completed(1) == "CompletedWithViolations: Job completed successfully with 1 violations."
    assert completed(0, "3 records were rejected.").endswith("no violations. 3 records were rejected.")


@given(st.text(st.characters(exclude_categories=[]), max_size=3000))
def test_a_message_is_one_line_of_a_kilobyte_at_most(text: str) -> None:
    found = shorten(text)
    assert len(found.encode()) <= 1024
    assert not found or found.isprintable()


@pytest.mark.parametrize("character", ["x", "é", "日", "🙂"])
def test_a_long_word_is_cut_at_a_character(character: str) -> None:
    found = shorten("Failed: " + character * 2000)
    assert found.startswith("Failed: " + character)
    assert found.endswith(character + "...")
    assert len(found.encode()) > 1017


def test_a_long_text_is_cut_at_a_word() -> None:
    assert shorten("word " * 1000).endswith("word...")


def test_a_text_of_just_one_kilobyte_stays_whole() -> None:
    assert shorten("x" * 1024) == "x" * 1024
    assert shorten("x" * 1025) == "x" * 1021 + "..."


def test_the_message_creates_its_folder(tmp_path: Path) -> None:
    assert write_message(tmp_path / "opt" / "message", "Completed:\n\x1b[31mfine")
    assert (tmp_path / "opt" / "message").read_text() == "Completed:  [31mfine"


def test_a_message_that_cannot_be_written_hides_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.ERROR):
        assert not write_message(tmp_path / "file" / "message", "Completed: fine")
    assert "message of the job is lost" in caplog.text
