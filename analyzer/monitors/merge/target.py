"""Target: where merged records are written, by where they were captured. Source: contract.md 2.3."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath

from analyzer.job import Job
from analyzer.reports.storage import erase, join
from analyzer.s3 import is_remote
from analyzer.sources.files import exists, list_files
from analyzer.sources.hours import hour_folder
from analyzer.split import Piece

_OURS = uuid.UUID("6f4d6a1e-7c1f-5d2b-9a53-1d0f6d657267")  # namespace of the names of our parts
_NAME = re.compile(r"part-00000-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4})-[0-9a-f]{4}-[0-9a-f]{12}\.c000\.jsonl")


@dataclass(frozen=True, slots=True)
class Target:
    """The output folder, laid out as the input is: `{endpoint}/{variant}/yyyy/mm/dd/hh/`.

    root: the input folder. fallback: folder of records whose files are elsewhere, or in no hour folder. schedule:
    folder that replaces what stands before the hour, for batch transform; "" keeps it.
    """

    output: str
    root: str
    fallback: str = ""
    schedule: str = ""

    @classmethod
    def of(cls, job: Job, *, batch: bool) -> Target:
        """Where a job writes."""
        start, name = job.start_time, job.sagemaker_monitoring_schedule_name or ""
        hour = f"{start:%Y/%m/%d/%H}" if start else ""
        return cls(job.output_path, _whole(job.dataset_source), hour, _safe(name) if batch else "")

    def folder(self, path: str) -> str:
        """Folder below the output, for records of a file."""
        inside = f"{_local(path)}/".find(f"{self.root}/")
        parent = str(PurePosixPath(_local(path)[inside + len(self.root) + 1 :]).parent) if inside >= 0 else ""
        hour = hour_folder(f"/{parent}/")
        if not hour:
            return _safe(f"{self.schedule}/{self.fallback}" if self.fallback or not parent else parent)
        return _safe(f"{self.schedule}/{hour}" if self.schedule else parent)

    def path(self, folder: str, first: Piece) -> str:
        """Path of the part that begins with a piece of the input; the same in every run."""
        inside = uuid.uuid5(_OURS, f"{folder}\n{_local(first.path)}\n{first.start}").hex
        name = f"part-00000-{_mark(folder)}-{inside[16:20]}-{inside[20:]}.c000.jsonl"
        return join(self.output, f"{folder}/{name}" if folder else name)

    def clear(self) -> None:
        """Remove the parts of an earlier run, which read other files perhaps; nothing that was not written by us."""
        output = _whole(self.output)
        if not exists(output):
            return
        for file in list_files(self.output).files:
            folder, _, name = file.path[len(output) + 1 :].rpartition("/")
            found = _NAME.fullmatch(name)
            if found and found[1] == _mark(folder):
                erase(file.path)


def contains(folder: str, path: str) -> bool:
    """Whether a folder or prefix is, or holds, what another path names."""
    return f"{_whole(path)}/".startswith(f"{_whole(folder)}/")


def _mark(folder: str) -> str:
    return str(uuid.uuid5(_OURS, folder))[:18]


def _whole(path: str) -> str:
    """The path as listings spell it, without a slash at its end."""
    return path.rstrip("/") if is_remote(path) else os.path.abspath(path)  # noqa: PTH100 - links stay


def _local(path: str) -> str:
    """The path without the host that has it."""
    scheme, found, rest = path.partition("://")
    return f"/{rest.partition('/')[2]}" if found and scheme == "host" else path


def _safe(folder: str) -> str:
    """The folder without empty parts, and with names that lead nowhere else."""
    parts = (part if part.strip(".") else "_" for part in folder.split("/") if part not in ("", "."))
    return "/".join(parts)
