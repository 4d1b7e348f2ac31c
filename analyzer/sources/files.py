"""Which files there are: local folders and S3 prefixes as sorted lists, pruned to a window; small files read whole.

Hidden files, empty files and links that leave the input folder are not data; what else is left out is told.
Source: contract.md 2.2, 2.3, 2.4, 3.1, 3.3.
"""

from __future__ import annotations

import errno
import heapq
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from analyzer.errors import SourceUnreadable
from analyzer.sources.splits import File as File
from analyzer.sources.splits import address, client, is_remote, storage_errors, stream, unreadable

SLACK = timedelta(hours=1)  # folders are named by upload, records by inference; they differ around the full hour
SMALL_BYTES = 512 * 2**20
_LEVELS = 200  # S3 folders looked into for year folders; beyond, a prefix is listed whole
_SILENT = ("_SUCCESS", "_temporary", "_metadata", "_common_metadata")
_HOUR = re.compile(r"/([12][0-9]{3})/([0-9]{2})/([0-9]{2})/([0-9]{2})(?=/)")
_TAIL = re.compile(r"(?:^|/)([12][0-9]{3})((?:/[0-9]{2}){0,3})/$")
_YEAR = re.compile(r"(?:^|/)[12][0-9]{3}/$")
_PART = re.compile(r"/[0-9]{2}/$")
_MANIFEST = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"prefix"\s*:\s*"(?:s3:)?\\?/(?:[^"\\]|\\.)*"\s*\}\s*(?:,\s*"|"|\]|$)'
)


@dataclass(frozen=True, slots=True)
class Window:
    """The time analysed, [start, end), both aware; folders up to one hour outside are read too."""

    start: datetime
    end: datetime

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether some of the period is to be read."""
        return end + SLACK > self.start and start - SLACK < self.end

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether all of the period is to be read."""
        return start + SLACK >= self.start and end - SLACK <= self.end


@dataclass(slots=True)
class Listing:
    """Files sorted bytewise by path; skips: (path, reason); pruned: hours with a folder outside the window.

    On S3 hours far from the window are not looked up, except the nearest when no file is inside it.
    """

    files: list[File] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    pruned: list[datetime] = field(default_factory=list)

    def take(self, path: str, size: int) -> None:
        """Add a file, or note that it is empty."""
        if size:
            self.files.append(File(path, size))
        else:
            self.skips.append((path, "empty file"))

    def skip(self, path: str, reason: str) -> None:
        """Note what is left out."""
        self.skips.append((path, reason))

    def ordered(self) -> Listing:
        """The same in canonical order."""
        files = sorted(self.files, key=lambda file: file.path.encode("utf-8", "surrogateescape"))
        return Listing(files, sorted(self.skips), sorted(set(self.pruned)))


def list_files(root: str, window: Window | None = None) -> Listing:
    """Data files below a local folder or S3 prefix at any depth, or the one file named.

    Hour folders (`/yyyy/mm/dd/hh/`) outside the window are left out. Raises SourceUnreadable when the root is
    missing or cannot be listed; an S3 prefix without objects is an empty listing, for S3 has no folders.
    """
    with unreadable(root):
        found = _list_remote(root, window) if is_remote(root) else _list_local(os.path.abspath(root), window)
    return found.ordered()


def exists(path: str) -> bool:
    """Whether a local file or folder, an S3 object or an S3 prefix is there; SourceUnreadable if that is unknown."""
    with unreadable(path):
        if not is_remote(path):
            return os.path.exists(path)
        bucket, key = address(path)
        if _object_size(bucket, key) is not None:
            return True
        return any(objects or folders for objects, folders in _pages(bucket, _folder(key)))


def read_all(path: str, limit: int = SMALL_BYTES) -> bytes:
    """A small file (baseline, configuration, script) whole; SourceUnreadable also when it exceeds limit bytes."""
    parts: list[bytes] = []
    with unreadable(path), closing(stream(path, 0, limit)) as chunks:
        for chunk in chunks:
            parts.append(chunk)
            if sum(map(len, parts)) > limit:
                raise OSError(errno.EFBIG, f"file is larger than {limit} bytes")
    return b"".join(parts)


def looks_like_manifest(head: bytes) -> bool:
    """Whether a file with these first bytes is a manifest of batch transform capture (contract.md 3.3)."""
    return _MANIFEST.match(head) is not None


def expand_manifest(source: str | bytes) -> list[str]:
    """Paths a manifest names: `[{"prefix": "s3://bucket/x/"}, "part-0", ...]`, also one JSON value per line.

    Prefixes are s3:// URIs or absolute local paths, the latter not in a manifest on S3. Raises SourceUnreadable.
    """
    data = read_all(source) if isinstance(source, str) else source
    where = source if isinstance(source, str) else "manifest"
    paths: list[str] = []
    prefix = ""
    for entry in _entries(data.removeprefix(b"\xef\xbb\xbf"), where):
        if isinstance(entry, dict) and isinstance(entry.get("prefix"), str):
            prefix = entry["prefix"]
        elif isinstance(entry, str) and prefix:
            paths.append(_joined(prefix, entry, where))
        else:
            raise _bad_manifest(where, "is not a list of one prefix and names")
    return paths


def _entries(data: bytes, where: str) -> Iterator[Any]:
    try:
        values = [msgspec.json.decode(data)]
    except msgspec.DecodeError:
        values = _lines(data, where)
    for value in values:
        yield from value if isinstance(value, list) else [value]


def _lines(data: bytes, where: str) -> list[Any]:
    try:
        return [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise _bad_manifest(where, f"is not JSON ({error})") from error


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


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _period(parts: Sequence[int]) -> tuple[datetime, datetime] | None:
    """First and last moment of a year, month, day or hour; None for numbers that are no date."""
    try:
        start = datetime(*(*parts, 1, 1)[: max(3, len(parts))], tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    if len(parts) > 2:
        return start, start + timedelta(days=len(parts) == 3, hours=len(parts) == 4)
    months = start.year * 12 + start.month - 1 + (1 if len(parts) == 2 else 12)
    return start, start.replace(year=months // 12, month=months % 12 + 1)


def _outside(path: str, window: Window | None) -> datetime | None:
    """The hour in the path, when it is outside the window."""
    hours = _HOUR.findall(path) if window else None
    period = _period([int(part) for part in hours[-1]]) if hours else None
    return period[0] if window and period and not window.meets(*period) else None
