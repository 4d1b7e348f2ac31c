"""HTTP: a model server that speaks SageMaker's serving contract, POST /invocations.

Only the address that the configuration names is called: redirections are not followed.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from analyzer.errors import ConfigError
from analyzer.predictors.remote import LARGEST_ANSWER_BYTES, PASSING, Busy, Oversized, Refused, Reply, told

TIMEOUT_SECONDS = 60.0
_CHUNK = 1 << 16


@dataclass(frozen=True)
class HttpTransport:
    """POST to a URL. timeout_seconds: for one whole answer. headers: sent beside those of the content."""

    url: str
    timeout_seconds: float = TIMEOUT_SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """ConfigError for an address that is none."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        del port
        if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in self.url):
            raise ConfigError(
                f"predictor.url {self.url[:200]!r} is no address of a model server. "
                "Hint: write http://host:8080/invocations."
            )
        if parts.username is not None:
            raise ConfigError("predictor.url holds a user name or password. Hint: use an address without.")

    @property
    def described(self) -> str:
        return f"model server {self.url}"

    def send(self, body: bytes, content_type: str, accept: str) -> Reply:
        headers = {"Content-Type": content_type, "Accept": accept, "Connection": "keep-alive", **self.headers}
        kept = _idle.taken(self.url)
        if kept is not None:
            try:
                return self._exchanged(kept, body, headers)
            except (ConnectionError, http.client.RemoteDisconnected):
                pass  # the server closed it while nobody looked
        try:
            return self._exchanged(self._opened(), body, headers)
        except TimeoutError as error:
            raise Busy(f"no answer within {self.timeout_seconds:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise Busy(f"{type(error).__name__}: {error}"[:200]) from error

    def _exchanged(self, connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The reply; the connection is kept for another call if all went well. Raises what sockets raise."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        whole = False
        try:
            connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()
            content = _read(response, time.monotonic() + self.timeout_seconds)
            whole = not response.will_close
        finally:
            _idle.put(self.url, connection) if whole else connection.close()
        return self._judged(response, content)

    def _judged(self, response: http.client.HTTPResponse, content: bytes) -> Reply:
        status = response.status
        if status in PASSING:
            raise Busy(told(status, content), _seconds(response.headers.get("Retry-After")))
        if 300 <= status < 400:
            where = str(response.headers.get("Location"))[:200]
            raise Refused(f"status {status}, it points to {where!r} and redirections are not followed")
        if status != 200:
            raise Refused(told(status, content), too_large=status == 413)
        return Reply(content, response.headers.get("Content-Type"))

    def _opened(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.timeout_seconds)


class _Idle:
    """Open connections nobody uses; those that a fork brought along belong to the parent and stay there."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def taken(self, url: str) -> http.client.HTTPConnection | None:
        with self._lock:
            kept = self._kept.get((os.getpid(), url))
            return kept.pop() if kept else None

    def put(self, url: str, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._kept.setdefault((os.getpid(), url), []).append(connection)

    def close(self) -> None:
        with self._lock:
            for process, url in list(self._kept):
                for connection in self._kept.pop((process, url)) if process == os.getpid() else ():
                    connection.close()


def close_connections() -> None:
    """Close what is kept open between calls."""
    _idle.close()


_idle = _Idle()


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The whole answer; a server that sends it drop by drop is given no more time than one that is silent."""
    parts, size = [], 0
    while chunk := response.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER_BYTES:
            raise Oversized
        if time.monotonic() > deadline:
            raise TimeoutError
    response.close()  # of a known length, reading to the end does not; the connection would stay busy
    return b"".join(parts)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() and len(text) < 6 else 0.0
