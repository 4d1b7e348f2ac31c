"""Lines of capture files that are damaged, strange or huge: rejected with their place, or kept; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.ledger import captured, line, process, put, reconciled, strict_files
from tests.jobs import CAPTURE, run_job

pytestmark = pytest.mark.timeout(60)
DEEP = 100_000
SOUND = line()
TRIED = 42


def _with(old: bytes, new: bytes) -> bytes:
    changed = SOUND.replace(old, new)
    assert changed != SOUND
    return changed


REJECTED: dict[str, tuple[bytes, str]] = {
    "cut after the first brace": (SOUND[:1], "line is not JSON"),
    "cut in the middle": (SOUND[:60], "line is not JSON"),
    "cut before the last brace": (SOUND[:-1], "line is not JSON"),
    "beginning cut off": (SOUND[30:], "line is not JSON"),
    "two records": (SOUND + SOUND, "line is not JSON"),
    "null bytes": (b"\0\0\0", "line is not JSON"),
    "zero bytes inside a text": (_with(b"0.5", b"0\x005"), "line is not JSON"),
    "Latin-1 in the payload": (_with(b"1,a", b"1,\xe9"), "line is not UTF-8"),
    "Latin-1 in the event id": (_with(b"sound", b"s\xf8und"), "line is not UTF-8"),
    "a surrogate in UTF-8": (_with(b"1,a", b"1,\xed\xa0\x80"), "line is not UTF-8"),
    "UTF-16": (SOUND.decode().encode("utf-16-be"), "line is not JSON"),
    "a list": (b"[" + SOUND + b"]", "line is not a capture record"),
    "a number": (b"12", "line is not a capture record"),
    "a text": (b'"text"', "line is not a capture record"),
    "null": (b"null", "line is not a capture record"),
    "NaN": (b"NaN", "line is not a capture record"),
    "an empty object": (b"{}", "record has no captured payload"),
    "no side": (b'{"captureData":{},"eventMetadata":{"eventId":"x"}}', "record has no captured payload"),
    "sides that are null": (b'{"captureData":{"endpointInput":null}}', "record has no captured payload"),
    "a side without data": (b'{"captureData":{"endpointInput":{"encoding":"CSV"}}}', "record has no captured payload"),
    "sides of another kind": (
        b'{"captureData":{"other":{"data":"1","encoding":"CSV"}}}',
        "record has no captured payload",
    ),
    "a key given twice, last null": (SOUND[:-1] + b',"captureData":null}', "record has no captured payload"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "JSON is nested too deeply"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "JSON is nested too deeply"),
    "deep and never closed": (b"[" * DEEP, "JSON is nested too deeply"),
    "a deep field nobody reads": (
        SOUND[:-1] + b',"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        "JSON is nested too deeply",
    ),
    "a deep payload": (_with(b'"0.5"', b"[" * DEEP + b"]" * DEEP), "JSON is nested too deeply"),
}
KEPT: dict[str, bytes] = {
    "a byte-order mark": b"\xef\xbb\xbf" + SOUND,
    "a carriage return at the end": SOUND + b"\r",
    "blanks around": b"  " + SOUND + b"\t ",
    "a lone surrogate, escaped": _with(b"1,a", b"1,\\ud800"),
    "a line separator": _with(b"1,a", "1,\u2028".encode()),
    "a null character, escaped": _with(b"1,a", b"1,\\u0000"),
    "payload given twice": _with(b'"data": "0.5"', b'"data":"zzz","data":"0.5"'),
    "a number of 1,000 digits as payload": _with(b'"0.5"', b"1" * 1000),
    "a number of 5,000 digits as payload": _with(b'"0.5"', b"1" * 5000),
    "a number beyond all doubles": _with(b'"0.5"', b"1e999"),
    "NaN as payload": _with(b'"0.5"', b"NaN"),
    "fields nobody knows": SOUND[:-1] + b',"x":{"y":[1,2,{"z":null}]}}',
    "markup as event id": _with(b"sound", b"</script><script>alert(1)</script>\\u001b[31m\\n"),
}
BLANK = {"an empty line": b"", "blanks": b" \t "}


@pytest.mark.parametrize("name", REJECTED)
def test_a_damaged_line_is_rejected_with_its_place_and_its_neighbours_stay(tmp_path: Path, name: str) -> None:
    bad, reason = REJECTED[name]

    told = reconciled(captured(tmp_path, SOUND, bad, SOUND, SOUND, bad, SOUND))

    assert (told.rows, told.rejected, told.places) == (4, {reason: 2}, [2, 5])
    assert {Path(record["path"]).name for record in told.quarantine} == {"c.jsonl"}


@pytest.mark.parametrize("name", KEPT)
def test_a_strange_line_is_kept(tmp_path: Path, name: str) -> None:
    told = reconciled(captured(tmp_path, SOUND, KEPT[name], SOUND))

    assert (told.records, told.rows) == (3, 3)


@pytest.mark.parametrize("name", BLANK)
def test_a_blank_line_is_no_record_but_counts_as_a_line(tmp_path: Path, name: str) -> None:
    told = reconciled(captured(tmp_path, SOUND, BLANK[name], b"{", SOUND))

    assert (told.records, told.rows, told.places) == (3, 2, [3])


def test_lines_are_counted_in_each_file_apart(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path, f"{name}/x.jsonl", b"\n".join([SOUND, b"{", SOUND, b"}"]))

    told = reconciled(run_job(tmp_path / "out", tmp_path / "in", dataset_format=CAPTURE))

    found = [(Path(record["path"]).parent.name, record["line"]) for record in told.quarantine]
    assert found == [(name, number) for name in "abc" for number in (2, 4)]


@pytest.mark.slow
def test_lines_of_a_file_in_several_splits_are_absolute_and_its_huge_cells_are_bounded(tmp_path: Path) -> None:
    """Eight cells of 10 MB make two splits; a broken line stands before, between and behind them."""
    lines: list[bytes] = []
    for letter in "abcdefgh":
        lines += [b"{broken", line(f"1,{letter * 10_000_000}")]
    source = put(tmp_path, "c.jsonl", b"\n".join([*lines, b"{broken"]))

    done = process(tmp_path, source, dataset_format=CAPTURE, analyzer_processes=2)

    files = strict_files(tmp_path / "out")
    assert done.code == 0
    assert files["statistics.json"]["dataset"]["item_count"] == 8
    assert [record["line"] for record in files["quarantine.jsonl"]] == list(range(1, 18, 2))
    assert max(file.stat().st_size for file in (tmp_path / "out").iterdir()) < 100_000
    assert done.memory < 800


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(REJECTED) + len(KEPT) + len(BLANK) == TRIED
