"""Stored files and the blocks read from them, for tests."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from analyzer.sources.blocks import Block, blocks
from analyzer.sources.splits import File
from analyzer.split import Piece

noise = b"".join(b"%d\n" % random.Random(at).getrandbits(200) for at in range(2000))


def stored(path: Path, data: bytes) -> File:
    """A file with these bytes."""
    path.write_bytes(data)
    return File(str(path), len(data))


def piece(path: Path, data: bytes) -> Piece:
    """A whole file with these bytes."""
    return Piece(stored(path, data).path, 0, len(data), whole=True)


def read(*pieces: Piece, **limits: Any) -> Block:
    """All blocks as one; spans are those of the first."""
    found = list(blocks(pieces, **limits))
    troubles = [trouble for block in found for trouble in block.troubles]
    return Block(b"".join(block.data for block in found), found[0].spans if found else [], troubles)


def told(block: Block) -> list[tuple[str, int]]:
    """Reason and line of every trouble."""
    return [(trouble.reason, trouble.line) for trouble in block.troubles]
