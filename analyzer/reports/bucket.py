"""S3 objects as documents; an object appears whole or not at all by nature. Failures are OSError."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from analyzer.reports.draft import check_size

SPOOL_BYTES = 64 * 2**20  # a document larger than this waits on disk for its upload
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket"})
_REFUSED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})


def upload(uri: str, fill: Callable[[TextIO], object], content_type: str) -> None:
    """Put the text that `fill` writes as an object, in parts when it is large."""
    bucket, key = _address(uri)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as body:
        text = io.TextIOWrapper(body, "utf-8", newline="\n")
        fill(text)
        text.flush()
        body.seek(0)
        with _storage_errors():
            _client().upload_fileobj(body, bucket, key, ExtraArgs={"ContentType": content_type})


def download(uri: str, limit: int) -> bytes:
    """The whole of an object of at most `limit` bytes."""
    bucket, key = _address(uri)
    with _storage_errors():
        answer = _client().get_object(Bucket=bucket, Key=key)
        check_size(answer["ContentLength"], limit)
        return bytes(answer["Body"].read())


def _address(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket or not key or key.endswith("/"):
        raise OSError(errno.EINVAL, "is not of the form s3://bucket/key")
    return bucket, key


def _client() -> Any:
    import boto3  # noqa: PLC0415 - importing it takes longer than a small local job
    from botocore.config import Config  # noqa: PLC0415

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    settings = Config(s3={"addressing_style": "path" if endpoint else "auto"})
    return boto3.session.Session().client("s3", endpoint_url=endpoint, config=settings)


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn S3's failures into OSError with the fitting number."""
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
