"""S3 objects as documents; an object appears whole or not at all by nature. Failures are OSError."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import TextIO

from analyzer.s3 import client, object_address, storage_errors

SPOOL_BYTES = 64 * 2**20  # a document larger than this waits on disk for its upload


def upload(uri: str, fill: Callable[[TextIO], object], content_type: str) -> None:
    """Put the text that `fill` writes as an object, in parts when it is large."""
    bucket, key = object_address(uri)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as body:
        text = io.TextIOWrapper(body, "utf-8", newline="\n")
        fill(text)
        text.flush()
        body.seek(0)
        with storage_errors():
            client().upload_fileobj(body, bucket, key, ExtraArgs={"ContentType": content_type})


def remove(uri: str) -> None:
    """Remove an object."""
    bucket, key = object_address(uri)
    with storage_errors():
        client().delete_object(Bucket=bucket, Key=key)
