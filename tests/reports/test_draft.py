"""Local documents appear whole or not at all, on file systems with nameless files and on others."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest

from analyzer.errors import OutputUnwritable
from analyzer.reports import document
from analyzer.reports.storage import publish

NAMELESS = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "processing" / "output"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without nameless files, such as NFS."""
    if not hasattr(os, "O_TMPFILE"):
        return
    opened = os.open

    def refusing(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return opened(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)


@pytest.fixture(params=[True, False], ids=["nameless", "named"])
def kind(request: pytest.FixtureRequest) -> None:
    """Both kinds of file systems, one after the other."""
    if not request.param:
        request.getfixturevalue("named")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.usefixtures("kind")
def test_a_document_is_written_with_its_folders_and_nothing_else_stays(folder: Path) -> None:
    document.write(folder / "a.json", {"a": 1})
    assert names(folder) == ["a.json"]
    assert names(folder.parent) == ["output"]
    assert (folder / "a.json").read_bytes() == document.render({"a": 1})


@pytest.mark.usefixtures("kind")
def test_while_it_is_written_the_output_folder_shows_nothing(folder: Path) -> None:
    seen: list[list[str]] = []

    def fill(file: TextIO) -> None:
        file.write("x" * 100_000)
        seen.append(names(folder))

    publish(folder / "a.json", fill)
    assert seen == [[]]


@pytest.mark.usefixtures("kind")
def test_a_document_replaces_that_of_an_earlier_run(folder: Path) -> None:
    document.write(folder / "a.json", [1, 2, 3])
    document.write(folder / "a.json", [])
    assert (folder / "a.json").read_text() == "[ ]"


@pytest.mark.usefixtures("kind")
def test_a_failure_half_way_leaves_the_old_document_and_no_draft(folder: Path) -> None:
    document.write(folder / "a.json", {"old": True})
    with pytest.raises(TypeError):
        document.write(folder / "a.json", {"new": "x" * 100_000, "bad": object()})
    assert b"old" in (folder / "a.json").read_bytes()
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


@pytest.mark.usefixtures("kind")
def test_another_users_agent_may_read_the_document(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        document.write(folder / "a.json", {})
    finally:
        os.umask(before)
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.usefixtures("named")
def test_where_the_parent_takes_no_folder_the_draft_is_hidden_inside(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder.parent / ".partial").write_text("in the way")
    seen: list[list[str]] = []
    publish(folder / "a.json", lambda _: seen.append(names(folder)))
    assert [name[:8] for name in seen[0]] == [".a.json."]
    assert names(folder) == ["a.json"]


@pytest.mark.usefixtures("named")
def test_an_output_folder_that_is_a_mount_of_its_own_gets_the_whole_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", across)
    document.write(folder / "a.json", ["x" * 3_000_000])
    assert (folder / "a.json").read_bytes() == document.render(["x" * 3_000_000])
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


@pytest.mark.usefixtures("named")
def test_a_parent_on_another_device_is_left_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def elsewhere(self: Path, **options: bool) -> Any:
        return SimpleNamespace(st_dev=-1) if self.name == ".partial" else stat(self, **options)

    monkeypatch.setattr(Path, "stat", elsewhere)
    seen: list[list[str]] = []
    publish(folder / "a.json", lambda _: seen.append(names(folder.parent)))
    assert seen == [["output"]]
    assert names(folder) == ["a.json"]


@pytest.mark.usefixtures("named")
def test_a_rename_that_fails_leaves_no_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(OutputUnwritable, match="busy"):
        document.write(folder / "a.json", {})
    assert (names(folder), names(folder.parent)) == ([], ["output"])


@NAMELESS
def test_a_draft_has_no_name_anywhere_until_it_is_complete(folder: Path) -> None:
    document.write(folder / "a.json", {"old": True})
    seen: list[Path] = []

    def fill(file: TextIO) -> None:
        file.write("x" * 100_000)
        file.flush()
        seen.extend(folder.parent.rglob("*"))

    publish(folder / "a.json", fill)
    assert sorted(seen) == [folder, folder / "a.json"]
    assert (folder / "a.json").stat().st_size == 100_000
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


@NAMELESS
def test_a_job_that_is_killed_while_it_writes_leaves_nothing(folder: Path) -> None:
    program = (
        "import os, signal, sys\nfrom analyzer.reports.storage import publish\n"
        "def fill(file): file.write('x' * 100_000); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
        "publish(sys.argv[1], fill)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder / "a.json")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in folder.parent.rglob("*")] == ["output"]


@NAMELESS
def test_where_drafts_may_not_be_linked_beside_a_complete_file_is_renamed_inside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, whose output folder is a mount of its own: what is seen under another name is complete."""
    document.write(folder / "a.json", {"old": True})
    replace, seen = Path.replace, []

    def looked_at(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        seen.append(self.read_bytes())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", looked_at)
    document.write(folder / "a.json", [1, 2])
    assert seen == [(folder / "a.json").read_bytes()] == [document.render([1, 2])]
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


@NAMELESS
def test_a_system_that_gives_no_names_to_nameless_files_gets_a_copy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    document.write(folder / "a.json", ["x" * 3_000_000])
    assert (folder / "a.json").read_bytes() == document.render(["x" * 3_000_000])
    assert (names(folder), names(folder.parent)) == (["a.json"], ["output"])


def test_a_pipe_in_place_of_a_document_is_written_to_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        document.write(tmp_path / "pipe", {})
        assert os.read(reader, 10) == b"{ }"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.usefixtures("kind")
def test_many_writers_do_not_disturb_each_other(folder: Path) -> None:
    def many(worker: int) -> None:
        for index in range(20):
            document.write(folder / f"{worker}-{index}.json", [worker])

    threads = [threading.Thread(target=many, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(folder)) == 80
