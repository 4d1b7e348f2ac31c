"""A proxy in front of a real S3 API that makes requests fail as S3 and networks do."""

from __future__ import annotations

import http.client
import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["throttled", "broken", "reset", "cut", "denied", "missing"]
_ANSWERS = {
    "throttled": (503, "SlowDown"),
    "broken": (500, "InternalError"),
    "denied": (403, "AccessDenied"),
    "missing": (404, "NoSuchKey"),
}
_ALWAYS = 1_000_000


@dataclass(frozen=True)
class Fault:
    """What fails: requests whose target holds the text `where` ("list-type=2" is a listing), the first so many each."""

    kind: Kind
    where: str
    times: int = _ALWAYS


@dataclass
class Proxy:
    """Requests of one kind that failed, by target."""

    endpoint: str
    faults: tuple[Fault, ...]
    failed: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_of(self, target: str) -> Kind | None:
        """How this request fails, if it does."""
        with self._lock:
            for fault in self.faults:
                key = f"{fault.kind} {fault.where} {target}"
                if fault.where in target and self.failed[key] < fault.times:
                    self.failed[key] += 1
                    return fault.kind
        return None


@contextmanager
def proxied(endpoint: str, *faults: Fault) -> Iterator[tuple[str, Proxy]]:
    """URL of a proxy with these faults, and what they did."""
    proxy = Proxy(endpoint, faults)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", proxy
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def do_GET(self) -> None:
        """Pass on, or fail."""
        fault = self.proxy.fault_of(self.path)
        if fault == "reset":
            self._reset()
        elif fault in _ANSWERS:
            status, code = _ANSWERS[fault]
            body = f"<Error><Code>{code}</Code><Message>a test</Message></Error>".encode()
            self._send(status, {"Content-Type": "application/xml", "Content-Length": str(len(body))}, body)
        else:
            status, headers, body = self._asked()
            self._send(status, headers, body[: len(body) // 2] if fault == "cut" else body)

    def do_HEAD(self) -> None:
        """The same."""
        self.do_GET()

    def _asked(self) -> tuple[int, dict[str, str], bytes]:
        """The real answer."""
        connection = http.client.HTTPConnection(urlsplit(self.proxy.endpoint).netloc, timeout=30)
        try:
            connection.request(self.command, self.path, headers=dict(self.headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _reset(self) -> None:
        """End the connection as a broken network does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
