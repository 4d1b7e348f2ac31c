"""Which files there are: local folders and S3 prefixes as sorted lists, pruned to a window.

Hidden files, empty files and links that leave the input folder are not data; what else is left out is told.
Source: contract.md 2.2, 2.3, 2.4, 3.1.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from analyzer.s3 import is_remote
from analyzer.sources.gathering import gathered
from analyzer.sources.hours import SLACK, Period, hour_outside, kept_period
from analyzer.sources.listing import Listing
from analyzer.sources.prefix import holds, list_prefix
from analyzer.sources.shares import covers
from analyzer.sources.storage import open_local, unreadable
from analyzer.sources.window import Window


def list_files(root: str, window: Window | None = None, slack: timedelta = SLACK) -> Listing:
    """Data files below a local folder or S3 prefix at any depth, or the one file named.

    Hour folders (`/yyyy/mm/dd/hh/`) outside the window, widened by the slack, are left out. Raises SourceUnreadable
    when the root is missing or cannot be listed; an S3 prefix without objects is an empty listing: S3 has no folders.
    """
    with unreadable(root):
        kept = kept_period(window, slack)
        if is_remote(root):
            return list_prefix(root, kept).ordered()
        root = os.path.abspath(root)  # noqa: PTH100 - links stay
        return _list_hosts(root, kept) if covers(root) else list_local(root, kept).ordered()


def exists(path: str) -> bool:
    """Whether a local file or folder, an S3 object or an S3 prefix is there; SourceUnreadable if that is unknown."""
    with unreadable(path):
        return holds(path) if is_remote(path) else Path(path).exists()


def _list_hosts(root: str, kept: Period | None) -> Listing:
    """What all hosts have of a folder of which this one has a part, or nothing."""
    try:
        own = list_local(root, kept)
    except FileNotFoundError:
        own = None
    return gathered(root, own, kept)


def list_local(root: str, kept: Period | None) -> Listing:
    """What is below a local folder of this host, in no order, or the one file named. Raises OSError."""
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
        hour = hour_outside(f"{path}/", self.kept)
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
