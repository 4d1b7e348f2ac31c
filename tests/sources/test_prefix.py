"""Listing of S3 prefixes: as on disk, with few requests however much lies beside the window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.s3 import client
from analyzer.sources.files import exists, list_files
from analyzer.sources.listing import Listing
from tests.conftest import Bucket
from tests.sources.listings import HOURS, TEN_TO_ELEVEN, hour, names, window


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


def test_folders_of_many_objects_are_listed_side_by_side(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page where all fit on it; otherwise folder by folder, and every object once, also those beside folders."""
    paginate = client().get_paginator("list_objects_v2").paginate
    pages = type("Paged", (), {"paginate": lambda _, **rest: paginate(PaginationConfig={"PageSize": 4}, **rest)})
    keys = [f"in/{folder}/{part}/{at}" for folder in "ab" for part in "xy" for at in range(5)]
    for key in (*keys, "in/beside", "in/c/alone"):
        s3.put(key, b"x")
    monkeypatch.setattr(client(), "get_paginator", lambda _name: pages())
    with counted_lists() as made:
        assert names(list_files(s3.uri("in")), s3.uri("in")) == sorted(
            key.removeprefix("in/") for key in (*keys, "in/beside", "in/c/alone")
        )
    assert set(made) == {f"in/{below}" for below in ("", "a/", "b/", "c/", "a/x/", "a/y/", "b/x/", "b/y/")}
    assert made.count("in/c/") == 1


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
    monkeypatch.setattr("analyzer.sources.prefix._LEVELS", 3)
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
