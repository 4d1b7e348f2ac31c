"""Which files there are: local folders and S3 prefixes as sorted lists, pruned to a window.

Hidden files, empty files and links that leave the input folder are not data; what else is left out is told.
Source: contract.md 2.2, 2.3, 2.4, 3.1.
"""

from __future__ import annotations

import heapq
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analyzer.sources.splits import (
    File,
    address,
    client,
    expand_manifest,
    is_remote,
    looks_like_manifest,
    open_local,
    read_all,
    storage_errors,
    unreadable,
)
from analyzer.sources.window import Window

__all__ = ["File", "Listing", "exists", "expand_manifest", "list_files", "looks_like_manifest", "read_all"]

Period = tuple[datetime, datetime]
HOUR = timedelta(hours=1)
_DAWN, _DUSK = datetime(1001, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)  # bounds of open windows
SLACK = HOUR  # folders are named by upload, records by inference; they differ around the full hour
_LEVELS = 200  # S3 folders looked into for year folders; beyond, a prefix is listed whole
_SILENT = ("_SUCCESS", "_temporary", "_metadata", "_common_metadata")
_HOUR = re.compile(r"/[12][0-9]{3}/[0-9]{2}/[0-9]{2}/[0-9]{2}(?=/)")
_TAIL = re.compile(r"(?:^|/)([12][0-9]{3})((?:/[0-9]{2}){0,3})/$")
_YEAR = re.compile(r"(?:^|/)[12][0-9]{3}/$")
_PART = re.compile(r"/[0-9]{2}/$")


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

    def hides(self, path: str, names: Iterable[str]) -> bool:
        """Whether one of the names hides the file; noted, unless it is one that writers of data leave everywhere."""
        name = next((name for name in names if name.startswith((".", "_"))), "")
        if name.startswith("_") and name not in _SILENT:
            self.skip(path, "hidden by its name")
        return bool(name)

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
        kept = _kept(window)
        found = _list_remote(root, kept) if is_remote(root) else _list_local(os.path.abspath(root), kept)  # noqa: PTH100 - links stay
    return found.ordered()


def exists(path: str) -> bool:
    """Whether a local file or folder, an S3 object or an S3 prefix is there; SourceUnreadable if that is unknown."""
    with unreadable(path):
        if not is_remote(path):
            return Path(path).exists()
        bucket, key = address(path)
        if _object_size(bucket, key) is not None:
            return True
        return any(objects or folders for objects, folders in _pages(bucket, _folder(key)))


def _list_local(root: str, kept: Period | None) -> Listing:
    walk = _Walk(os.path.realpath(root), kept)
    info = Path(root).stat()
    if stat.S_ISDIR(info.st_mode):
        walk.folder(root, walk.root)
        walk.run()
    else:
        os.close(open_local(root))
        walk.found.take(root, info.st_size)
    return walk.found


@dataclass(slots=True)
class _Walk:
    """A walk of a local folder: real files first, then links to what was not seen yet, in path order."""

    root: str
    kept: Period | None
    found: Listing = field(default_factory=Listing)
    seen: set[str] = field(default_factory=set)
    pending: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Visit everything below the folders and links found so far."""
        while self.pending or self.links:
            path, real = self.pending.pop() if self.pending else (heapq.heappop(self.links), "")
            self.attempt(path, real, self.folder if real else self.link)

    def attempt(self, path: str, real: str, visit: Callable[[str, str], None]) -> None:
        """Visit; a failure of one path does not end the walk."""
        try:
            visit(path, real)
        except OSError as error:
            self.found.skip(path, f"cannot be listed: {error.strerror}")

    def folder(self, path: str, real: str) -> None:
        """Visit the entries of one folder, known under its real path."""
        self.seen.add(real)
        hour = _outside(f"{path}/", self.kept)
        if hour:
            self.found.pruned.append(hour)
            return
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name[0] not in "._" or not self.found.hides(entry.path, [entry.name]):
                    self.entry(entry, f"{real}/{entry.name}")

    def entry(self, entry: os.DirEntry[str], real: str) -> None:
        """Sort one entry of a folder: link, folder, file, or what is no data."""
        if entry.is_symlink():
            heapq.heappush(self.links, entry.path)
        elif entry.is_dir(follow_symlinks=False):
            self.pending.append((entry.path, real))
        else:
            self.attempt(entry.path, real, self.file)

    def link(self, path: str, _real: str) -> None:
        """Follow a link that stays inside the root and leads to something new."""
        real = os.path.realpath(path, strict=True)
        if not f"{real}/".startswith(self.root.rstrip("/") + "/"):
            self.found.skip(path, "link leaves the input folder")
        elif real in self.seen:
            self.found.skip(path, "link to what is listed already")
        elif Path(real).is_dir():
            self.pending.append((path, real))
        else:
            self.file(path, real)

    def file(self, path: str, real: str) -> None:
        """Add a readable regular file."""
        info = os.stat(real)  # noqa: PTH116 - a Path per file would double the time of listing
        if not stat.S_ISREG(info.st_mode):
            self.found.skip(path, "not a regular file")
        elif not os.access(real, os.R_OK):
            self.found.skip(path, "permission denied")
        else:
            self.seen.add(real)
            self.found.take(path, info.st_size)


def _list_remote(root: str, kept: Period | None) -> Listing:
    bucket, key = address(root)
    tree = _Tree(bucket, _folder(key), kept)
    size = _object_size(bucket, key)
    if size is not None:
        tree.found.take(root, size)
    if not size:
        tree.run()
    return tree.found


@dataclass(slots=True)
class _Tree:
    """A walk of an S3 prefix that lists only the hours of the window, however many years lie beside them."""

    bucket: str
    root: str
    kept: Period | None
    found: Listing = field(default_factory=Listing)
    beyond: list[tuple[datetime, str]] = field(default_factory=list)
    looks: int = 0

    def run(self) -> None:
        """List the root: whole, or by period."""
        if self.kept is None:
            self.flat(self.root)
        elif _TAIL.search(self.root) and self.dated(self.root):
            self.period(self.root, self.kept)
        else:
            self.search(self.root, self.kept)
        if self.kept and not self.found.files:
            self.nearest([near for near in self.beyond if near[0] < self.kept[0]], last=True)
            self.nearest([near for near in self.beyond if near[0] >= self.kept[0]], last=False)

    def flat(self, prefix: str) -> None:
        """Take all objects below the prefix."""
        for objects, _ in _pages(self.bucket, prefix, delimiter=""):
            self.take(objects)

    def take(self, objects: Iterable[tuple[str, int]]) -> None:
        """Add objects that are data and in the window."""
        for key, size in objects:
            path = f"s3://{self.bucket}/{key}"
            hour = _outside(path, self.kept)
            if hour:
                self.found.pruned.append(hour)
            elif (size or not key.endswith("/")) and not self.found.hides(path, key[len(self.root) :].split("/")):
                self.found.take(path, size)

    def level(self, prefix: str) -> list[str]:
        """Take the objects directly below the prefix; the folders below it."""
        self.looks += 1
        folders: list[str] = []
        for objects, below in _pages(self.bucket, prefix):
            self.take(objects)
            folders += below
        return folders

    def dated(self, prefix: str) -> bool:
        """Whether a folder named like a year is one: folders of two digits, or none, are below it."""
        _, below = next(_pages(self.bucket, prefix), ([], []))
        return not below or any(map(_PART.search, below))

    def search(self, prefix: str, kept: Period) -> None:
        """Look for the level of the year folders, below endpoint and variant."""
        if self.looks >= _LEVELS:
            self.flat(prefix)
            return
        folders = self.level(prefix)
        years = {folder for folder in folders if _YEAR.search(folder)}
        dated = bool(years) and self.dated(min(years))
        for folder in folders:
            (self.period if dated and folder in years else self.search)(folder, kept)

    def period(self, prefix: str, kept: Period) -> None:
        """List what of a year, month, day or hour folder is in the window."""
        period = _period(prefix)
        if period is None or _covers(kept, period) or (_meets(kept, period) and _is_hour(period)):
            self.flat(prefix)
        elif _meets(kept, period):
            for folder in self.level(prefix):
                self.period(folder, kept)
        else:
            self.beyond.append((period[0], prefix))
            self.found.pruned += [period[0]] * _is_hour(period)

    def nearest(self, near: list[tuple[datetime, str]], *, last: bool) -> None:
        """Note the last or first hour of the folders."""
        while near:
            prefix = (max if last else min)(near)[1]
            period = _period(prefix)
            if period and _is_hour(period):
                self.found.pruned.append(period[0])
                return
            below = [folder for _, folders in _pages(self.bucket, prefix) for folder in folders]
            near = [(period[0], folder) for folder in below if (period := _period(folder))]


def _folder(key: str) -> str:
    return key if not key or key.endswith("/") else f"{key}/"


def _pages(bucket: str, prefix: str, delimiter: str = "/") -> Iterator[tuple[list[tuple[str, int]], list[str]]]:
    """Objects (key, bytes) and folders below a prefix, page by page."""
    pages = client().get_paginator("list_objects_v2")
    with storage_errors():
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, **({"Delimiter": delimiter} if delimiter else {})):
            objects = [(str(item["Key"]), int(item["Size"])) for item in page.get("Contents", ())]
            yield objects, [str(item["Prefix"]) for item in page.get("CommonPrefixes", ())]


def _object_size(bucket: str, key: str) -> int | None:
    """Bytes of the object of exactly this key, if there is one."""
    if not key or key.endswith("/"):
        return None
    try:
        with storage_errors():
            return int(client().head_object(Bucket=bucket, Key=key)["ContentLength"])
    except FileNotFoundError:
        return None
    except PermissionError:  # also the answer for a missing key to who may not list; then this listing tells
        objects = next(_pages(bucket, key), ([], []))[0]
        return dict(objects).get(key)


def _period(prefix: str) -> Period | None:
    """First and last moment of the year, month, day or hour folder a path ends with; None for any other."""
    found = _TAIL.search(prefix)
    if not found:
        return None
    parts = [int(part) for part in found.group().strip("/").split("/")]
    level = len(parts)
    try:
        year, month, day, hour = [*parts, *(1, 1, 0)[level - 1 :]]
        start = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:  # digits that are no date
        return None
    if level == 1:
        return start, start.replace(year=year + 1)
    if level == 2:
        return start, (start + 31 * 24 * HOUR).replace(day=1)
    return start, start + (24 * HOUR if level == 3 else HOUR)


def _is_hour(period: Period) -> bool:
    return period[1] - period[0] == HOUR


def _kept(window: Window | None) -> Period | None:
    """The window, closed and widened, as the period to read."""
    if window is None or window.is_open:
        return None
    return max(window.start or _DAWN, _DAWN) - SLACK, min(window.end or _DUSK, _DUSK) + SLACK


def _meets(kept: Period, period: Period) -> bool:
    return period[1] > kept[0] and period[0] < kept[1]


def _covers(kept: Period, period: Period) -> bool:
    return period[0] >= kept[0] and period[1] <= kept[1]


def _outside(path: str, kept: Period | None) -> datetime | None:
    """The hour of the last hour folder in the path, when it is not to be read."""
    hours = _HOUR.findall(path) if kept else []
    period = _period(f"{hours[-1]}/") if hours else None
    return period[0] if kept and period and not _meets(kept, period) else None
