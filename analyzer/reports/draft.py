"""Local files that appear whole or not at all: a draft is filled and synced, and only then gets the file's name.

Where the file system allows (O_TMPFILE: ext4, xfs, btrfs, tmpfs, overlayfs of Linux 6), the draft has no name until it
is complete: nobody sees it, and a killed job leaves nothing. Elsewhere (NFS, vfat, folders that a desktop shares with a
container) it is a file beside the output folder, and as the last resort a hidden one in it. Failures are OSError.
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
_HANDLES = Path("/proc/self/fd")
_NOT_OFFERED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS)  # EISDIR: a system before Linux 3.11


def write(path: Path, fill: Callable[[TextIO], object]) -> None:
    """Create or replace a file, and its folders; devices such as /dev/stdout are written to, never replaced."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="\n") as file:
            fill(file)
        return
    nameless = _open_nameless(path.parent)
    if nameless is not None:
        with _writer(nameless) as file:
            _fill(file, fill)
            _name(nameless, path)
        return
    descriptor, draft = _open(path)
    try:
        with _writer(descriptor) as file:
            _fill(file, fill)
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


def _writer(descriptor: int) -> TextIO:
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")


def _fill(file: TextIO, fill: Callable[[TextIO], object]) -> None:
    fill(file)
    file.flush()
    os.fsync(file.fileno())


def _open_nameless(folder: Path) -> int | None:
    """A draft without any name on the folder's own mount; None where there is no such thing."""
    if not hasattr(os, "O_TMPFILE") or not _HANDLES.exists():
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE)
    except OSError as error:
        if error.errno in _NOT_OFFERED:
            return None
        raise


def _name(descriptor: int, path: Path) -> None:
    """Give a nameless draft, now complete, its name; a file that has this name already is replaced at once."""
    try:
        _link(descriptor, path)
    except OSError:  # an earlier run's file: only a rename replaces it, so the draft needs another name first
        for draft in (_beside(path), _inside(path)):
            if _moved(descriptor, draft, path):
                return
        _copy_inside(_HANDLES / str(descriptor), path)


def _moved(descriptor: int, draft: Path, path: Path) -> bool:
    """Whether the draft could be given its name by way of another one."""
    try:
        if draft.parent != path.parent:
            draft.parent.mkdir(exist_ok=True)
        _link(descriptor, draft)
        draft.replace(path)
    except OSError:  # the other name would be on another mount, or in a folder that is not to be written to
        return False
    finally:
        _discard(draft)
    return True


def _link(descriptor: int, path: Path) -> None:
    # A folder's descriptor is given only because Python then follows the link; an absolute path needs none.
    os.link(_HANDLES / str(descriptor), path, src_dir_fd=descriptor)


def _open(path: Path) -> tuple[int, Path]:
    """An empty draft, if possible in a hidden folder beside the output folder, which an agent may be uploading."""
    beside = _beside(path)
    try:
        beside.parent.mkdir(exist_ok=True)
        if beside.parent.stat().st_dev == path.parent.stat().st_dev:
            return _create(beside)
        beside.parent.rmdir()
    except OSError:  # a parent that is read-only, or a neighbour that just removed the empty folder
        pass
    return _create(_inside(path))


def _create(draft: Path) -> tuple[int, Path]:
    return os.open(draft, _CREATE, _MODE), draft


def _beside(path: Path) -> Path:
    return path.parent.parent / FOLDER / _unique(path.name)


def _inside(path: Path) -> Path:
    return path.parent / f".{_unique(path.name)}"


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
    descriptor, hidden = _create(_inside(path))
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
