"""Manifests: every spelling is expanded, and none leaves its prefix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import SourceUnreadable
from analyzer.sources.manifest import expand_manifest, looks_like_manifest
from tests.conftest import Bucket
from tests.sources.raw import stored

ARRAY = b'[{"prefix":"s3://bucket/x/"},"part-0.csv.out","a/part-1"]'


OBJECT = b' [ {"prefix": "s3://bucket/in/test.json"} ,\n ""]\n'


LINES = b'{"prefix":"s3://bucket/x/"}\n"part-0"\r\n\n"part-1"\n'


ARRAYS = b'[{"prefix":"s3://b/x/"},"1"]\n[{"prefix":"s3://b/y/"},"2"]'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ARRAY, ["s3://bucket/x/part-0.csv.out", "s3://bucket/x/a/part-1"]),
        (OBJECT, ["s3://bucket/in/test.json"]),
        (LINES, ["s3://bucket/x/part-0", "s3://bucket/x/part-1"]),
        (ARRAYS, ["s3://b/x/1", "s3://b/y/2"]),
        (b"\xef\xbb\xbf" + ARRAY, ["s3://bucket/x/part-0.csv.out", "s3://bucket/x/a/part-1"]),
        (b'[{"prefix":"/data/x/"},"1"]', ["/data/x/1"]),
        (b'[{"prefix":"s3://bucket/x/"}]', []),
    ],
)
def test_manifests_of_every_spelling_are_recognised_and_expanded(data: bytes, expected: list[str]) -> None:
    assert looks_like_manifest(data)
    assert expand_manifest(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\n1,2\n",
        b'{"prefix":"Dr","name":"x"}\n',
        b'[{"prefix":"Dr"},{"prefix":"Mr"}]',
        b'[{"prefix":"s3://x/","more":1}]',
        b'{"captureData":{}}',
    ],
)
def test_data_is_not_taken_for_a_manifest(data: bytes) -> None:
    assert not looks_like_manifest(data)


@pytest.mark.parametrize(
    "value",
    [
        [{"prefix": "s3://bucket/x/"}, "../y"],
        [{"prefix": "s3://bucket/x/"}, "a/../../y"],
        [{"prefix": "/data/"}, "../etc/passwd"],
        [{"prefix": "/data/."}, "./etc/passwd"],
        [{"prefix": "s3://bucket/"}, "a\0b"],
        [{"prefix": "data/"}, "x"],
        [{"prefix": "s3://bucket"}, "x"],
        [{"prefix": "http://host/"}, "x"],
        ["x"],
        [1],
        "x",
    ],
)
def test_manifests_that_leave_their_prefix_or_have_none_are_refused(value: Any) -> None:
    with pytest.raises(SourceUnreadable, match="Hint: a manifest looks like"):
        expand_manifest(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"[" * 100_000, b'[{"prefix"', b"\xff\xfe", b'{"prefix":"s3://b/\xff"}\n"x"'])
def test_damaged_manifests_are_refused(data: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="not a manifest"):
        expand_manifest(data)


def test_a_manifest_on_s3_may_not_name_local_files(s3: Bucket, tmp_path: Path) -> None:
    data = b'[{"prefix":"/etc/"},"passwd"]'
    with pytest.raises(SourceUnreadable, match="'/etc/', which cannot be read"):
        expand_manifest(s3.put("manifest", data))
    assert expand_manifest(stored(tmp_path / "manifest", data).path) == ["/etc/passwd"]
