"""Storage that fails, for tests."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from analyzer.sources import remote


@dataclass
class Faulty:
    """One stored object, the faults of the answers to come, and the ranges that were asked for."""

    data: bytes
    faults: list[str]
    asked: list[str] = field(default_factory=list)
    version: str = "one"

    def answer(self, wanted: str, match: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the bytes really sent."""
        self.asked.append(wanted)
        fault = self.faults.pop(0) if self.faults else ""
        self.version = "two" if fault == "replaced" else self.version
        if fault == "503" or match not in (None, self.version):
            return (503 if fault == "503" else 412), {"Content-Length": "0"}, b""
        first, last = (int(part) for part in re.findall(r"\d+", wanted))
        body = self.data[first : last + 1]
        headers = {"Content-Range": f"bytes {first}-{first + len(body) - 1}/{len(self.data)}", "ETag": self.version}
        sent = {"cut": len(body) // 2, "drop": 0}.get(fault, len(body))
        return 206, {"Content-Length": str(len(body)), **headers}, body[:sent]


@contextmanager
def faulty_storage(monkeypatch: pytest.MonkeyPatch, data: bytes, faults: list[str]) -> Iterator[list[str]]:
    """A server of one object whose first answers fail: 'cut' halfway, 'drop' at once, '503', 'replaced' by another."""
    stored = Faulty(data, faults)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(*stored.answer(self.headers["Range"], self.headers.get("If-Match")))

        def do_HEAD(self) -> None:
            self.send(200, {"Content-Length": str(len(data)), "ETag": stored.version}, b"")

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(remote, "CHUNK_BYTES", 1000)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        try:
            yield stored.asked
        finally:
            server.shutdown()
