"""A model server for tests: real HTTP, POST /invocations, with faults on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from analyzer.predictors.remote import Manners
from analyzer.predictors.rows import Features

Answering = Callable[[bytes, str], tuple[int, str, bytes]]
"""From body and content type to status, content type and body."""

FEATURES = Features(("a", "b"), (None, None))
ROWS = np.arange(20.0).reshape(10, 2)
QUICK = Manners(batch_rows=4, retries=2, pause_seconds=0.01)


@dataclass
class Served:
    """What a server was asked, and how it answers. delays: seconds to wait before each answer, used up in order."""

    answering: Answering
    url: str = ""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    retry_after: str | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address  # clients that gave up are part of the tests


@contextmanager
def serving(answering: Answering, path: str = "/invocations") -> Iterator[Served]:
    """A server on a free port of this machine, gone afterwards."""
    served = Served(answering)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.requests.append((self.path, self.headers.get("Content-Type", ""), body))
            served.headers.append(dict(self.headers.items()))
            if served.delays:
                time.sleep(served.delays.pop(0))
            status, kind, content = served.answering(body, self.headers.get("Content-Type", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if served.retry_after:
                self.send_header("Retry-After", served.retry_after)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}{path}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def summing(body: bytes, kind: str) -> tuple[int, str, bytes]:
    """A model that adds up its features."""
    del kind
    return (
        200,
        "text/csv",
        "\n".join(str(sum(map(float, row.split(",")))) for row in body.decode().split("\n")).encode(),
    )


def failing(times: int, status: int, then: Answering = summing) -> Answering:
    """A model that fails so many times at first."""
    left = [times]

    def answer(body: bytes, kind: str) -> tuple[int, str, bytes]:
        if left[0]:
            left[0] -= 1
            return status, "text/plain", b"token=abc123 out of order"
        return then(body, kind)

    return answer
