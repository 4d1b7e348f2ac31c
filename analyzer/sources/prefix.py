"""Listing of S3 prefixes: every object, or those of the hour folders that a window needs.

Failures are OSError. Source: contract.md 2.3, 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from analyzer.s3 import address, client, storage_errors
from analyzer.sources.hours import Period, covers, ends_in_date, hour_outside, is_hour, meets, period_of
from analyzer.sources.listing import Listing

_AHEAD = 16  # prefixes listed at a time
_LEVELS = 200  # S3 folders looked into for year folders; beyond, a prefix is listed whole
_YEAR = re.compile(r"(?:^|/)[12][0-9]{3}/$")
_PART = re.compile(r"/[0-9]{2}/$")


def list_prefix(root: str, kept: Period | None) -> Listing:
    """Objects below an S3 prefix, or the one object named; hour folders that are not kept are left out."""
    bucket, key = address(root)
    tree = _Tree(bucket, _folder(key), kept)
    size = _object_size(bucket, key)
    if size is not None:
        tree.found.take(root, size)
    if not size:
        tree.run()
    return tree.found


def holds(uri: str) -> bool:
    """Whether there is an object of this name, or any below it."""
    bucket, key = address(uri)
    if _object_size(bucket, key) is not None:
        return True
    return any(objects or folders for objects, folders in _pages(bucket, _folder(key)))


@dataclass(slots=True)
class _Tree:
    """A walk of an S3 prefix that lists only the hours of the window, however many years lie beside them."""

    bucket: str
    root: str
    kept: Period | None
    found: Listing = field(default_factory=Listing)
    beyond: list[tuple[datetime, str]] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    looks: int = 0

    def run(self) -> None:
        """List the root: whole, or by period."""
        if self.kept is None:
            self.flat(self.root)
        elif ends_in_date(self.root) and self.dated(self.root):
            self.period(self.root, self.kept)
        else:
            self.search(self.root, self.kept)
        self.gather()
        if self.kept and not self.found.files:
            self.nearest([near for near in self.beyond if near[0] < self.kept[0]], last=True)
            self.nearest([near for near in self.beyond if near[0] >= self.kept[0]], last=False)

    def flat(self, prefix: str) -> None:
        """Have all objects below the prefix taken, by `gather`."""
        self.whole.append(prefix)

    def gather(self) -> None:
        """Take all objects below the prefixes found, many prefixes at a time: S3 gives a page only after the other."""
        with ThreadPoolExecutor(_AHEAD) as pool:
            while self.whole:
                waiting, self.whole = self.whole, []
                for below in pool.map(self.objects, waiting):
                    self.whole += below

    def objects(self, prefix: str) -> list[str]:
        """Take the objects below the prefix, or those directly in it when they are many; folders still to be listed."""
        pages = _pages(self.bucket, prefix, delimiter="")
        first, second = next(pages, ([], [])), next(pages, None)
        if second is not None:
            folded = _pages(self.bucket, prefix)
            objects, folders = next(folded, ([], []))
            if folders and next(folded, None) is None:
                self.take(objects)
                return folders
        for objects, _ in chain([first], [second] if second else [], pages):
            self.take(objects)
        return []

    def take(self, objects: Iterable[tuple[str, int]]) -> None:
        """Add objects that are data and in the window."""
        for key, size in objects:
            path = f"s3://{self.bucket}/{key}"
            hour = hour_outside(path, self.kept)
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
        period = period_of(prefix)
        if period is None or covers(kept, period) or (meets(kept, period) and is_hour(period)):
            self.flat(prefix)
        elif meets(kept, period):
            for folder in self.level(prefix):
                self.period(folder, kept)
        else:
            self.beyond.append((period[0], prefix))
            self.found.pruned += [period[0]] * is_hour(period)

    def nearest(self, near: list[tuple[datetime, str]], *, last: bool) -> None:
        """Note the last or first hour of the folders."""
        while near:
            prefix = (max if last else min)(near)[1]
            period = period_of(prefix)
            if period and is_hour(period):
                self.found.pruned.append(period[0])
                return
            below = [folder for _, folders in _pages(self.bucket, prefix) for folder in folders]
            near = [(period[0], folder) for folder in below if (period := period_of(folder))]


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
