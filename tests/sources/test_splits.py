"""Planning of splits: every byte once, in order, cut where records end."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.sources import splits
from analyzer.sources.splits import File, plan, quote_aware_cuts
from analyzer.split import Piece
from tests.sources.raw import stored

in_tmp = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_small_files_share_a_split_and_large_ones_are_cut(tmp_path: Path) -> None:
    files = [File("/a", 3), File("/b", 4), stored(tmp_path / "c", b"x" * 25), File("/d", 5), File("/e", 1)]
    c = files[2].path
    assert plan(files, size=10) == [
        (Piece("/a", 0, 3, whole=True), Piece("/b", 0, 4, whole=True)),
        (Piece(c, 0, 10, whole=False),),
        (Piece(c, 10, 20, whole=False),),
        (Piece(c, 20, 25, whole=False), Piece("/d", 0, 5, whole=True)),
        (Piece("/e", 0, 1, whole=True),),
    ]


@pytest.mark.parametrize(
    "head",
    [
        gzip.compress(b"x", mtime=0),
        b"\x28\xb5\x2f\xfd",
        b"BZh91AY&SY",
        b"\xff\xfea\x00",
        b"\xfe\xff\x00a",
        b"\xfd7zXZ\x00",
    ],
)
def test_packed_files_stay_whole_whatever_their_name(tmp_path: Path, head: bytes) -> None:
    file = stored(tmp_path / "x.jsonl", head + b"x" * 100)
    assert plan([file], size=10) == [(Piece(file.path, 0, file.size, whole=True),)]


def test_a_text_that_begins_like_an_archive_is_cut(tmp_path: Path) -> None:
    assert len(plan([stored(tmp_path / "x.csv", b"BZh9,b\n" * 10)], size=10)) == 7


def test_unreadable_and_unsplittable_files_stay_whole(tmp_path: Path) -> None:
    missing, real = File(str(tmp_path / "none"), 100), stored(tmp_path / "x", b"x" * 100)
    assert len(plan([missing], size=10)) == len(plan([real], splittable=False, size=10)) == 1


def test_nothing_is_no_split() -> None:
    assert plan([]) == []


@given(sizes=st.lists(st.integers(1, 100), max_size=30), size=st.integers(1, 60))
def test_every_byte_is_planned_once_in_order(sizes: list[int], size: int) -> None:
    files = [File(f"/{at:03}", length) for at, length in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "_is_plain", lambda _path: True)
        planned = plan(files, size=size)
    covered = [(p.path, at) for split in planned for p in split for at in range(p.start, p.end)]
    assert covered == [(file.path, at) for file in files for at in range(file.size)]
    assert all(sum(p.end - p.start for p in split) <= size for split in planned)


fields = st.text(st.sampled_from('ab"\n,é'), max_size=8)


@in_tmp
@given(rows=st.lists(st.lists(fields, min_size=2, max_size=2), max_size=30), size=st.integers(1, 40))
def test_csv_is_cut_between_records_only(tmp_path: Path, rows: list[list[str]], size: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    data = text.getvalue().encode()
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    cuts = quote_aware_cuts(str(path), size, chunk_bytes=7)
    parts = [data[start:end].decode() for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert [row for part in parts for row in csv.reader(io.StringIO(part, newline=""))] == rows
    assert cuts == sorted(set(cuts)) == quote_aware_cuts(str(path), size)


def test_csv_pieces_begin_at_the_cuts(tmp_path: Path) -> None:
    file = stored(tmp_path / "x.csv", b'"a\nb"\n' * 5)
    assert [(p.start, p.end) for split in plan([file], size=10, cuts=quote_aware_cuts) for p in split] == [
        (0, 12),
        (12, 24),
        (24, 30),
    ]


def test_a_record_that_ends_at_the_wanted_size_is_cut_there(tmp_path: Path) -> None:
    assert quote_aware_cuts(stored(tmp_path / "x.csv", b'"a\nb"\n' * 3).path, 6) == [6, 12]


def test_an_unclosed_quote_leaves_one_large_piece(tmp_path: Path) -> None:
    assert quote_aware_cuts(stored(tmp_path / "x.csv", b'a\n"b\n' + b"c\n" * 50).path, 10) == []
