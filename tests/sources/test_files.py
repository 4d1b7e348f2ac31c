"""Listing of folders: what is data, what is told, what the window prunes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.sources.files import exists, list_files
from analyzer.sources.listing import Listing
from analyzer.sources.window import Window
from tests.sources.listings import HOURS, TEN_TO_ELEVEN, hour, names


def write(root: Path, *names: str, data: bytes = b"x\n") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_files_at_any_depth_are_listed_in_byte_order(tmp_path: Path) -> None:
    write(tmp_path, "b/c/d.csv", "a.csv", "b.csv", "é.csv", "\U0001f600.csv", "\uffee.csv", "B.csv")
    expected = ["B.csv", "a.csv", "b.csv", "b/c/d.csv", "é.csv", "\uffee.csv", "\U0001f600.csv"]
    assert names(list_files(str(tmp_path)), tmp_path) == expected


def test_a_single_file_can_be_named_even_a_hidden_one(tmp_path: Path) -> None:
    write(tmp_path, "_x.csv", "y.csv")
    assert names(list_files(str(tmp_path / "_x.csv")), tmp_path) == ["_x.csv"]


def test_a_relative_root_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "in/x.csv")
    monkeypatch.chdir(tmp_path)
    assert [file.path for file in list_files("in").files] == [str(tmp_path / "in/x.csv")]


def test_hidden_files_are_no_data(tmp_path: Path) -> None:
    write(tmp_path, "a", ".crc", "_SUCCESS", "_temporary/0/part", ".hidden/b", "_mine.csv")
    listing = list_files(str(tmp_path))
    assert names(listing, tmp_path) == ["a"]
    assert listing.skips == [(str(tmp_path / "_mine.csv"), "hidden by its name")]


def test_empty_files_are_noted(tmp_path: Path) -> None:
    write(tmp_path, "empty.csv", data=b"")
    assert list_files(str(tmp_path)) == Listing([], [(str(tmp_path / "empty.csv"), "empty file")], [])


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leaves_the_root_is_told_and_not_followed(tmp_path: Path, kind: str) -> None:
    write(tmp_path, "outside/secret", "root/a")
    target = tmp_path / "outside" / ("secret" if kind == "file" else "")
    (tmp_path / "root/link").symlink_to(target)
    listing = list_files(str(tmp_path / "root"))
    assert names(listing, tmp_path / "root") == ["a"]
    assert listing.skips == [(str(tmp_path / "root/link"), "link leaves the input folder")]


def test_a_folder_whose_name_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "root-2/secret", "root/a")
    (tmp_path / "root/link").symlink_to(tmp_path / "root-2/secret")
    assert names(list_files(str(tmp_path / "root")), tmp_path / "root") == ["a"]


def test_a_linked_file_is_counted_once(tmp_path: Path) -> None:
    write(tmp_path, "z/real.csv")
    (tmp_path / "a.csv").symlink_to("z/real.csv")
    (tmp_path / "b").symlink_to("z")
    listing = list_files(str(tmp_path))
    assert names(listing, tmp_path) == ["z/real.csv"]
    assert [reason for _, reason in listing.skips] == ["link to what is listed already"] * 2


def test_links_into_hidden_folders_are_followed_as_kubernetes_mounts_need(tmp_path: Path) -> None:
    write(tmp_path, "..2024_05/a.csv")
    (tmp_path / "..data").symlink_to("..2024_05")
    (tmp_path / "a.csv").symlink_to("..data/a.csv")
    assert names(list_files(str(tmp_path)), tmp_path) == ["a.csv"]


def test_of_several_links_to_one_file_the_first_by_name_counts(tmp_path: Path) -> None:
    write(tmp_path, ".h/x")
    for name in "zmbyack":
        (tmp_path / name).symlink_to(".h/x")
    assert names(list_files(str(tmp_path)), tmp_path) == ["a"]


def test_link_loops_end(tmp_path: Path) -> None:
    write(tmp_path, "a/x", ".h/y")
    (tmp_path / "a/up").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "h").symlink_to(".h")
    (tmp_path / ".h/again").symlink_to("../h")
    listing = list_files(str(tmp_path))
    assert names(listing, tmp_path) == ["a/x", "h/y"]
    assert len(listing.skips) == 3


def test_a_dangling_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nothing")
    assert list_files(str(tmp_path)).skips == [(str(tmp_path / "x"), "cannot be listed: No such file or directory")]


def test_pipes_and_sockets_are_told_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # socket paths are limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        skips = list_files(str(tmp_path)).skips
    assert skips == [(str(tmp_path / name), "not a regular file") for name in ("pipe", "sock")]


def test_a_pipe_as_root_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceUnreadable, match="regular file"):
        list_files(str(tmp_path / "pipe"))


def test_a_file_that_may_not_be_read_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a", "b")
    monkeypatch.setattr(os, "access", lambda path, _mode: not path.endswith("b"))
    listing = list_files(str(tmp_path))
    assert names(listing, tmp_path) == ["a"]
    assert listing.skips == [(str(tmp_path / "b"), "permission denied")]


@pytest.mark.parametrize("root", ["missing", "gs://bucket/x", "file:///etc/hosts"])
def test_a_root_that_cannot_be_read_is_an_error_with_a_hint(root: str) -> None:
    with pytest.raises(SourceUnreadable, match=r"cannot be read: .*Hint: ") as caught:
        list_files(root)
    assert root in str(caught.value)


def test_a_file_as_a_folder_of_the_path_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "a")
    with pytest.raises(SourceUnreadable, match="Not a directory"):
        list_files(str(tmp_path / "a/b"))


def test_hours_outside_the_window_are_pruned_but_for_one_on_each_side(tmp_path: Path) -> None:
    write(tmp_path, *HOURS)
    listing = list_files(str(tmp_path), TEN_TO_ELEVEN)
    assert names(listing, tmp_path) == HOURS[2:5]
    assert listing.pruned == [hour(2024, 5, 1, at) for at in (7, 8, 12, 13, 14)]


def test_the_hour_may_stand_in_the_root_itself(tmp_path: Path) -> None:
    write(tmp_path, *HOURS)
    assert names(list_files(str(tmp_path / "2024/05/01/10"), TEN_TO_ELEVEN), tmp_path) == ["2024/05/01/10/a.jsonl"]
    assert list_files(str(tmp_path / "2024/05/01/14"), TEN_TO_ELEVEN).pruned == [hour(2024, 5, 1, 14)]


@pytest.mark.parametrize("name", ["2024/13/45/99/a", "0001/01/01/00/a", "9999/12/31/23/a", "2020/a", "x/2020/01/a"])
def test_folders_that_are_no_hours_are_never_pruned(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert names(list_files(str(tmp_path), TEN_TO_ELEVEN), tmp_path) == [name]


def test_an_open_window_prunes_its_closed_side_only(tmp_path: Path) -> None:
    write(tmp_path, *HOURS)
    assert names(list_files(str(tmp_path), Window(start=hour(2024, 5, 1, 10))), tmp_path) == HOURS[2:]
    assert names(list_files(str(tmp_path), Window(end=hour(2024, 5, 1, 10))), tmp_path) == HOURS[:4]
    assert names(list_files(str(tmp_path), Window()), tmp_path) == HOURS


def test_local_existence(tmp_path: Path) -> None:
    write(tmp_path, "a")
    assert exists(str(tmp_path))
    assert exists(str(tmp_path / "a"))
    assert not exists(str(tmp_path / "b"))
