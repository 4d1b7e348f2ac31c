"""Where documents go and come from: local files and s3:// objects, each written whole or not at all.

Source: contract.md 2.1 (Continuous upload may take a file at any moment) and the settings of design.md 5.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from analyzer import s3
from analyzer.errors import OutputUnwritable
from analyzer.reports import bucket, draft

Location = str | os.PathLike[str]

_READ_ONLY = "let the job's user write there, or choose another output folder"
_HINTS = {
    errno.ENOSPC: "free space, or give the job a larger volume (VolumeSizeInGB)",
    errno.EDQUOT: "free space, or raise the quota",
    errno.EROFS: _READ_ONLY,
    errno.EACCES: "the user or role of the job needs to write there (S3: s3:PutObject)",
    errno.EPERM: _READ_ONLY,
    errno.ENOTDIR: "a part of the path is a file; choose another output folder",
    errno.EEXIST: "the output folder is a file; choose another one",
    errno.EISDIR: "a folder has the name of the document; remove it, or choose another output folder",
    errno.ENAMETOOLONG: "shorten the path",
    errno.ENOENT: "check the spelling of the path, and that the bucket exists",
    errno.EPROTONOSUPPORT: "write to a local folder or to S3",
}


def join(folder: Location, name: str) -> str:
    """Path of the document `name` in an output folder or under an S3 prefix; OutputUnwritable for other schemes."""
    with _unwritable(folder):
        return f"{os.fspath(folder).rstrip('/')}/{name}" if s3.is_remote(folder) else str(Path(folder) / name)


def publish(path: Location, fill: Callable[[TextIO], object], content_type: str = "application/json") -> None:
    """Write a document so that no reader ever sees a part of it; parent folders are created.

    fill: writes the text. Raises OutputUnwritable with the path and what to do.
    """
    with _unwritable(path):
        if s3.is_remote(path):
            bucket.upload(os.fspath(path), fill, content_type)
        else:
            draft.write(Path(path), fill)


def remove(path: Location) -> None:
    """Remove a document of an earlier run, if there is one; S3 objects stay. Raises OutputUnwritable."""
    with _unwritable(path):
        if not s3.is_remote(path) and Path(path).is_file():
            Path(path).unlink()


def erase(path: Location) -> None:
    """Remove a file or an S3 object. Raises OutputUnwritable."""
    with _unwritable(path):
        if s3.is_remote(path):
            bucket.remove(os.fspath(path))
        else:
            Path(path).unlink(missing_ok=True)


def read(path: Location, limit: int) -> bytes:
    """The whole file; OSError when it is missing, not a regular file, or larger than `limit` bytes."""
    return s3.read(os.fspath(path), limit) if s3.is_remote(path) else draft.read(Path(path), limit)


@contextmanager
def _unwritable(path: Location) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        hint = _HINTS.get(error.errno or 0, "check that the output folder exists and is writable")
        raise OutputUnwritable(f"cannot write {os.fspath(path)}: {reason}. Hint: {hint}.") from error
