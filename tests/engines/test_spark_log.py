"""Log lines of tasks: the first of each reach the driver, never more than it can show, whatever is logged."""

from __future__ import annotations

import logging

import pytest

from analyzer.engines.choice import spark_is_missing
from analyzer.engines.spark_log import FIRST, LONGEST, Relay, listening

if missing := spark_is_missing():
    pytest.skip(f"Spark cannot start: {missing}", allow_module_level=True)

_log = logging.getLogger("tests.script")


def test_the_first_lines_of_a_task_are_kept_one_line_each() -> None:
    with listening() as said:
        _log.warning("one\ntwo\x1b[31m %s", "x" * 9000)
        for at in range(50):
            _log.warning("%d", at)
    _log.warning("after")

    assert len(said) == FIRST
    assert said[0][:2] == ("tests.script", logging.WARNING)
    assert said[0][2].startswith("one\\ntwo\\x1b[31m xxx")
    assert len(said[0][2]) < LONGEST + 60
    assert [text for _, _, text in said[1:4]] == ["0", "1", "2"]


def test_a_record_that_cannot_be_printed_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with listening() as said:
        _log.warning("%d", "no number")
        _log.warning("good")

    assert [text for _, _, text in said] == ["good"]


def test_the_driver_repeats_so_many_lines_and_says_where_the_rest_is(caplog: pytest.LogCaptureFixture) -> None:
    relay = Relay()
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            relay.repeat((("tests.script", logging.INFO, "hello"),) * 3)

    assert caplog.messages.count("hello") == Relay.most
    assert caplog.messages.count("Further lines of tasks are in the logs of the executors.") == 1


def test_nothing_said_is_nothing_repeated(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Relay().repeat(())

    assert caplog.messages == []
