"""Pieces and their bytes in order; small S3 objects are fetched ahead, because every request waits on the network.

Source: design.md 4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from analyzer.s3 import client
from analyzer.sources.storage import stream
from analyzer.split import Piece, Split

_STEP_BYTES = 2 * 2**20  # read at once; larger buffers cost more in page faults than they save
_SMALL_BYTES = 2**20  # S3 objects up to this are fetched ahead, several at a time
_AHEAD = 16


def opened(split: Split, size: int) -> Iterator[tuple[Piece, Iterator[bytes]]]:
    """Pieces and their bytes; small S3 objects are fetched ahead, because every request waits on the network."""
    remote = [piece for piece in split if piece.path.startswith("s3://") and piece.end <= _SMALL_BYTES]
    if len(remote) < 2:
        yield from ((piece, _bytes(piece, size)) for piece in split)
        return
    client()  # made once here, not by several threads at once
    waiting: deque[tuple[Piece, Future[Iterator[bytes]]]] = deque()
    pieces = iter(split)
    with ThreadPoolExecutor(_AHEAD) as pool:
        while True:
            fresh = islice(pieces, _AHEAD - len(waiting))
            waiting.extend((piece, pool.submit(_fetched, piece, size)) for piece in fresh)
            if not waiting:
                return
            piece, future = waiting.popleft()
            yield piece, _result(future)


def _bytes(piece: Piece, size: int) -> Iterator[bytes]:
    """Bytes of a piece, from the one before it."""
    yield from stream(piece.path, max(piece.start - 1, 0), piece.end, max(min(size, _STEP_BYTES), 16))


def _fetched(piece: Piece, size: int) -> Iterator[bytes]:
    small = piece.path.startswith("s3://") and piece.end <= _SMALL_BYTES
    return iter(list(_bytes(piece, size))) if small else _bytes(piece, size)


def _result(future: Future[Iterator[bytes]]) -> Iterator[bytes]:
    yield from future.result()
