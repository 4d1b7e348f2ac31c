"""An authenticated connection between two hosts of a job: JSON messages, each with a code nobody else can make.

Frame: length (4 bytes), HMAC-SHA256 (32 bytes), JSON. The key is made from the job's secret and a number each side
draws, so a recorded connection cannot be replayed; the count of frames goes into the code, so none can be dropped.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import socket
import struct
import threading
from typing import Any

STATUS_PORT = 7070
JOIN_SECONDS = 120.0  # for all hosts to appear
LONGEST_FRAME = 64 << 20  # bytes
SILENCE_SECONDS = 30.0  # without any message; the other side is then taken for dead
BEAT_SECONDS = 3.0
_NONCE = 32
_HEAD = struct.Struct(">I32s")

Message = dict[str, Any]


class Channel:
    """One end of a connection; both ends must know the secret, and one of them is the server.

    `receive` raises ConnectionError when the other side is gone, is silent, or does not know the secret.
    """

    def __init__(self, connection: socket.socket, secret: bytes, *, server: bool) -> None:
        connection.settimeout(SILENCE_SECONDS)
        self._socket = connection
        self._lock = threading.Lock()
        self._sent = self._received = 0
        own = secrets.token_bytes(_NONCE)
        connection.sendall(own)
        other = self._exactly(_NONCE)
        both = own + other if server else other + own
        keys = [hmac.digest(secret, side + both, "sha256") for side in (b"server", b"client")]
        self._own_key, self._other_key = keys if server else reversed(keys)

    def send(self, message: Message) -> None:
        """Send one message; ConnectionError when the other side is gone."""
        body = json.dumps(message).encode()
        with self._lock:
            code = _code(self._own_key, self._sent, body)
            self._sent += 1
            try:
                self._socket.sendall(_HEAD.pack(len(body), code) + body)
            except OSError as error:
                raise ConnectionError(str(error)) from error

    def receive(self) -> Message:
        """The next message."""
        length, code = _HEAD.unpack(self._exactly(_HEAD.size))
        if length > LONGEST_FRAME:
            raise ConnectionError("a message is too long")
        body = self._exactly(length)
        if not hmac.compare_digest(code, _code(self._other_key, self._received, body)):
            raise ConnectionError("the other side does not know the secret of this job")
        self._received += 1
        message: Message = json.loads(body)
        return message

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                part = self._socket.recv(min(count - len(data), 1 << 20))
            except TimeoutError as error:
                raise ConnectionError(f"silent for {SILENCE_SECONDS:.0f} s") from error
            except OSError as error:
                raise ConnectionError(str(error)) from error
            if not part:
                raise ConnectionError("the connection was closed")
            data += part
        return bytes(data)


def job_secret(*parts: str) -> bytes:
    """The secret of a job, the same on all its hosts; parts are what only they are told."""
    return hashlib.sha256(b"\0".join(part.encode() for part in ("model-monitor-analyzer", *parts))).digest()


def _code(key: bytes, count: int, body: bytes) -> bytes:
    return hmac.digest(key, count.to_bytes(8, "big") + body, "sha256")
