"""Files and folders that are cut, packed, empty, unreadable, endless in number, or not what their name says."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import random
from pathlib import Path

import pytest

from analyzer.errors import AnalyzerError
from tests.hostile.ledger import Account, account, line, process, put, reconciled, strict_files
from tests.jobs import CAPTURE, Finished, run_job

pytestmark = pytest.mark.timeout(100)
SOUND = line() + b"\n"
GZIP = gzip.compress(SOUND * 200)
NOISE = random.Random(7)
VARIED = gzip.compress(b"".join(line(f"{NOISE.random()},a", event=str(at)) + b"\n" for at in range(2000)))
FLIPPED = VARIED[:9000] + bytes(byte ^ 255 for byte in VARIED[9000:9100]) + VARIED[9100:]
TRIED = 43

# Content of one file beside a sound one; rows that are read from it (None: some), and why it is not whole.
DAMAGED: dict[str, tuple[bytes, int | None, str | None]] = {
    "gzip": (GZIP, 200, None),
    "gzip cut in the middle": (VARIED[: len(VARIED) // 2], None, "gzip data is cut off"),
    "gzip cut in its header": (GZIP[:6], 0, "gzip data is cut off"),
    "gzip cut in its checksum": (GZIP[:-3], None, "gzip data is cut off"),
    "gzip with a wrong checksum": (GZIP[:-8] + b"12345678", None, "gzip data is damaged"),
    "gzip with flipped bits": (FLIPPED, None, "gzip data is damaged"),
    "gzip of two members": (GZIP + GZIP, 400, None),
    "gzip and rubbish": (GZIP + b"rubbish", 200, "bytes after the end of the gzip data"),
    "gzip of nothing": (gzip.compress(b""), 0, None),
    "gzip of gzip": (gzip.compress(GZIP), 0, "file is neither plain text nor gzip"),
    "bzip2": (bz2.compress(SOUND * 200), 0, "file is neither plain text nor gzip"),
    "xz": (lzma.compress(SOUND * 200), 0, "file is neither plain text nor gzip"),
    "zip": (b"PK\x03\x04" + bytes(100), 0, "file is neither plain text nor gzip"),
    "UTF-16": (b"\xff\xfe" + SOUND.decode().encode("utf-16-le"), 0, "file is neither plain text nor gzip"),
    "the last line cut": (SOUND * 3 + SOUND[:50], 3, "line is not JSON"),
    "binary": (bytes(range(128, 256)) * 40, 0, "line is not UTF-8"),
    "zeros": (bytes(5000), 0, "line is not JSON"),
    "one long line": (b"x" * 200_000, 0, "line is longer than max_record_bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_read_as_far_as_it_goes_and_the_others_wholly(tmp_path: Path, name: str) -> None:
    data, rows, reason = DAMAGED[name]
    put(tmp_path, "a.jsonl", SOUND)
    put(tmp_path, "b.jsonl", data)
    (tmp_path / "options.yaml").write_text("max_record_bytes: 100000\n", "utf-8")

    told = reconciled(_job(put(tmp_path, "c.jsonl", SOUND), analyzer_config=tmp_path / "options.yaml"))

    read = told.rows - 2
    assert read == rows if rows is not None else 0 <= read < 2001
    assert told.rejected.get(reason or "", 0) == (1 if reason else 0)
    assert len(told.rejected) == bool(reason) or name == "gzip with flipped bits"
    assert {Path(record["path"]).name for record in told.quarantine} <= {"b.jsonl"}


def test_a_gzip_bomb_is_given_up_in_bounded_memory(tmp_path: Path) -> None:
    """100 MB in 100 kB; the file beside it has many members, but no ratio."""
    put(tmp_path, "a.jsonl", gzip.compress(b"x" * 100_000_000))
    put(tmp_path, "b.jsonl", gzip.compress(SOUND * 10, 9) * 3)
    (tmp_path / "options.yaml").write_text("gzip_max_ratio: 20\n", "utf-8")

    done = process(tmp_path, tmp_path / "in", dataset_format=CAPTURE, analyzer_config=tmp_path / "options.yaml")

    statistics = strict_files(tmp_path / "out")["statistics.json"]
    assert done.code == 0
    assert statistics["dataset"]["analyzer"]["rejected"]["gzip data expands beyond gzip_max_ratio"] == 1
    assert statistics["dataset"]["item_count"] == 30
    assert done.memory < 500


SKIPPED = (
    "empty",
    "pipe",
    "hidden",
    "link out",
    "link to itself",
    "link to nothing",
    "link to the root",
    "folder link out",
)


def test_what_is_no_data_is_left_out_and_told(tmp_path: Path) -> None:
    """Links that leave the input, pipes nobody writes to, folders named like files: none is read, none blocks."""
    source = put(tmp_path, "a/sound.jsonl", SOUND)
    (tmp_path / "secret.jsonl").write_bytes(SOUND)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/x.jsonl").write_bytes(SOUND)
    put(tmp_path, "empty", b"")
    put(tmp_path, "_hidden", SOUND)
    os.mkfifo(source / "pipe")
    (source / "folder.jsonl").mkdir()
    (source / "link out").symlink_to("../secret.jsonl")
    (source / "folder link out").symlink_to(tmp_path / "secret")
    (source / "link to the root").symlink_to("/")
    (source / "link to itself").symlink_to("link to itself")
    (source / "link to nothing").symlink_to("nothing")
    (source / "loop").symlink_to(".")
    (source / "link inside").symlink_to("a/sound.jsonl")

    finished = _job(source)

    told = reconciled(finished)
    own = finished.document("statistics.json")["dataset"]["analyzer"]
    left_out = {Path(skip["path"]).name for skip in own["skipped_files"]}
    assert (told.records, told.rows) == (1, 1)
    assert {name.replace("hidden", "_hidden") for name in SKIPPED} <= left_out
    assert "secret" not in str(told.quarantine)


@pytest.mark.parametrize(
    "name", ["missing", "../in/missing", "sound.jsonl/x", "pipe", "https://host/x", "x" * 5000, "a\0b"]
)
def test_a_source_that_cannot_be_read_ends_the_job_with_its_path_and_a_hint(tmp_path: Path, name: str) -> None:
    source = put(tmp_path, "sound.jsonl", SOUND)
    os.mkfifo(source / "pipe")

    with pytest.raises(AnalyzerError, match="Hint: "):
        _job(Path(name) if "://" in name else source / name, where=tmp_path)

    assert not (tmp_path / "out/statistics.json").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything, so there is no unreadable file to try")
def test_a_file_nobody_may_read_is_left_out_and_told(tmp_path: Path) -> None:
    source = put(tmp_path, "a.jsonl", SOUND)
    (put(tmp_path, "b.jsonl", SOUND) / "b.jsonl").chmod(0)

    told = _job(source).document("statistics.json")["dataset"]["analyzer"]

    assert [Path(skip["path"]).name for skip in told["skipped_files"]] == ["b.jsonl"]


def test_a_file_whose_reading_fails_is_rejected_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails half-way, which root meets too."""
    put(tmp_path, "a.jsonl", SOUND)
    put(tmp_path, "bad.jsonl", SOUND * 3)
    read = os.pread

    def failing(descriptor: int, count: int, offset: int) -> bytes:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "bad.jsonl":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", failing)
    told = reconciled(_job(put(tmp_path, "c.jsonl", SOUND)))

    assert (told.rows, told.rejected) == (2, {"file cannot be read": 1})


@pytest.mark.parametrize(
    "name", ["\x1b[31m.jsonl", "<script>.jsonl", "a\nb.jsonl", "é\u202e.jsonl", " .jsonl", "'\"`$(x).jsonl"]
)
def test_names_of_files_are_only_names(tmp_path: Path, name: str) -> None:
    told = reconciled(_job(put(tmp_path, f"deep/{name}", SOUND + b"{\n")))

    assert (told.rows, told.places) == (1, [2])
    assert told.quarantine[0]["path"].endswith(name)


def test_a_file_name_that_is_not_utf8_is_read_like_any_other(tmp_path: Path) -> None:
    put(tmp_path, os.fsdecode(b"\xff\xfe.jsonl"), SOUND + b"{\n")

    assert reconciled(_job(tmp_path / "in")).rows == 1


def _many(folder: Path, count: int) -> Account:
    for at in range(count // 100):
        below = folder / "in" / f"{at:04}"
        below.mkdir(parents=True)
        for number in range(100):
            (below / f"{number:02}.jsonl").write_bytes(SOUND if number else b"{")
    return account(_job(folder / "in"))


def test_ten_thousand_tiny_files_are_all_read(tmp_path: Path) -> None:
    told = _many(tmp_path, 10_000)

    assert (told.records, told.rows, told.rejected) == (10_000, 9_900, {"line is not JSON": 100})
    assert told.places == [1] * 100


@pytest.mark.slow
def test_a_hundred_thousand_tiny_files_are_all_read(tmp_path: Path) -> None:
    told = _many(tmp_path, 100_000)

    assert (told.records, told.rows, told.rejected) == (100_000, 99_000, {"line is not JSON": 1000})
    assert len(told.quarantine) == 100


def _job(source: Path, where: Path | None = None, **settings: object) -> Finished:
    return run_job((where or source.parent) / "out", source, dataset_format=CAPTURE, **settings)


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    bombs, unreadable, names, crowds = 1, 8, 7, 1
    assert len(DAMAGED) + bombs + len(SKIPPED) + unreadable + names + crowds == TRIED
