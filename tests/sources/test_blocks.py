"""Blocks: every line once and whole, whatever the sizes; what is wrong becomes a trouble with its place."""

from __future__ import annotations

import gzip
import os
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.sources import ahead
from analyzer.sources import blocks as module
from analyzer.sources.blocks import blocks
from analyzer.sources.lines import TOO_LONG
from analyzer.sources.splits import File, plan, quote_aware_cuts
from analyzer.sources.storage import stream
from analyzer.split import Piece
from tests.conftest import Bucket
from tests.sources.raw import noise, piece, read, stored, told

in_tmp = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


contents = st.lists(st.text("ab\nc", max_size=30).map(str.encode), max_size=8)


def lines_of(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.removesuffix(b"\n").split(b"\n")] if data else []


@in_tmp
@given(contents, st.integers(1, 20), st.integers(1, 60), st.booleans())
def test_every_line_is_read_once_and_its_origin_is_known(
    tmp_path: Path, datas: list[bytes], split_size: int, block_size: int, packed: bool
) -> None:
    files = []
    for at, data in enumerate(datas):
        name = tmp_path / f"{at}"
        files.append(stored(name, gzip.compress(data) if packed and at % 2 and data else data))
    expected = [(line, file.path, number) for file, data in zip(files, datas, strict=True)
                for number, line in enumerate(lines_of(data), 1)]  # fmt: skip
    found = []
    before: dict[str, int] = {}
    pieces_before: dict[tuple[str, int], int] = {}
    for split in plan([file for file in files if file.size], size=split_size):
        for block in blocks(split, block_size):
            assert block.data.endswith(b"\n")
            assert not block.troubles
            at = 0
            for line in block.data.splitlines(keepends=True):
                path, start, number = block.origin(at)
                found.append((line, path, pieces_before.setdefault((path, start), before.get(path, 0)) + number))
                at += len(line)
            for (path, _), count in block.lines.items():
                before[path] = before.get(path, 0) + count
    assert found == expected


@in_tmp
@given(st.lists(st.text('a"\n,', max_size=12), max_size=12), st.integers(1, 40), st.integers(1, 40))
def test_quoted_newlines_never_end_a_block(tmp_path: Path, cells: list[str], split: int, size: int) -> None:
    records = [('"' + cell.replace('"', '""') + '"\n').encode() for cell in cells]
    file = stored(tmp_path / "x.csv", b"".join(records))
    found = [
        b.data for part in plan([file], size=split, cuts=quote_aware_cuts) for b in blocks(part, size, quoted=True)
    ]
    ends = {sum(map(len, records[:at])) for at in range(len(records) + 1)}
    assert b"".join(found) == b"".join(records)
    assert {sum(map(len, found[:at])) for at in range(len(found) + 1)} <= ends


@in_tmp
@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 40), st.integers(1, 12), st.integers(1, 64))
def test_lines_beyond_the_limit_are_left_out_and_counted(
    tmp_path: Path, lengths: list[int], split_size: int, limit: int, size: int
) -> None:
    file = stored(tmp_path / "x", b"".join(b"x" * length + b"\n" for length in lengths))
    pieces = [piece for split in plan([file] if file.size else [], size=split_size) for piece in split]
    found = [block for piece in pieces for block in blocks((piece,), size, max_record_bytes=limit)]
    assert b"".join(block.data for block in found) == b"".join(b"x" * n + b"\n" for n in lengths if n <= limit)
    assert sum(len(block.troubles) for block in found) == sum(length > limit for length in lengths)
    assert sum(sum(block.lines.values()) for block in found) == len(lengths)


def test_lines_around_a_line_left_out_keep_their_numbers_and_offsets(tmp_path: Path) -> None:
    part = piece(tmp_path / "x", b"a\n" + b"x" * 50 + b"\nb\nc")
    block = read(part, max_record_bytes=10)
    assert block.data == b"a\nb\nc\n"
    assert told(block) == [(TOO_LONG, 2)]
    assert [(span.at, span.offset, span.line) for span in block.spans] == [(0, 0, 1), (2, 53, 3)]
    assert [block.origin(at)[2] for at in (0, 2, 4)] == [1, 3, 4]


def test_an_endless_line_is_neither_kept_nor_read_by_later_pieces_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stored(tmp_path / "x", b"a\n" + b"x" * 100_000)
    taken = 0

    def counted(path: str, start: int, end: int, size: int) -> Any:
        nonlocal taken
        for chunk in stream(path, start, end, min(size, 100)):
            taken += len(chunk)
            yield chunk

    monkeypatch.setattr(ahead, "stream", counted)
    monkeypatch.setattr("analyzer.sources.storage._LOOK_AHEAD", 100)
    split = [piece for split in plan([file], size=1000) for piece in split]
    found = [block for piece in split for block in blocks((piece,), max_record_bytes=500)]
    assert [block.data for block in found] == [b"a\n"]
    assert [(trouble.reason, trouble.line) for block in found for trouble in block.troubles] == [(TOO_LONG, 2)]
    assert taken < 110_000


def test_small_files_share_a_block(tmp_path: Path) -> None:
    parts = [piece(tmp_path / f"{at}", b"x%d" % at) for at in range(5)]
    (block,) = blocks(tuple(parts))
    assert block.data == b"x0\nx1\nx2\nx3\nx4\n"
    assert [block.origin(at) for at in (0, 3, 12)] == [(parts[at].path, 0, 1) for at in (0, 1, 4)]


def test_blocks_stay_near_their_size(tmp_path: Path) -> None:
    part = piece(tmp_path / "x", b"0123456789\n" * 10_000)
    assert max(len(block.data) for block in blocks((part,), 5000)) <= 5000 + 11


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_a_byte_order_mark_is_no_data(tmp_path: Path, wrap: Any) -> None:
    block = read(piece(tmp_path / "x", wrap(b"\xef\xbb\xbfa\nb\n")))
    assert (block.data, block.spans[0].offset) == (b"a\nb\n", 3)


def test_a_file_that_begins_at_the_offset_where_another_ended_is_told_apart(tmp_path: Path) -> None:
    parts = piece(tmp_path / "x", b"ab\n"), piece(tmp_path / "y", b"\xef\xbb\xbfcd\n")
    assert read(*parts).origin(3) == (parts[1].path, 0, 1)


def test_an_unclosed_quote_costs_one_record_and_not_the_file(tmp_path: Path) -> None:
    data = b'a\n"' + b"b\n" * 50 + b'c\n"d\ne"\n'
    block = read(piece(tmp_path / "x", data), size=16, max_record_bytes=40, quoted=True)
    assert block.data.startswith(b"a\n")
    assert block.data.endswith(b'c\n"d\ne"\n')
    assert {reason for reason, _ in told(block)} == {TOO_LONG}


def test_files_that_vanish_or_shrink_or_become_something_else_are_told(tmp_path: Path) -> None:
    shrunk = Piece(stored(tmp_path / "shrunk", b"a\nb").path, 0, 10, whole=True)
    os.mkfifo(tmp_path / "pipe")
    gone, pipe, folder = (Piece(str(path), 0, 5, whole=True) for path in (tmp_path / "x", tmp_path / "pipe", tmp_path))
    block = read(gone, shrunk, pipe, folder, piece(tmp_path / "y", b"ok\n"))
    assert block.data == b"a\nok\n"
    assert told(block) == [(module.UNREADABLE, 0), (module.SHORTER, 2), (module.UNREADABLE, 0), (module.UNREADABLE, 0)]


def test_lines_written_behind_the_listed_size_are_not_read(tmp_path: Path) -> None:
    file = stored(tmp_path / "x", b"a\nb\nc\n")
    assert read(Piece(file.path, 0, 4, whole=True)).data == b"a\nb\n"


def test_nothing_is_no_block(tmp_path: Path) -> None:
    assert list(blocks(())) == list(blocks((piece(tmp_path / "x", b""),))) == []


@pytest.mark.parametrize("size", [7, 4096])
def test_s3_reads_as_local_files_do(s3: Bucket, tmp_path: Path, size: int) -> None:
    datas = [b"a\nb", gzip.compress(noise), noise, b"x" * 9000, *(b"%d" % at for at in range(60))]
    local = [stored(tmp_path / f"{at:02}", data) for at, data in enumerate(datas)]
    remote = [File(s3.put(f"{at:02}", data), len(data)) for at, data in enumerate(datas)]
    expected, found = (
        [b.data for split in plan(files, size=20_000) for b in blocks(split, size)] for files in (local, remote)
    )
    assert found == expected


def test_a_missing_object_among_others_is_told(s3: Bucket) -> None:
    parts = [Piece(s3.put("a", b"a"), 0, 1, whole=True), Piece(s3.uri("none"), 0, 1, whole=True)]
    block = read(*parts, Piece(s3.put("b", b"b"), 0, 1, whole=True))
    assert (block.data, told(block)) == (b"a\nb\n", [(module.UNREADABLE, 0)])
    assert block.troubles[0].detail == "S3 answered NoSuchKey"


def test_blocks_do_not_depend_on_how_reads_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = piece(tmp_path / "x", noise)
    expected = [block.data for block in blocks((part,), 1000)]
    assert b"".join(expected) == noise
    edges = sorted({0, len(noise), *random.Random(1).sample(range(len(noise)), 500)})
    monkeypatch.setattr(ahead, "stream", lambda *_: (noise[a:b] for a, b in pairwise(edges)))
    assert b"".join(block.data for block in blocks((part,), 1000)) == noise
