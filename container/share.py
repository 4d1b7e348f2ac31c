"""The part of the input that this host has, given to the others of the job (analyzer/sources/shares.py asks).

HTTPS with a certificate made for this job, which the hosts tell each other over their authenticated connections, and a
token made from the job's secret. Only regular files below the shared folders are given; links out of them are not.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import ssl
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from analyzer.sources.files import list_local
from analyzer.sources.gathering import told
from analyzer.sources.hours import Period
from analyzer.sources.listing import Listing
from analyzer.sources.shares import CHUNK_BYTES, shared_below
from analyzer.sources.storage import open_local

PORT = 7071
_SILENCE = 60.0  # seconds an asker may take
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")
_log = logging.getLogger(__name__)


class Share(ThreadingHTTPServer):
    """Gives what is below the folders, from its start until `close`.

    certificate: PEM, what others know this host by. keep_in: a folder nobody else can read, for the key.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, folders: Sequence[str], token: str, keep_in: Path, port: int = PORT) -> None:
        self.folders, self.token = list(folders), token
        self.real_folders = [os.path.realpath(folder) for folder in folders]
        self.certificate, self._context = _proof(name, keep_in)
        super().__init__(("", port), _Asked)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent stranger holds up nobody."""
        request.settimeout(_SILENCE)
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, *_: Any) -> None:
        """Tell what went wrong; the asker finds out by itself."""
        _log.warning("a request of another host failed", exc_info=True)

    def close(self) -> None:
        """Stop answering."""
        self.shutdown()
        self.server_close()

    def listed(self, root: str, kept: Period | None) -> Listing:
        """What of the shared folders is at or below the path; FileNotFoundError when there is nothing of that name."""
        found = Listing()
        folders = [folder for folder in shared_below(root, self.folders) if self.gives(folder)]
        for folder in folders:
            part = list_local(folder, kept)
            found.files += part.files
            found.skips += part.skips
            found.pruned += part.pruned
        if not folders:
            raise FileNotFoundError(root)
        return found

    def gives(self, path: str) -> bool:
        """Whether the path is there, and really below a shared folder."""
        real = os.path.realpath(path)
        return Path(real).exists() and any(f"{real}/".startswith(f"{folder}/") for folder in self.real_folders)


class _Asked(BaseHTTPRequestHandler):
    """One request: `/list?root=...&start=...&end=...` or `/bytes?path=...` with a range."""

    server: Share
    _begun = False

    def do_GET(self) -> None:
        """Answer who knows the token."""
        if not hmac.compare_digest(
            self.headers.get("Authorization", "").encode(), f"Bearer {self.server.token}".encode()
        ):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        url = urlsplit(self.path)
        query = {name: texts[0] for name, texts in parse_qs(url.query, errors="surrogateescape").items()}
        try:
            if url.path == "/list":
                self._list(**query)
            elif url.path == "/bytes":
                self._bytes(**query)
            else:
                self.send_error(HTTPStatus.NOT_FOUND)
        except (FileNotFoundError, NotADirectoryError):
            self.send_error(HTTPStatus.NOT_FOUND)
        except PermissionError:
            self.send_error(HTTPStatus.FORBIDDEN)
        except (TypeError, ValueError):  # another query than documented, or a path with a zero byte
            self.send_error(HTTPStatus.BAD_REQUEST)
        except OSError:
            if self._begun:  # the asker is gone, or sees that something is missing
                raise
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def log_message(self, *_: object) -> None:
        """Nothing: there may be a request for every file."""

    def _list(self, root: str, start: str = "", end: str = "") -> None:
        kept = (datetime.fromisoformat(start), datetime.fromisoformat(end)) if start else None
        body = told(self.server.listed(root, kept))
        self._begin(HTTPStatus.OK, len(body))
        self.wfile.write(body)

    def _bytes(self, path: str) -> None:
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        if not wanted:
            raise ValueError("no range")
        if not self.server.gives(path):
            raise FileNotFoundError(path)
        descriptor = open_local(path)
        try:
            size = os.fstat(descriptor).st_size
            start, end = int(wanted[1]), min(int(wanted[2]) + 1, size)
            if start >= size:
                self._begin(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, f"bytes */{size}")
            else:
                self._begin(HTTPStatus.PARTIAL_CONTENT, end - start, f"bytes {start}-{end - 1}/{size}")
                self._send(descriptor, start, end)
        finally:
            os.close(descriptor)

    def _send(self, descriptor: int, start: int, end: int) -> None:
        """Send bytes [start, end); less when the file has become shorter, which the asker notices."""
        while start < end and (chunk := os.pread(descriptor, min(CHUNK_BYTES, end - start), start)):
            self.wfile.write(chunk)
            start += len(chunk)

    def _begin(self, status: HTTPStatus, length: int, content_range: str = "") -> None:
        self._begun = True
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()


def _proof(name: str, folder: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate for this host and this job only, and the side of a connection that has its key."""
    key, certificate = folder / "share.key", folder / "share.pem"
    kind = ("-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "30")
    files = ("-subj", f"/CN={name[:64]}", "-keyout", str(key), "-out", str(certificate))
    command = ["openssl", "req", *kind, *files]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a list, no shell
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate.read_text("ascii"), context
