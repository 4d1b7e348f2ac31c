"""S3 as a place to read from and write to: addresses, the client, and failures as OSError.

It stands beside `errors`, because settings, sources and reports all reach S3 and do not know each other.
Source: design.md 5 (any variable that names a file or folder may hold an s3:// URI).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

ATTEMPTS = 8  # of a request that S3 refuses for the moment; waits double from 1 to 20 s, half of them on average
_ERRNO = {
    **dict.fromkeys(("404", "NoSuchKey", "NoSuchBucket"), errno.ENOENT),
    **dict.fromkeys(
        ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"), errno.EACCES
    ),
    **dict.fromkeys(("412", "PreconditionFailed"), errno.ESTALE),
    **dict.fromkeys(("416", "InvalidRange"), errno.ERANGE),
    **dict.fromkeys(("SlowDown", "503", "Throttling", "ThrottlingException", "RequestLimitExceeded"), errno.EBUSY),
}
# Answers that other objects would get too, beside all of status 500 and above.
_OF_ALL = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "RequestTimeTooSkewed", "RequestTimeout")


class Unavailable(OSError):
    """S3 as a whole failed in spite of retries (throttling, errors of the server, network, credentials)."""


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether the path is an S3 URI; OSError for any other scheme."""
    text = os.fspath(path)
    if re.match(r"[A-Za-z0-9+.-]+://", text) and not text.startswith("s3://"):
        raise OSError(errno.EPROTONOSUPPORT, "only local paths and s3:// URIs are supported")
    return text.startswith("s3://")


def address(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI, either of them possibly empty; keys may hold any characters."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def object_address(uri: str) -> tuple[str, str]:
    """Bucket and key of one object; OSError when the URI cannot name one."""
    bucket, key = address(uri)
    if not bucket or not key or key.endswith("/"):
        raise OSError(errno.EINVAL, "is not of the form s3://bucket/key")
    return bucket, key


def read(uri: str, limit: int) -> bytes:
    """The whole of an object; OSError when it is missing, cannot be read or is larger than `limit` bytes."""
    bucket, key = object_address(uri)
    with storage_errors():
        answer = client().get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > limit:
            answer["Body"].close()
            raise OSError(errno.EFBIG, f"is larger than {limit} bytes")
        return bytes(answer["Body"].read())


def client() -> Any:
    """The process's S3 client (a client must not cross a fork); AWS_ENDPOINT_URL is respected."""
    return _client(os.getpid(), os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _client(_process: int, endpoint: str | None) -> Any:
    import boto3  # noqa: PLC0415 - importing it takes longer than a small job
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(
        retries={
            "mode": os.environ.get("AWS_RETRY_MODE", "standard"),
            "total_max_attempts": _number("AWS_MAX_ATTEMPTS", ATTEMPTS),
        },
        max_pool_connections=32,
        read_timeout=60,
        tcp_keepalive=True,
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    session = botocore.session.get_session()
    # Nobody here asks when an object was changed, and reading that text takes most of the time of a listing.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    return boto3.session.Session(botocore_session=session).client("s3", endpoint_url=endpoint, config=settings)


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return max(1, int(text)) if text.isdecimal() else default


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the failures of S3 into OSError with the fitting errno; Unavailable when all objects would fail alike."""
    from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see _client
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise _told(error.response) from error
    except (BotoCoreError, Boto3Error, HTTPError) as error:
        raise Unavailable(errno.EIO, f"S3 request failed: {type(error).__name__}") from error


def _told(response: Mapping[str, Any]) -> OSError:
    """What an answer of S3 means."""
    code = re.sub(r"[^A-Za-z0-9]", "", str(response.get("Error", {}).get("Code", "")))[:60]
    about = response.get("ResponseMetadata", {})
    tried = about.get("RetryAttempts", 0) + 1
    number, text = _ERRNO.get(code, errno.EIO), f"S3 answered {code}{f' {tried} times' * (tried > 1)}"
    is_of_all = about.get("HTTPStatusCode", 0) >= 500 or code in _OF_ALL or number == errno.EBUSY
    return Unavailable(number, text) if is_of_all else OSError(number, text)
