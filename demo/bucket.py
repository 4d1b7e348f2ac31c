"""An S3 stand-in with the demo's data in the bucket `demo`: what docker-compose.yml starts in place of S3.

It prints `ready` once everything is there, and answers on port 5000 until it is stopped.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from analyzer import s3
from demo.generate import generate

BUCKET = "demo"
READY = Path(tempfile.gettempdir(), "ready")


def main() -> None:
    """Serve until the process is stopped."""
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=5000, verbose=False)  # noqa: S104 - other containers ask
    server.start()
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:5000"
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fill(Path(folder))
    READY.touch()
    print("ready", flush=True)
    threading.Event().wait()


def fill(folder: Path) -> None:
    """Make the bucket and put every file below the folder into it."""
    client = s3.client()
    client.create_bucket(Bucket=BUCKET)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.upload_file(str(file), BUCKET, str(file.relative_to(folder)))


if __name__ == "__main__":
    main()
