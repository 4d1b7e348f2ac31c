"""A listing: the files found, and what was left out on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.sources.splits import File

MERGE_REPORT = "_merge.json"  # written by us beside merged records, which would be read with them under another name
_SILENT = ("_SUCCESS", "_temporary", "_metadata", "_common_metadata", "_message", MERGE_REPORT)


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
