"""Gzip: all that can be decoded is read, what is wrong is told, and nothing expands without bound."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.sources import packed as module
from analyzer.sources.blocks import PACKED
from analyzer.sources.lines import TOO_LONG
from tests.sources.raw import noise, piece, read, told

in_tmp = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_half_a_line_before_damage_is_no_line(tmp_path: Path) -> None:
    half = gzip.compress(b"12\n123")[:-8]
    assert read(piece(tmp_path / "x", half)).data == b"12\n"


FOREIGN = {
    "UTF-16": "a\n".encode("utf-16"), "zstd": b"\x28\xb5\x2f\xfdabc", "bzip2": b"BZh91AY&SYabc", "xz": b"\xfd7zXZ\0a",
    "UTF-16 in gzip": gzip.compress("a\n".encode("utf-16")), "gzip in gzip": gzip.compress(gzip.compress(b"a\n")),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_neither_text_nor_gzip_is_refused_once_with_a_hint(tmp_path: Path, kind: str) -> None:
    block = read(piece(tmp_path / "x.csv", FOREIGN[kind]), piece(tmp_path / "y.csv", b"ok\n"))
    assert (block.data, told(block)) == (b"ok\n", [(PACKED, 0)])
    assert (block.troubles[0].detail or "").startswith(f"{kind}. Hint: ")


def test_gzip_is_known_by_its_content_and_may_have_members_and_padding(tmp_path: Path) -> None:
    data = gzip.compress(b"a\nb") + b"\0" * 20_000 + gzip.compress(b"") + gzip.compress(b"c\nd\n") + b"\0\0"
    block = read(piece(tmp_path / "x.jsonl", data), piece(tmp_path / "y.gz", b"plain\n"))
    assert (block.data, block.troubles) == (b"a\nbc\nd\nplain\n", [])


def test_bytes_behind_gzip_data_are_told(tmp_path: Path) -> None:
    block = read(piece(tmp_path / "x", gzip.compress(b"a\nb") + b"junk\n"))
    assert (block.data, told(block)) == (b"a\nb\n", [(module.TRAILING, 3)])


@in_tmp
@given(share=st.floats(0.01, 0.999))
def test_of_gzip_that_is_cut_every_decodable_line_is_read(tmp_path: Path, share: float) -> None:
    packed = gzip.compress(noise)
    cut = packed[: int(len(packed) * share)]
    decodable = zlib.decompressobj(31).decompress(cut)
    block = read(piece(tmp_path / "x", cut), piece(tmp_path / "y", b"next\n"))
    assert block.data == decodable[: decodable.rfind(b"\n") + 1] + b"next\n"
    assert [reason for reason, _ in told(block)] == [module.CUT_GZIP]


@in_tmp
@given(at=st.integers(10, len(gzip.compress(noise)) - 1), bit=st.integers(0, 7))
def test_damaged_gzip_never_raises(tmp_path: Path, at: int, bit: int) -> None:
    packed = bytearray(gzip.compress(noise))
    packed[at] ^= 1 << bit
    assert len(told(read(piece(tmp_path / "x", bytes(packed))))) == 1


@pytest.mark.parametrize("share", [at / 13 for at in range(1, 13)])
def test_of_cut_gzip_that_expands_greatly_no_line_is_lost(tmp_path: Path, share: float) -> None:
    packed = gzip.compress(b"12\n" * 3_000_000)
    cut = packed[: int(len(packed) * share)]
    decodable = zlib.decompressobj(31).decompress(cut)
    assert len(read(piece(tmp_path / "x", cut)).data) == decodable.rfind(b"\n") + 1


def test_a_gzip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 2 * 2**20)
    bomb = piece(tmp_path / "x", gzip.compress(b"a" * 99 + b"\n" + (b"0" * 99 + b"\n") * 200_000))
    block = read(bomb, gzip_max_ratio=100)
    assert [reason for reason, _ in told(block)] == [module.BOMB]
    assert 2 * 2**20 <= len(block.data) < 5 * 2**20
    assert not read(bomb).troubles


def test_a_bomb_of_one_line_is_stopped_too(tmp_path: Path) -> None:
    block = read(piece(tmp_path / "x", gzip.compress(b"0" * 10**7)), max_record_bytes=10**6)
    assert (block.data, told(block)) == (b"", [(TOO_LONG, 1)])
