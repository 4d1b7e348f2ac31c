"""Objects of S3, read in ranges: as a stream of chunks, and as a file that can be sought in. Failures are OSError.

A stream that breaks resumes at the byte reached, of the same version of the object. Source: design.md 4.
"""

from __future__ import annotations

import errno
import io
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from analyzer.s3 import address, client, storage_errors
from analyzer.sources.shares import SharedObject, is_shared

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 256 * 2**10  # small, so that a broken stream resumes near the byte reached
BUFFER_BYTES = 4 * 2**20  # of a file; a request for every few hundred bytes would take a round trip each
_PATIENCE = 6  # attempts without any progress


class RemoteObject:
    """One version of an object, that of the first answer; OSError (ESTALE) once it is replaced.

    size: bytes of all of it, None before the first answer.
    """

    def __init__(self, path: str) -> None:
        self._bucket, self._key = address(path)
        self._tag = ""
        self.size: int | None = None

    def measure(self) -> int:
        """Bytes of the object, asked for when they are not known."""
        if self.size is None:
            with storage_errors():
                answer = client().head_object(Bucket=self._bucket, Key=self._key)
            self.size, self._tag = int(answer["ContentLength"]), answer["ETag"]
        return self.size

    def read(self, start: int, end: int, size: int = CHUNK_BYTES) -> Generator[bytes]:
        """Bytes [start, end), as far as the object reaches, in chunks of up to size as they arrive."""
        position, patience = start, _PATIENCE
        while position < end:
            body = self._body(position, end)
            if body is None:
                return
            end = min(end, self.measure())
            try:
                for chunk in _chunks(body, min(size, CHUNK_BYTES)):
                    yield chunk
                    position, patience = position + len(chunk), _PATIENCE
            except OSError:
                patience -= 1
                if not patience:
                    raise
                time.sleep(0.05 * 2 ** (_PATIENCE - patience))

    def _body(self, start: int, end: int) -> Any:
        """S3's answer for bytes [start, end); None behind the end of the object."""
        same = {"IfMatch": self._tag} if self._tag else {}
        wanted = f"bytes={start}-{end - 1}"
        try:
            with storage_errors():
                answer = client().get_object(Bucket=self._bucket, Key=self._key, Range=wanted, **same)
        except OSError as error:
            if error.errno == errno.ERANGE:
                return None
            raise
        self.size, self._tag = _total(answer, start), answer["ETag"]
        return answer["Body"]


class RemoteFile(io.RawIOBase):
    """An object as a file to seek and read in; every read is a request, so wrap it in a buffer (see `opened`).

    OSError when the object is missing or cannot be read.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._object = remote_object(path)
        self._size = self._object.measure()
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError(errno.EINVAL, "position before the beginning of the file")
        self._at = origin + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        filled, end = 0, min(self._at + len(view), self._size)
        with closing(self._object.read(self._at, end)) as chunks:
            for chunk in chunks:
                taken = chunk[: len(view) - filled]  # storage that ignores ranges sends more
                view[filled : filled + len(taken)] = taken
                filled += len(taken)
        self._at += filled
        return filled


def remote_object(path: str) -> RemoteObject | SharedObject:
    """An object of S3, or a file of another host, to be read in ranges."""
    return SharedObject(path) if is_shared(path) else RemoteObject(path)


def opened(path: str, size: int = BUFFER_BYTES) -> io.BufferedReader:
    """An object as a buffered file, to be closed. Raises OSError."""
    return io.BufferedReader(RemoteFile(path), size)


def _total(answer: Any, position: int) -> int:
    """Bytes of the whole object."""
    found = answer.get("ContentRange", "").rpartition("/")[2]
    if found.isdigit():
        return int(found)
    if position:
        raise OSError(errno.EIO, "storage ignored a range request")
    return int(answer["ContentLength"])


def _chunks(body: Any, size: int) -> Iterator[bytes]:
    with closing(body), storage_errors():
        while chunk := body.read(size):
            yield chunk
