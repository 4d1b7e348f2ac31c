"""Byte ranges of stored files: how they are planned, and how their bytes are fetched from disk or S3.

The plan depends on the files and their sizes only, never on processes, so every engine merges the same tree.
Storage failures of both kinds are OSError here and leave `sources` as SourceUnreadable or as a counted trouble.
Source: design.md 3 (one canonical merge tree) and 4.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from analyzer.errors import SourceUnreadable

SPLIT_BYTES = 64 * 2**20
SMALL_BYTES = 512 * 2**20  # largest baseline, configuration or script
CHUNK_BYTES = 8 * 2**20
_REMOTE_CHUNK = 256 * 2**10  # small, so that a broken stream resumes near the byte reached
_LOOK_AHEAD = 64 * 2**10  # read beyond a range to finish its last line
_EVERYTHING = 2**50  # more bytes than an object can have
_PATIENCE = 6  # attempts without any progress
_MAGIC = (
    (rb"\x1f\x8b", "gzip"),
    (rb"\x28\xb5\x2f\xfd", "zstd"),
    (rb"BZh[1-9]\x31\x41\x59\x26\x53\x59", "bzip2"),
    (rb"\xfd7zXZ\x00", "xz"),
    (rb"\x04\x22\x4d\x18", "lz4"),
    (rb"PK\x03\x04", "zip"),
    (rb"\xff\xfe|\xfe\xff", "UTF-16"),
)
_MANIFEST = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"prefix"\s*:\s*"(?:s3:/)?/(?:[^"\\]|\\.)*"\s*\}\s*(?:,\s*"|"|\]|$)'
)
_VALUES = msgspec.json.Decoder(list[dict[str, str] | str] | dict[str, str] | str)
_ERRNO = {
    **dict.fromkeys(("404", "NoSuchKey", "NoSuchBucket"), errno.ENOENT),
    **dict.fromkeys(("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"), errno.EACCES),
    **dict.fromkeys(("412", "PreconditionFailed"), errno.ESTALE),
    **dict.fromkeys(("416", "InvalidRange"), errno.ERANGE),
}
_HINTS = {
    errno.ENOENT: "check the spelling, and that the job's input is mounted or the bucket exists",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EACCES: "the user or role of the job needs to read it (S3: s3:ListBucket and s3:GetObject)",
    errno.EFBIG: "a data set was probably given where a baseline, configuration or script is expected",
    errno.ESTALE: "the object was replaced while it was read; run again",
    errno.EINVAL: "give a regular file or a folder",
    errno.EPROTONOSUPPORT: "copy the data to S3 or mount it into the container",
}


@dataclass(frozen=True, slots=True)
class File:
    """A stored file: absolute local path or s3:// URI, and its stored (compressed) bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes [start, end) of a stored file. It owns the lines that begin in it; whole: it is the entire file."""

    path: str
    start: int
    end: int
    whole: bool


Split = tuple[Piece, ...]
Cuts = Callable[[str, int], list[int]]


def plan(
    files: Iterable[File],
    splittable: bool = True,  # noqa: FBT001, FBT002 - the second thing every caller decides
    size: int = SPLIT_BYTES,
    cuts: Cuts | None = None,
) -> list[Split]:
    """Splits of up to size stored bytes in path/offset order: large plain files cut, small files put together.

    Compressed files stay whole, as do all files unless splittable. cuts names the offsets where a file may be cut
    (`quote_aware_cuts` for CSV); without it, lines are records and any offset will do.
    """
    splits: list[Split] = []
    held: list[Piece] = []
    total = 0
    for piece in (piece for file in files for piece in _pieces(file, size if splittable else file.size, cuts)):
        if held and total + piece.end - piece.start > size:
            splits.append(tuple(held))
            held, total = [], 0
        held.append(piece)
        total += piece.end - piece.start
    return [*splits, tuple(held)] if held else splits


def _pieces(file: File, size: int, cuts: Cuts | None) -> list[Piece]:
    if file.size <= size or not _is_plain(file.path):
        return [Piece(file.path, 0, file.size, whole=True)]
    inner = cuts(file.path, size) if cuts else range(size, file.size, size)
    edges = [0, *(cut for cut in inner if cut < file.size), file.size]
    return [Piece(file.path, start, end, whole=len(edges) == 2) for start, end in pairwise(edges)]


def _is_plain(path: str) -> bool:
    """Whether ranges of the file are text; an unreadable file is left whole, so it is told once."""
    try:
        with closing(stream(path, 0, 16)) as chunks:
            return not packing(next(chunks, b""))
    except OSError:
        return False


def packing(head: bytes) -> str:
    """What wraps the text of a file with these first bytes: 'gzip', 'zstd', 'UTF-16', ...; '' for plain text."""
    return next((name for magic, name in _MAGIC if re.match(magic, head)), "")


def quote_aware_cuts(path: str, size: int = SPLIT_BYTES, chunk_bytes: int = CHUNK_BYTES) -> list[int]:
    """Offsets after the first newline outside quotes at or behind every multiple of size.

    Reads the file once; [] when it cannot be read (reading it will tell). Memory: a few chunks.
    """
    try:
        return _cuts(stream(path, 0, _EVERYTHING, chunk_bytes), size)
    except OSError:
        return []


def _cuts(chunks: Iterable[bytes], size: int) -> list[int]:
    cuts: list[int] = []
    target, base, inside = size, 0, False
    for chunk in chunks:
        cells = np.frombuffer(chunk, np.uint8)
        quotes = cells == ord('"')
        if base + len(chunk) >= target:
            ends = _record_ends(cells, quotes, inside=inside) + base
            while (at := int(np.searchsorted(ends, target))) < len(ends):
                cuts.append(int(ends[at]))
                target = (cuts[-1] // size + 1) * size
        inside ^= bool(np.count_nonzero(quotes) & 1)
        base += len(chunk)
    return [cut for cut in cuts if cut < base]


def _record_ends(cells: npt.NDArray[np.uint8], quotes: npt.NDArray[np.bool_], *, inside: bool) -> npt.NDArray[np.int64]:
    """Positions after the newlines outside quotes."""
    quoted = np.logical_xor.accumulate(quotes) ^ inside
    return np.flatnonzero((cells == ord("\n")) & ~quoted) + 1


def looks_like_manifest(head: bytes) -> bool:
    """Whether a file with these first bytes is a manifest of batch transform capture (contract.md 3.3)."""
    return _MANIFEST.match(head) is not None


def expand_manifest(source: str | bytes) -> list[str]:
    """Paths a manifest names: `[{"prefix": "s3://bucket/x/"}, "part-0", ...]`, also one JSON value per line.

    Prefixes are s3:// URIs or absolute local paths, the latter not in a manifest on S3. Raises SourceUnreadable.
    """
    data, where = (source, "manifest") if isinstance(source, bytes) else (read_all(source), source)
    try:
        values = _VALUES.decode_lines(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad_manifest(where, f"is not a manifest ({error})") from error
    paths: list[str] = []
    prefix = ""
    for entry in (entry for value in values for entry in (value if isinstance(value, list) else [value])):
        if isinstance(entry, str):
            paths.append(_joined(prefix, entry, where))
        else:
            prefix = entry.get("prefix", "")
    return paths


def _joined(prefix: str, name: str, where: str) -> str:
    path = prefix + name
    local = prefix.startswith("/") and not where.startswith("s3://")
    if not (local or re.match(r"s3://[^/]+/", prefix)):
        raise _bad_manifest(where, f"has the prefix {prefix[:200]!r}, which cannot be read")
    if ".." in path.split("/") or "\0" in path:
        raise _bad_manifest(where, f"names {name[:200]!r}, which leaves its prefix")
    return path


def _bad_manifest(where: str, fault: str) -> SourceUnreadable:
    shape = '[{"prefix": "s3://bucket/folder/"}, "name", ...]'
    return SourceUnreadable(f"{where!r} {fault}. Hint: a manifest looks like {shape}.")


def stream(path: str, start: int, end: int, size: int = CHUNK_BYTES) -> Generator[bytes]:
    """Bytes of a stored file from start to its end in chunks of up to size; small ones behind end.

    S3 streams that break resume at the byte reached, of the same version of the object. Raises OSError.
    """
    return (_remote_bytes if is_remote(path) else _local_bytes)(path, start, end, size)


def _local_bytes(path: str, start: int, end: int, size: int) -> Generator[bytes]:
    descriptor, position = open_local(path), start
    try:
        while chunk := os.pread(descriptor, min(size, end - position) if position < end else _LOOK_AHEAD, position):
            yield chunk
            position += len(chunk)
    finally:
        os.close(descriptor)


def _remote_bytes(path: str, start: int, end: int, size: int) -> Generator[bytes]:
    position, total, tag, patience = start, start + 1, "", _PATIENCE
    while position < total:
        answer = _range(path, position, max(end, position) + _LOOK_AHEAD, tag)
        if answer is None:
            return
        total, tag = _total(answer, position), answer["ETag"]
        try:
            for chunk in _body(answer["Body"], min(size, _REMOTE_CHUNK)):
                yield chunk
                position, patience = position + len(chunk), _PATIENCE
        except OSError:
            patience -= 1
            if not patience:
                raise
            time.sleep(0.05 * 2 ** (_PATIENCE - patience))


def _range(path: str, start: int, end: int, tag: str) -> Any:
    """S3's answer for bytes [start, end); None behind the end of the object."""
    bucket, key = address(path)
    same = {"IfMatch": tag} if tag else {}
    try:
        with storage_errors():
            return client().get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}", **same)
    except OSError as error:
        if error.errno == errno.ERANGE:
            return None
        raise


def _total(answer: Any, position: int) -> int:
    """Bytes of the whole object."""
    found = answer.get("ContentRange", "").rpartition("/")[2]
    if found.isdigit():
        return int(found)
    if position:
        raise OSError(errno.EIO, "storage ignored a range request")
    return int(answer["ContentLength"])


def _body(body: Any, size: int) -> Iterator[bytes]:
    with closing(body), storage_errors():
        while chunk := body.read(size):
            yield chunk


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


def is_remote(path: str) -> bool:
    """Whether the path is an S3 URI; OSError for any other scheme."""
    if re.match(r"[A-Za-z0-9+.-]+://", path) and not path.startswith("s3://"):
        raise OSError(errno.EPROTONOSUPPORT, "only local paths and s3:// URIs can be read")
    return path.startswith("s3://")


def address(path: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI; keys may hold any characters."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    return bucket, key


def open_local(path: str) -> int:
    """Descriptor of a regular file; never waits for a pipe that took its place. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file")


def client() -> Any:
    """The process's S3 client (a client must not cross a fork); AWS_ENDPOINT_URL is respected."""
    return _client(os.getpid(), os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _client(_process: int, endpoint: str | None) -> Any:
    import boto3  # noqa: PLC0415 - importing it takes longer than a small job
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(
        retries={"mode": "standard", "max_attempts": 6},
        max_pool_connections=32,
        read_timeout=60,
        tcp_keepalive=True,
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    return boto3.session.Session().client("s3", endpoint_url=endpoint, config=settings)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the failures of S3 into OSError with the fitting errno."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see _client
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = re.sub(r"[^A-Za-z0-9]", "", str(error.response.get("Error", {}).get("Code", "")))[:60]
        raise OSError(_ERRNO.get(code, errno.EIO), f"S3 answered {code}") from error
    except (BotoCoreError, HTTPError) as error:
        raise OSError(errno.EIO, f"S3 request failed: {type(error).__name__}") from error
