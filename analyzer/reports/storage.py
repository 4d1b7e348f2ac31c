"""Where documents go and come from: local files that appear whole or not at all, and s3:// objects.

Source: contract.md 2.1 (Continuous upload may take a file at any moment) and the settings of design.md 5.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from analyzer.errors import OutputUnwritable

Location = str | os.PathLike[str]

SPOOL_BYTES = 64 * 2**20  # an S3 document larger than this waits on disk for its upload
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
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
}
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket"})
_REFUSED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})


def join(folder: Location, name: str) -> str:
    """Path of the document `name` in an output folder or under an S3 prefix."""
    folder = os.fspath(folder)
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else os.path.join(folder, name)


def is_remote(path: Location) -> bool:
    """Whether the path is an s3:// URI."""
    return os.fspath(path).startswith("s3://")


def publish(path: Location, fill: Callable[[TextIO], object], content_type: str = "application/json") -> None:
    """Write a document so that no reader ever sees a part of it; parent folders are created.

    fill: writes the text. Raises OutputUnwritable with the path and what to do.
    """
    path = os.fspath(path)
    try:
        if is_remote(path):
            _upload(path, fill, content_type)
        else:
            _write_local(os.path.abspath(path), fill)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        hint = _HINTS.get(error.errno or 0, "check that the output folder exists and is writable")
        raise OutputUnwritable(f"cannot write {path}: {reason}. Hint: {hint}.") from error


def read(path: Location, limit: int) -> bytes:
    """The whole file; OSError when it is missing, not a regular file, or larger than `limit` bytes."""
    path = os.fspath(path)
    return _read_remote(path, limit) if is_remote(path) else _read_local(path, limit)


def _write_local(path: str, fill: Callable[[TextIO], object]) -> None:
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(path) and not os.path.isfile(path):
        _write_device(path, fill)
        return
    descriptor, draft = _draft(folder, name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        _move(draft, path)
    finally:
        _discard(draft)


def _write_device(path: str, fill: Callable[[TextIO], object]) -> None:
    """Write to /dev/stdout and the like, which must not be replaced by a file."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        fill(file)


def _draft(folder: str, name: str) -> tuple[int, str]:
    """An empty file on the same device, if possible outside the output folder, which an agent may be uploading."""
    token = f"{os.getpid()}.{secrets.token_hex(4)}"
    beside = os.path.join(os.path.dirname(folder), ".partial")
    try:
        os.makedirs(beside, exist_ok=True)
        if os.stat(beside).st_dev == os.stat(folder).st_dev:
            draft = os.path.join(beside, f"{name}.{token}")
            return os.open(draft, _CREATE, 0o666), draft
        os.rmdir(beside)
    except OSError:  # a parent that is read-only, or a neighbour that just removed the empty folder
        pass
    return _hidden_draft(folder, name)


def _hidden_draft(folder: str, name: str) -> tuple[int, str]:
    draft = os.path.join(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
    return os.open(draft, _CREATE, 0o666), draft


def _move(draft: str, path: str) -> None:
    try:
        os.replace(draft, path)
    except OSError as error:
        # Bind mounts of one device look like one file system until something is moved across.
        if error.errno != errno.EXDEV:
            raise
        _copy_inside(draft, path)


def _copy_inside(draft: str, path: str) -> None:
    descriptor, hidden = _hidden_draft(*os.path.split(path))
    try:
        with open(descriptor, "wb") as target, open(draft, "rb") as source:
            while chunk := source.read(2**20):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        os.replace(hidden, path)
    finally:
        _discard(hidden)


def _discard(draft: str) -> None:
    """Remove what is left of a draft, and the drafts' folder once it is empty."""
    folder = os.path.dirname(draft)
    try:
        if os.path.lexists(draft):
            os.unlink(draft)
        if os.path.basename(folder) == ".partial":
            os.rmdir(folder)
    except OSError:  # another process is still writing there; leftovers do no harm
        pass


def _upload(path: str, fill: Callable[[TextIO], object], content_type: str) -> None:
    bucket, key = _address(path)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as body:
        text = io.TextIOWrapper(body, "utf-8", newline="\n")
        fill(text)
        text.flush()
        body.seek(0)
        with _storage_errors():
            _client().upload_fileobj(_Unclosed(body), bucket, key, ExtraArgs={"ContentType": content_type})
        text.detach()


class _Unclosed:
    """A file whose owner closes it; the transfer library closes what it is given."""

    def __init__(self, file: Any) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _read_local(path: str, limit: int) -> bytes:
    with open(path, "rb", opener=_open_regular) as file:
        _check_size(os.fstat(file.fileno()).st_size, limit)
        return file.read()


def _open_regular(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)  # does not wait for the other end of a pipe
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    raise OSError(errno.EINVAL, "is not a regular file")


def _read_remote(path: str, limit: int) -> bytes:
    bucket, key = _address(path)
    with _storage_errors():
        answer = _client().get_object(Bucket=bucket, Key=key)
        _check_size(answer["ContentLength"], limit)
        return bytes(answer["Body"].read())


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit} bytes")


def _address(path: str) -> tuple[str, str]:
    bucket, _, key = path.removeprefix("s3://").partition("/")
    if not bucket or not key or key.endswith("/"):
        raise OSError(errno.EINVAL, "is not of the form s3://bucket/key")
    return bucket, key


def _client() -> Any:
    import boto3  # noqa: PLC0415 - importing it takes longer than a small local job
    from botocore.config import Config  # noqa: PLC0415

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    style = {"addressing_style": "path" if endpoint else "auto"}
    return boto3.session.Session().client("s3", endpoint_url=endpoint, config=Config(s3=style))


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn S3's failures into OSError."""
    from boto3.exceptions import Boto3Error  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))[:60]
        number = errno.ENOENT if code in _MISSING else errno.EACCES if code in _REFUSED else errno.EIO
        raise OSError(number, f"S3 answered {code}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"the S3 request failed with {type(error).__name__}") from error
