"""Bytes of stored files, fetched from disk, S3 or the host that has them.

Storage failures of both kinds are OSError here and leave `sources` as a counted trouble of one file, or as
SourceUnreadable when S3 itself failed.
Source: design.md 4.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO

from analyzer.errors import SourceUnreadable
from analyzer.s3 import Unavailable, is_remote
from analyzer.sources.remote import opened, remote_object
from analyzer.sources.shares import is_shared, nearest

SMALL_BYTES = 512 * 2**20  # largest baseline, configuration or script
CHUNK_BYTES = 8 * 2**20
_LOOK_AHEAD = 64 * 2**10  # read beyond a range to finish its last line
_MAGIC = (
    (rb"\x1f\x8b", "gzip"),
    (rb"\x28\xb5\x2f\xfd", "zstd"),
    (rb"BZh[1-9]\x31\x41\x59\x26\x53\x59", "bzip2"),
    (rb"\xfd7zXZ\x00", "xz"),
    (rb"\x04\x22\x4d\x18", "lz4"),
    (rb"PK\x03\x04", "zip"),
    (rb"\xff\xfe|\xfe\xff", "UTF-16"),
)
_HINTS = {
    errno.ENOENT: "check the spelling, and that the job's input is mounted or the bucket exists",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EACCES: "the user or role of the job needs to read it (S3: s3:ListBucket and s3:GetObject)",
    errno.EFBIG: "a data set was probably given where a baseline, configuration or script is expected",
    errno.ESTALE: "the object was replaced while it was read; run again",
    errno.EINVAL: "give a regular file or a folder",
    errno.EBUSY: "S3 limits the requests to a prefix; run again later, or with fewer tasks at a time",
    errno.EPROTONOSUPPORT: "copy the data to S3 or mount it into the container",
}


def stream(path: str, start: int, end: int, size: int = CHUNK_BYTES) -> Generator[bytes]:
    """Bytes of a stored file from start to its end in chunks of up to size; small ones behind end.

    S3 streams that break resume at the byte reached, of the same version of the object. Raises OSError.
    """
    near = nearest(path)
    return (_remote_bytes if is_shared(near) or is_remote(near) else _local_bytes)(near, start, end, size)


def _local_bytes(path: str, start: int, end: int, size: int) -> Generator[bytes]:
    descriptor, position = open_local(path), start
    try:
        while chunk := os.pread(descriptor, min(size, end - position) if position < end else _LOOK_AHEAD, position):
            yield chunk
            position += len(chunk)
    finally:
        os.close(descriptor)


def _remote_bytes(path: str, start: int, end: int, size: int) -> Generator[bytes]:
    found, position, before = remote_object(path), start, -1
    while position > before and (found.size is None or position < found.size):
        before = position
        for chunk in found.read(position, max(end, position) + _LOOK_AHEAD, size):
            yield chunk
            position += len(chunk)


def read_all(path: str, limit: int = SMALL_BYTES) -> bytes:
    """A small file (baseline, configuration, script) whole; SourceUnreadable also when it exceeds limit bytes."""
    parts: list[bytes] = []
    with unreadable(path), closing(stream(path, 0, limit)) as chunks:
        for chunk in chunks:
            parts.append(chunk)
            if sum(map(len, parts)) > limit:
                raise OSError(errno.EFBIG, f"file is larger than {limit} bytes")
    return b"".join(parts)


@contextmanager
def unreadable(path: str) -> Iterator[None]:
    """Turn a storage failure into SourceUnreadable with path, cause and hint."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "check that the storage can be reached (network, AWS_ENDPOINT_URL)")
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror or error}. Hint: {hint}.") from error


def stop_if_unavailable(path: str, error: BaseException) -> None:
    """SourceUnreadable when it was not this file that failed but the storage; leaving files out would hide that."""
    if isinstance(error, Unavailable):
        with unreadable(path):
            raise error


def seekable(path: str) -> BinaryIO:
    """A stored file to seek and read in, to be closed. Raises OSError."""
    near = nearest(path)
    return opened(near) if is_shared(near) or is_remote(near) else os.fdopen(open_local(near), "rb")


def open_local(path: str) -> int:
    """Descriptor of a regular file; never waits for a pipe that took its place. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file")


def packing(head: bytes) -> str:
    """What wraps the text of a file with these first bytes: 'gzip', 'zstd', 'UTF-16', ...; '' for plain text."""
    return next((name for magic, name in _MAGIC if re.match(magic, head)), "")
