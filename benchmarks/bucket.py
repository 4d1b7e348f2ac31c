"""A bucket of as many capture files as wanted that holds nothing: what S3 answers to listings and to looks at heads.

One day of an endpoint in 24 hour folders. Every answer takes as long as S3's usually do.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DAY = "captured/churn/AllTraffic/2026/01/15/"
PAGE = 1000
SECONDS = 0.05  # of an answer
HEAD = b'{"captureData":{'
HOURS = 24


@dataclass(frozen=True)
class Files:
    """So many files of sizes between two bounds, in bytes."""

    count: int
    smallest: int
    largest: int

    def size(self, at: int) -> int:
        """Bytes of one file."""
        return self.smallest + at * 2_654_435_761 % (self.largest - self.smallest + 1)

    def key(self, at: int) -> str:
        """Name of one file, as long as those of captures."""
        hour = at * HOURS // self.count
        return f"{DAY}{hour:02}/{at:010}-1e6d-4f6b-9c1a-0a5b{at * 40_503 % 2**32:08x}.jsonl"

    def below(self, prefix: str) -> range:
        """The files whose key begins with a prefix that ends in a slash, or with a whole key."""
        if prefix == DAY or DAY.startswith(prefix):
            return range(self.count)
        hour = prefix.removeprefix(DAY).rstrip("/")
        if not (prefix.startswith(DAY) and hour.isdecimal()):
            return range(0)
        return range(-(-int(hour) * self.count // HOURS), -(-(int(hour) + 1) * self.count // HOURS))

    def folders(self, prefix: str) -> list[str]:
        """The folders directly below a prefix; none below an hour."""
        if prefix == DAY:
            return [f"{DAY}{hour:02}/" for hour in range(HOURS) if len(self.below(f"{DAY}{hour:02}/"))]
        return [prefix + DAY.removeprefix(prefix).partition("/")[0] + "/"] if DAY.startswith(prefix) else []


def page(files: Files, asked: dict[str, str]) -> bytes:
    """The answer to ListObjectsV2."""
    prefix = asked.get("prefix", "")
    folders = files.folders(prefix) if asked.get("delimiter") else []
    found = range(0) if folders else files.below(prefix)
    start = int(asked.get("continuation-token", found.start))
    shown = range(start, min(start + PAGE, found.stop))
    more = shown.stop < found.stop
    parts = [
        f"<Contents><Key>{files.key(at)}</Key><Size>{files.size(at)}</Size><ETag>&quot;0&quot;</ETag>"
        "<LastModified>2026-01-15T10:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
        for at in shown
    ]
    parts += [f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders]
    token = f"<NextContinuationToken>{shown.stop}</NextContinuationToken>" if more else ""
    truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}"
    return f"<ListBucketResult>{truncated}{''.join(parts)}</ListBucketResult>".encode()


class _Handler(BaseHTTPRequestHandler):
    files: Files
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A listing, or the first bytes of a file."""
        began, parts = time.perf_counter(), urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if "list-type" in asked:
            status, body = 200, page(self.files, asked)
        else:
            status, body = 206, HEAD
        time.sleep(max(0.0, SECONDS - (time.perf_counter() - began)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes 0-{len(HEAD) - 1}/{self.files.largest}")
        self.send_header("ETag", '"0"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def handler(files: Files) -> type[BaseHTTPRequestHandler]:
    """What answers for a bucket of these files."""
    return type("Handler", (_Handler,), {"files": files})


class Server(ThreadingHTTPServer):
    """A server that many clients may call at once."""

    request_queue_size = 128


def main() -> None:
    """`python -m benchmarks.bucket 1000000 40000000 64000000` prints its port and serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("count", "smallest", "largest"):
        parser.add_argument(name, type=int)
    files = Files(**vars(parser.parse_args()))
    with Server(("127.0.0.1", 0), handler(files)) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
