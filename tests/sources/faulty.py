"""Storage that fails, for tests."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from analyzer.sources import remote


@contextmanager
def faulty_storage(monkeypatch: pytest.MonkeyPatch, data: bytes, faults: list[str]) -> Iterator[list[str]]:
    """A server of one object whose first answers fail: 'cut' halfway, 'drop' at once, '503', 'replaced' by another."""
    asked: list[str] = []
    version = ["one"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Range"])
            fault = faults.pop(0) if faults else ""
            version[0] = "two" if fault == "replaced" else version[0]
            if fault == "503" or self.headers.get("If-Match", version[0]) != version[0]:
                self.send_response(503 if fault == "503" else 412)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first, last = (int(part) for part in re.findall(r"\d+", asked[-1]))
            body = data[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(data)}")
            self.send_header("ETag", version[0])
            self.end_headers()
            sent = {"cut": len(body) // 2, "drop": 0}.get(fault, len(body))
            self.wfile.write(body[:sent])
            self.close_connection = True

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", version[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(remote, "CHUNK_BYTES", 1000)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        try:
            yield asked
        finally:
            server.shutdown()
