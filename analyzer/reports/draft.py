"""Local files that appear whole or not at all: written as a draft on the same device, synced, then renamed.

Failures are OSError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

FOLDER = ".partial"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_MODE = 0o666  # less the umask: an agent of another user uploads the file
_CHUNK_BYTES = 2**20


def write(path: Path, fill: Callable[[TextIO], object]) -> None:
    """Create or replace a file, and its folders; devices such as /dev/stdout are written to, never replaced."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="\n") as file:
            fill(file)
        return
    descriptor, draft = _open(path)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        _move(draft, path)
    finally:
        _discard(draft)


def read(path: Path, limit: int) -> bytes:
    """The whole of a regular file of at most `limit` bytes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # never waits at a pipe
    try:
        status = os.fstat(descriptor)
        _check_regular(status.st_mode)
        check_size(status.st_size, limit)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def check_size(size: int, limit: int) -> None:
    """Refuse what is larger than `limit` bytes."""
    if size > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit} bytes")


def _check_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is not a regular file")


def _open(path: Path) -> tuple[int, Path]:
    """An empty draft, if possible in a hidden folder beside the output folder, which an agent may be uploading."""
    beside = path.parent.parent / FOLDER
    try:
        beside.mkdir(exist_ok=True)
        if beside.stat().st_dev == path.parent.stat().st_dev:
            return _create(beside / _unique(path.name))
        beside.rmdir()
    except OSError:  # a parent that is read-only, or a neighbour that just removed the empty folder
        pass
    return _create(path.parent / f".{_unique(path.name)}")


def _create(draft: Path) -> tuple[int, Path]:
    return os.open(draft, _CREATE, _MODE), draft


def _unique(name: str) -> str:
    return f"{name}.{os.getpid()}.{secrets.token_hex(4)}"


def _move(draft: Path, path: Path) -> None:
    try:
        draft.replace(path)
    except OSError as error:
        # Bind mounts of one device look like one file system until something is moved across.
        if error.errno != errno.EXDEV:
            raise
        _copy_inside(draft, path)


def _copy_inside(draft: Path, path: Path) -> None:
    descriptor, hidden = _create(path.parent / f".{_unique(path.name)}")
    try:
        with os.fdopen(descriptor, "wb") as target, draft.open("rb") as source:
            while chunk := source.read(_CHUNK_BYTES):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        hidden.replace(path)
    finally:
        _discard(hidden)


def _discard(draft: Path) -> None:
    """Remove what is left of a draft, and the drafts' folder once it is empty; leftovers do no harm."""
    with contextlib.suppress(OSError):
        draft.unlink(missing_ok=True)
        if draft.parent.name == FOLDER:
            draft.parent.rmdir()
