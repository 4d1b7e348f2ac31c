"""How the process ends: exit code, message file and log, in bounded time and memory, whatever it was given."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.ledger import Process, captured, line, process, put, reconciled, strict_files
from tests.jobs import CAPTURE

pytestmark = pytest.mark.timeout(100)
FORGED = "\x1b[31m\r\n2026-01-01 00:00:00,000 - root - ERROR - forged</script>\u2028"
SECRET = "AKIAABCDEFGHIJKLMNOP"
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - [\w.]+ - [A-Z]+ - .*")
SOUND = line() + b"\n"
MULTIPLIED = '{"x":1,"' + ("K" * 7000 + '":{"x":1,"') * 900 + 'a":1' + "}" * 901
TRIED = 21


def _is_orderly(done: Process) -> None:
    """Message and log hold one record a line, no control characters and no secret."""
    assert len(done.message.encode()) <= 1024
    for text in (done.message, *done.log.splitlines()):
        assert not set(map(chr, (*range(32), 127, 0x2028))) & set(text.rstrip("\n"))
    assert all(map(LOG_LINE.fullmatch, done.log.splitlines()))
    assert "- root - ERROR - forged" not in [entry[:24] for entry in done.log.splitlines()]
    assert SECRET not in done.message + done.log


# Settings (with {folder}), exit code, beginning of the message.
ENDINGS: dict[str, tuple[dict[str, str], int, str]] = {
    "no source": ({"dataset_source": "{folder}/nowhere"}, 4, "Error: '{folder}/nowhere' cannot be read"),
    "a forged source": ({"dataset_source": f"/{FORGED}"}, 2, "Error: configuration: dataset_source"),
    "an unknown setting": ({"analyzer_enigne": "local"}, 2, "Error: configuration: environment: unknown setting"),
    "a window of one end": ({"start_time": "2026-01-01T00:00:00Z"}, 2, "Error: configuration: start_time and end_time"),
    "a missing baseline": ({"baseline_constraints": "{folder}/no.json"}, 2, "Error: cannot read {folder}/no.json"),
    "a baseline that is data": ({"baseline_constraints": "{folder}/in/c.jsonl"}, 2, "Error: {folder}/in/c.jsonl"),
    "a format of nonsense": ({"dataset_format": '{"csv": ' * 10_000}, 2, "Error: configuration: dataset_format"),
    "a secret in a wrong place": ({"analyzer_engine": SECRET}, 2, "Error: configuration: analyzer_engine"),
    "an output that is a file": ({"output_path": "{folder}/in/c.jsonl"}, 4, "Error: cannot write"),
    "options of nonsense": ({"analyzer_config": "{folder}/in/c.jsonl"}, 2, "Error: configuration"),
    "too many rejected": ({"analyzer_config": "{folder}/strict.yaml"}, 2, "Error: 33.33 % of the records"),
    "nothing wrong": ({}, 0, "Completed: Job completed successfully with no violations."),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_has_its_code_and_its_message(tmp_path: Path, name: str) -> None:
    given, code, message = ENDINGS[name]
    source = put(tmp_path, "c.jsonl", SOUND + b"{\n" + SOUND)
    (tmp_path / "strict.yaml").write_text("rejected_share_failure: 0.1\n", "utf-8")
    settings = {key: text.replace("{folder}", str(tmp_path)) for key, text in given.items()}

    done = process(
        tmp_path, Path(settings.pop("dataset_source", str(source))), **{"dataset_format": CAPTURE} | settings
    )

    assert done.code == code, done.message
    assert done.message.startswith(message.replace("{folder}", str(tmp_path)))
    assert code == 0 or "Hint: " in done.message or "rejected" in done.message
    _is_orderly(done)


def test_nothing_in_the_data_reaches_log_or_message_unescaped(tmp_path: Path) -> None:
    """Event ids, column names, file names, encodings and cells that try to forge lines or steer the terminal."""
    keys = json.dumps({f"k{FORGED}{SECRET}": FORGED})
    lines = [
        line(keys, "[1]", event=FORGED, encodings=("JSON", "JSON")),
        line("1,a", "1", event=FORGED, encodings=(FORGED, "CSV")),
        line("{", "1", event=FORGED, encodings=("JSON", "CSV")),
        FORGED.encode(),
    ]
    put(tmp_path, "evil\x1b[2J\n2026 - root.jsonl", b"\n".join(lines))

    done = process(tmp_path, tmp_path / "in", dataset_format=CAPTURE, publish_cloudwatch_metrics="Enabled")

    assert done.code == 0
    _is_orderly(done)


HUGE: dict[str, tuple[Any, int, int]] = {
    # Records, how many of them, most MiB of memory.
    "3,000 columns": (line(",".join(["1.5"] * 3000)), 300, 600),
    "3,000 columns of text": (line(",".join(["some text"] * 3000)), 300, 600),
    "3,000 keys": (line(json.dumps({f"k{at}": at for at in range(3000)}), "[1]", encodings=("JSON", "JSON")), 300, 700),
    "dense JSON": (line(f"[{','.join('1' * 1000)}]", "[1]", encodings=("JSON", "JSON")), 1000, 700),
    "dense JSON in one record": (
        line(json.dumps([[1] * 500] * 4000), json.dumps([0] * 4000), encodings=("JSON", "JSON")), 1, 1200,
    ),
    "names that multiply": (
        line(MULTIPLIED, "[1]", encodings=("JSON", "CSV")), 3, 500,
    ),
    "cells of 10 MB": (line("1," + "x" * 10_000_000), 4, 700),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", HUGE)
def test_huge_records_end_in_seconds_and_bounded_memory(tmp_path: Path, name: str) -> None:
    record, count, memory = HUGE[name]
    source = put(tmp_path, "c.jsonl", SOUND + (record + b"\n") * count)

    done = process(tmp_path, source, dataset_format=CAPTURE)

    assert done.code == 0, done.message
    dataset = strict_files(tmp_path / "out")["statistics.json"]["dataset"]
    assert dataset["analyzer"]["records"] == count + 1
    assert done.memory < memory
    _is_orderly(done)


def test_rows_of_3_000_columns_are_read_whole(tmp_path: Path) -> None:
    wide = line(",".join(map(str, range(3000))))

    finished = captured(tmp_path, wide, wide, line("1,2"), wide)

    told = reconciled(finished)
    assert (told.rows, told.places) == (3, [3])
    assert len(finished.features) == 3001
    assert finished.features["_c3000"]["numerical_statistics"]["mean"] == 2999.0


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(ENDINGS) + len(HUGE) + 2 == TRIED
