"""Listing: what is data, what is told, what the window prunes, on disk and on S3."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.sources.files import Listing, exists, list_files
from analyzer.sources.splits import client
from analyzer.sources.window import Window
from tests.conftest import Bucket


def write(root: Path, *names: str, data: bytes = b"x\n") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def names(listing: Listing, root: object) -> list[str]:
    return [file.path.removeprefix(f"{root}/") for file in listing.files]


def window(start: str, end: str) -> Window:
    return Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))


def hour(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


HOURS = [f"2024/05/01/{hour:02}/a.jsonl" for hour in range(7, 15)]
TEN_TO_ELEVEN = window("2024-05-01T10:00", "2024-05-01T11:00")


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


# --- S3 ---------------------------------------------------------------------------------------------------------


@contextmanager
def counted_lists() -> Iterator[list[str]]:
    """Prefixes of the list requests made inside."""
    made: list[str] = []

    def note(params: dict[str, dict[str, str]], **_: object) -> None:
        made.append(str(params["query_string"].get("prefix")))

    client().meta.events.register("before-call.s3.ListObjectsV2", note)
    try:
        yield made
    finally:
        client().meta.events.unregister("before-call.s3.ListObjectsV2", note)


def test_s3_objects_are_listed_in_byte_order_without_markers_and_hidden_ones(s3: Bucket) -> None:
    for key in ("in/b.csv", "in/a/x.csv", "in/é ?#%.csv", "in/_temporary/0/y", "in/.z", "in-2/no.csv"):
        s3.put(key, b"x")
    s3.put("in/", b"")
    s3.put("in/empty", b"")
    listing = list_files(s3.uri("in"))
    assert [file.path for file in listing.files] == [s3.uri(f"in/{name}") for name in ("a/x.csv", "b.csv", "é ?#%.csv")]
    assert listing.skips == [(s3.uri("in/empty"), "empty file")]


def test_one_s3_object_can_be_named(s3: Bucket) -> None:
    s3.put("a/data.csv", b"12")
    s3.put("a/data.csv.bak", b"12")
    assert [(file.path, file.size) for file in list_files(s3.uri("a/data.csv")).files] == [(s3.uri("a/data.csv"), 2)]


def test_a_whole_bucket_can_be_named(s3: Bucket) -> None:
    s3.put("a", b"1")
    assert len(list_files(f"s3://{s3.name}").files) == len(list_files(s3.uri("")).files) == 1


def test_more_objects_than_one_page_are_listed(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    paginate = client().get_paginator("list_objects_v2").paginate
    pages = type("Paged", (), {"paginate": lambda _, **rest: paginate(PaginationConfig={"PageSize": 2}, **rest)})
    for at in range(5):
        s3.put(f"in/{at}", b"x")
    monkeypatch.setattr(client(), "get_paginator", lambda _name: pages())
    assert len(list_files(s3.uri("in")).files) == 5


def test_a_prefix_without_objects_is_an_empty_listing(s3: Bucket) -> None:
    assert list_files(s3.uri("nothing/here"), TEN_TO_ELEVEN) == Listing()


def test_a_missing_bucket_is_an_error_with_a_hint(s3: Bucket) -> None:
    with pytest.raises(SourceUnreadable, match=r"NoSuchBucket.*Hint: .*bucket exists"):
        list_files(f"s3://{s3.name}-none/x/")


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://Not_A..Bucket!/x"])
@pytest.mark.usefixtures("s3_endpoint")
def test_a_uri_without_a_usable_bucket_is_an_error(uri: str) -> None:
    with pytest.raises(SourceUnreadable, match="Hint"):
        list_files(uri)


def test_s3_hours_are_pruned_as_on_disk(s3: Bucket) -> None:
    for key in (*HOURS, "2024/05/01/note.txt", "2024/05/01/10/deep/b.jsonl", "other/x"):
        s3.put(f"cap/ep/variant/{key}", b"x")
    listing = list_files(s3.uri("cap"), TEN_TO_ELEVEN)
    expected = sorted([*HOURS[2:5], "2024/05/01/10/deep/b.jsonl", "2024/05/01/note.txt", "other/x"])
    assert names(listing, s3.uri("cap/ep/variant")) == expected
    assert listing.pruned == [hour(2024, 5, 1, at) for at in (7, 8, 12, 13, 14)]


@pytest.mark.parametrize("root", ["cap/2024", "cap/2024/05/", "cap/2024/05/01", "cap/2024/05/01/10"])
def test_an_s3_root_may_stand_inside_the_hour_folders(s3: Bucket, root: str) -> None:
    for key in HOURS:
        s3.put(f"cap/{key}", b"x")
    expected = [key for key in HOURS[2:5] if f"cap/{key}".startswith(root)]
    assert names(list_files(s3.uri(root), TEN_TO_ELEVEN), s3.uri("cap")) == expected


@pytest.mark.parametrize("root", ["cap", "cap/2019", "cap/2019/variant"])
def test_an_endpoint_named_like_a_year_is_not_taken_for_one(s3: Bucket, root: str) -> None:
    s3.put("cap/2019/variant/2024/05/01/10/a", b"x")
    assert len(list_files(s3.uri(root), TEN_TO_ELEVEN).files) == 1


def years_of_data(s3: Bucket, root: str, years: int) -> str:
    for year in range(2024 - years, 2024):
        for month in range(1, 13, 4):
            s3.put(f"{root}/ep/v/{year}/{month:02}/01/10/a", b"x")
    for key in HOURS:
        s3.put(f"{root}/ep/v/{key}", b"x")
    return s3.uri(root)


def test_list_requests_do_not_grow_with_years_of_data(s3: Bucket) -> None:
    calls = []
    for years in (1, 6):
        root = years_of_data(s3, f"cap{years}", years)
        with counted_lists() as made:
            assert len(list_files(root, TEN_TO_ELEVEN).files) == 3
        calls.append(len(made))
    assert calls[0] == calls[1] <= 10


def test_a_window_of_months_is_not_listed_hour_by_hour(s3: Bucket) -> None:
    root = years_of_data(s3, "cap", 2)
    with counted_lists() as made:
        listing = list_files(root, window("2022-12-01T00:00", "2024-05-01T08:00"))
    assert len(listing.files) == 5
    assert len(made) <= 12


def test_when_nothing_is_in_the_window_the_nearest_hours_are_known(s3: Bucket) -> None:
    years_of_data(s3, "cap", 3)
    with counted_lists() as made:
        listing = list_files(s3.uri("cap"), window("2023-11-05T00:00", "2023-11-05T01:00"))
    assert (listing.files, listing.pruned) == ([], [hour(2023, 9, 1, 10), hour(2024, 5, 1, 7)])
    assert len(made) <= 15


def test_too_many_folders_are_listed_whole_instead(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.sources.files._LEVELS", 3)
    for at in range(6):
        s3.put(f"cap/{at}a/2024/05/01/10/x", b"x")
        s3.put(f"cap/{at}a/2024/05/01/20/x", b"x")
    with counted_lists() as made:
        assert len(list_files(s3.uri("cap"), TEN_TO_ELEVEN).files) == 6
    assert len(made) < 30


def test_s3_existence_of_objects_and_prefixes(s3: Bucket) -> None:
    s3.put("a/b.json", b"x")
    found = [exists(s3.uri(key)) for key in ("a", "a/", "a/b.json", "a/b", "b")]
    assert found == [True, True, True, False, False]
