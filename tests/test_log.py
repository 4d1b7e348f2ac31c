"""Log lines that no data can forge, without credentials, and progress."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer import log


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    yield
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@given(st.text(st.characters() | st.sampled_from("\n\r\x1b\x85\u2028\u202e\ud800"), max_size=300))
def test_no_text_leaves_its_log_line(text: str) -> None:
    stream = io.StringIO()
    log.configure(stream)
    logging.getLogger("x").warning("%s", text)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert " - x - WARNING - " in line
    assert not set("\r\x1b\u202e\ud800") & set(line)


def test_one_of_a_thing_is_singular() -> None:
    assert [log.counted(count, "row") for count in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert [log.counted(count, "process", "processes") for count in (1, 2)] == ["1 process", "2 processes"]


def test_a_long_log_line_is_shortened() -> None:
    assert len(log.one_line("\n" * 1_000_000)) < log.LONGEST_LINE + 100


@pytest.mark.parametrize(
    "text",
    [
        "https://user:XYZ@host/",
        "aws_secret_access_key=XYZ",
        '{"password": "XYZ"}',
        "Authorization: Bearer XYZ",
        "?X-Amz-Signature=XYZ&a=b",
        "api-key : XYZ",
    ],
)
def test_credentials_are_redacted(text: str) -> None:
    assert "XYZ" not in log.redacted(text)


@pytest.mark.parametrize("text", ["s3://bucket/a@b/c", "/opt/ml/processing/input", "2021-05-06T22:00:00Z", "tokenizer"])
def test_harmless_text_is_not_redacted(text: str) -> None:
    assert log.redacted(text) == text
    assert log.redacted(text, "db_password") == "***"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def advance(stream: io.StringIO, seconds: list[float]) -> str:
    """What a step of 4 MiB shows while it advances by 1 MiB at each of the times."""
    log.configure(stream)
    now = [0.0]
    progress = log.Progress(stream, lambda: now[0])
    progress.start("Reading", 4 << 20)
    for now[0] in seconds:
        progress.advance(1000, 1 << 20)
    return stream.getvalue()


def test_progress_is_a_log_line_every_30_seconds() -> None:
    lines = advance(io.StringIO(), [10, 31, 40, 62]).splitlines()
    assert [line.split(" - ")[-1] for line in lines] == [
        "Reading: 2,000 rows, 2.0 MiB, 50% of 4.0 MiB, ETA 0:31",
        "Reading: 4,000 rows, 4.0 MiB, 100% of 4.0 MiB, ETA 0:00",
    ]


def test_progress_rewrites_its_line_on_a_terminal() -> None:
    shown = advance(Terminal(), [1, 2])
    assert "\n" not in shown
    assert shown.count("\r\x1b[K") == 2


def test_progress_of_unknown_size_has_no_eta_and_ends_with_totals() -> None:
    stream = io.StringIO()
    log.configure(stream)
    progress = log.Progress(stream, lambda: 0.0)
    progress.start("Reading", None)
    progress.advance(7, 3 << 40)
    assert progress.line == "Reading: 7 rows, 3.0 TiB"
    progress.finish()
    assert "Reading: 7 rows, 3.0 TiB in 0.0 s" in stream.getvalue()
