"""UBJSON: the binary JSON in which XGBoost saves models; typed arrays become numpy arrays.

Source: the UBJSON specification, draft 12 (types, optimised containers), as far as models use it.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

DEEPEST = 64  # nested containers; models have about ten
_INTEGERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q"}
_NUMBERS = {**_INTEGERS, "d": ">f", "D": ">d"}
_CONSTANTS: dict[str, Any] = {"Z": None, "T": True, "F": False}


class NotUbjson(ValueError):
    """Bytes that are not what the format allows."""


def decode(data: bytes) -> Any:
    """The value the bytes hold; NotUbjson when they hold none, or are cut short."""
    try:
        return _Reader(data).value(0)
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise NotUbjson(f"UBJSON is damaged: {type(error).__name__}") from error


class _Reader:
    """A position in the bytes that moves on."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self, depth: int, kind: str | None = None) -> Any:
        kind = kind or self._mark()
        if depth > DEEPEST:
            raise NotUbjson("UBJSON is nested too deeply")
        if kind in _NUMBERS:
            return self._number(kind)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in "SH":
            return self._bytes(self._count()).decode()
        if kind == "C":
            return self._bytes(1).decode()
        if kind == "[":
            return self._array(depth)
        if kind == "{":
            return self._object(depth)
        raise NotUbjson(f"UBJSON has no type {kind!r}")

    def _array(self, depth: int) -> Any:
        kind, count = self._header()
        if kind is not None and count is not None:
            if kind in _NUMBERS:
                width = struct.calcsize(_NUMBERS[kind])
                return np.frombuffer(self._bytes(count * width), _NUMBERS[kind]).astype(_NUMBERS[kind][1])
            return [self.value(depth + 1, kind) for _ in range(self._limited(count))]
        if count is not None:
            return [self.value(depth + 1) for _ in range(self._limited(count))]
        found = []
        while self._peek() != "]":
            found.append(self.value(depth + 1))
        self._mark()
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        if count is not None:
            return {self._key(): self.value(depth + 1, kind) for _ in range(self._limited(count))}
        found = {}
        while self._peek() != "}":
            key = self._key()
            found[key] = self.value(depth + 1)
        self._mark()
        return found

    def _header(self) -> tuple[str | None, int | None]:
        """Type and number of the members of a container, where it tells them first."""
        kind = None
        if self._peek() == "$":
            self._mark()
            kind = self._mark()
        if self._peek() == "#":
            self._mark()
            return kind, self._count()
        if kind is not None:
            raise NotUbjson("UBJSON has a typed container without a count")
        return None, None

    def _key(self) -> str:
        return self._bytes(self._count()).decode()

    def _count(self) -> int:
        kind = self._mark()
        if kind not in _INTEGERS:
            raise NotUbjson("UBJSON has a length that is no whole number")
        return int(self._number(kind))

    def _limited(self, count: int) -> int:
        """The count; each member takes a byte at least, but for constants, of which models hold no arrays."""
        if not 0 <= count <= len(self._data) - self._at:
            raise NotUbjson("UBJSON is cut short")
        return count

    def _number(self, kind: str) -> Any:
        form = _NUMBERS[kind]
        return struct.unpack(form, self._bytes(struct.calcsize(form)))[0]

    def _mark(self) -> str:
        return chr(self._bytes(1)[0])

    def _peek(self) -> str:
        if self._at >= len(self._data):
            raise NotUbjson("UBJSON is cut short")
        return chr(self._data[self._at])

    def _bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self._data) - self._at:
            raise NotUbjson("UBJSON is cut short")
        self._at += count
        return self._data[self._at - count : self._at]
