"""Input of which every host has a part: what the hosts tell each other, so that each can read the parts of all."""

from __future__ import annotations

import hmac
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from analyzer.sources.shares import TABLE, Host, Shares
from container.share import PORT, Share


class Exchange:
    """Gives this host's part to the others, and writes where theirs are, for all processes of this host."""

    def __init__(self, name: str, folders: Sequence[str], secret: bytes) -> None:
        self._name, self._folders = name, list(folders)
        self._token = hmac.digest(secret, b"share", "sha256").hex()
        self._private = Path(tempfile.mkdtemp(prefix="shares-"))  # mode 0700: it holds a key and the token
        self._share = Share(name, folders, self._token, self._private)
        os.environ[TABLE] = str(self._private / "table.json")  # Spark's processes, started later, inherit it

    @property
    def offer(self) -> dict[str, Any]:
        """What the others have to know of this host."""
        return {"port": PORT, "certificate": self._share.certificate}

    def learn(self, offers: Mapping[str, Mapping[str, Any]]) -> None:
        """Write down what the hosts offer, by their names."""
        hosts = {name: Host(int(each["port"]), str(each["certificate"])) for name, each in offers.items()}
        table = Shares(self._name, hosts, self._folders, self._token)
        Path(os.environ[TABLE]).write_bytes(msgspec.json.encode(table))

    def close(self) -> None:
        """Stop giving."""
        self._share.close()
