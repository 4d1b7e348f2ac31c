"""Shares: input of which every host of a job holds a part (ShardedByS3Key), read from the host that has it.

Such a file is called `host://name/absolute/path`. The file that the variable MODEL_MONITOR_SHARES names says where the
hosts are asked (container/share.py answers there): over HTTPS, each host known by its own certificate, the asker by a
token. Without the variable there are no shares. Failures are OSError. Source: contract.md 2.1, design.md 4.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec

from analyzer.s3 import Unavailable

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from ssl import SSLContext

TABLE = "MODEL_MONITOR_SHARES"
SCHEME = "host://"
CHUNK_BYTES = 2**20
_PATIENCE = 6  # attempts without any progress
_TIMEOUT = 60.0  # seconds without an answer
_ANY_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: the hosts' clocks may differ, and certificates live for one job
_BEHIND_THE_END = 416
_ERRNO = {403: errno.EACCES, 404: errno.ENOENT}


class Host(msgspec.Struct, frozen=True):
    """Where a host answers, and the certificate (PEM) it proves itself with."""

    port: int
    certificate: str


class Shares(msgspec.Struct, frozen=True):
    """The hosts, which of them this is, the folders each has a part of, and the token that opens them."""

    here: str
    hosts: dict[str, Host]
    roots: list[str]
    token: str


def shares() -> Shares | None:
    """The table of this job; None on a single host, or when all hosts have all files."""
    path = os.environ.get(TABLE)
    return _table(path) if path else None


def is_shared(path: str) -> bool:
    """Whether the path names a file on one of the hosts."""
    return path.startswith(SCHEME)


def nearest(path: str) -> str:
    """The local path when the file is on this host, else the path as it is."""
    if not is_shared(path):
        return path
    host, bare = _parted(path)
    return bare if host == this_job().here else path


def covers(root: str) -> bool:
    """Whether a local path is, or is in, or holds, a folder of which every host has a part."""
    table = shares()
    return table is not None and bool(shared_below(root, table.roots))


def shared_below(root: str, folders: Iterable[str]) -> list[str]:
    """What of the shared folders is below the root; the root itself when it is one, or inside one."""
    found = list(folders)
    if any(f"{root}/".startswith(f"{folder}/") for folder in found):
        return [root]
    return [folder for folder in found if folder.startswith(f"{root.rstrip('/')}/")]


def this_job() -> Shares:
    """The table; OSError without one."""
    table = shares()
    if table is None:
        raise OSError(errno.EPROTONOSUPPORT, "only local paths and s3:// URIs are supported")
    return table


class SharedObject:
    """A file on another host, read in ranges; a stream that breaks resumes at the byte reached.

    size: bytes of all of it, None before the first answer.
    """

    def __init__(self, path: str) -> None:
        self._host, self._path = _parted(path)
        self.size: int | None = None

    def measure(self) -> int:
        """Bytes of the file, asked for when they are not known."""
        if self.size is None:
            with closing(self.read(0, 1)) as chunks:
                next(chunks, b"")
        return self.size or 0

    def read(self, start: int, end: int, size: int = CHUNK_BYTES) -> Generator[bytes]:
        """Bytes [start, end), as far as the file reaches, in chunks of up to size as they arrive."""
        position, patience = start, _PATIENCE
        while position < end:
            try:
                for chunk in self._chunks(position, end, min(size, CHUNK_BYTES)):
                    yield chunk
                    position, patience = position + len(chunk), _PATIENCE
            except Unavailable:
                patience -= 1
                if not patience:
                    raise
                time.sleep(0.05 * 2 ** (_PATIENCE - patience))
            else:
                return

    def _chunks(self, start: int, end: int, size: int) -> Iterator[bytes]:
        with answer(self._host, "bytes", {"Range": f"bytes={start}-{end - 1}"}, path=self._path) as found:
            self.size = int((found.getheader("Content-Range") or "").rpartition("/")[2] or 0)
            promised = 0 if found.status == _BEHIND_THE_END else int(found.getheader("Content-Length") or 0)
            while promised:
                chunk = self._part(found, min(size, promised))
                if not chunk:
                    raise Unavailable(errno.EIO, f"host {self._host} sent too little")
                promised -= len(chunk)
                yield chunk

    def _part(self, found: HTTPResponse, size: int) -> bytes:
        from http.client import HTTPException  # noqa: PLC0415 - few jobs have shares

        try:
            return found.read1(size)
        except (OSError, HTTPException) as error:
            raise Unavailable(errno.EIO, f"host {self._host} stopped answering: {error}") from error


@contextmanager
def answer(host: str, verb: str, headers: dict[str, str], **query: str) -> Iterator[HTTPResponse]:
    """What a host answers, on a connection of its own.

    Raises Unavailable when the host cannot be asked, FileNotFoundError when it has no such file, other OSError when it
    cannot read it.
    """
    from http.client import HTTPException, HTTPSConnection  # noqa: PLC0415 - few jobs have shares

    table = this_job()
    if host not in table.hosts:
        raise OSError(errno.ENOENT, f"there is no host {host[:80]!r} in this job")
    there = table.hosts[host]
    connection = HTTPSConnection(host, there.port, timeout=_TIMEOUT, context=_trust(there.certificate))
    try:
        address = f"/{verb}?{urlencode(query, quote_via=quote, errors='surrogateescape')}"
        try:
            connection.request("GET", address, headers={"Authorization": f"Bearer {table.token}", **headers})
            found = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise Unavailable(errno.EIO, f"host {host} cannot be asked: {error}") from error
        if found.status >= 400 and found.status != _BEHIND_THE_END:
            raise OSError(_ERRNO.get(found.status, errno.EIO), f"host {host} answered {found.status} {found.reason}")
        yield found
    finally:
        connection.close()


@cache
def _table(path: str) -> Shares:
    return msgspec.json.decode(Path(path).read_bytes(), type=Shares)


def _parted(path: str) -> tuple[str, str]:
    """Host and local path."""
    host, slash, rest = path.removeprefix(SCHEME).partition("/")
    return host, slash + rest


@cache
def _trust(certificate: str) -> SSLContext:
    """Trust in one host's own certificate and in nothing else; names need no look, for no other host has it."""
    import ssl  # noqa: PLC0415 - see answer

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=certificate)
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _ANY_TIME)
    return context
