"""The first host's view of the others: who has joined, what they have, and who is in trouble."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from container.channel import BEAT_SECONDS, Channel, Message

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Member:
    """One of the other hosts; `left` says why it is gone, `state` is the last it told."""

    name: str
    channel: Channel
    state: Message = field(default_factory=dict)
    left: str = ""


class Hub:
    """Accepts the named hosts on a port, beats to them, and notices who leaves."""

    def __init__(self, names: Sequence[str], port: int, secret: bytes) -> None:
        self._names, self._secret = set(names), secret
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.members: dict[str, Member] = {}
        self._socket = socket.create_server(("", port), backlog=64)
        for work in (self._accept, self._beat):
            threading.Thread(target=work, daemon=True).start()

    def missing(self) -> list[str]:
        """Names that have not joined."""
        return sorted(self._names - self.members.keys())

    def unready(self) -> list[str]:
        """Names that have not said that they are ready."""
        return sorted(each.name for each in self.members.values() if not each.state.get("ready"))

    def trouble(self) -> str:
        """What is wrong with a host that joined, naming it; empty when all are well."""
        with self._lock:
            return next((f"host {each.name}: {each.left}" for each in self.members.values() if each.left), "")

    def tell(self, message: Message) -> None:
        """Send to every member that is still there."""
        for member in list(self.members.values()):
            with suppress(ConnectionError):
                member.channel.send(message)

    def close(self, seconds: float = 5.0) -> None:
        """Give the members time to hang up, then do so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(each.left for each in self.members.values()):
            time.sleep(0.05)
        self._closed.set()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the socket was closed
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            member = self._welcome(connection)
        except (ConnectionError, ValueError) as error:
            _log.warning("refused a connection: %s", error)
            connection.close()
            return
        try:
            while True:
                message = member.channel.receive()
                if failed := message.get("failed"):
                    member.left = member.left or str(failed)[:500]
                member.state.update(message)
        except (ConnectionError, ValueError) as error:
            member.left = member.left or f"was lost ({error})"

    def _welcome(self, connection: socket.socket) -> Member:
        channel = Channel(connection, self._secret, server=True)
        state = channel.receive()
        name = str(state.get("name"))
        with self._lock:
            if name not in self._names or name in self.members:
                raise ValueError(f"{name[:80]!r} is not expected")
            self.members[name] = member = Member(name, channel, state)
        _log.info("host %s has joined: %s", name, {key: state.get(key) for key in ("cores", "heap")})
        return member

    def _beat(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            self.tell({"beat": True})
