"""Reasons: why records were rejected, in one line."""

from __future__ import annotations

from collections.abc import Mapping


def reasons(rejected: Mapping[str, int], most: int = 5) -> str:
    """The commonest reasons for rejections, with how often each occurred."""
    ordered = sorted(rejected.items(), key=lambda pair: (-pair[1], pair[0]))
    more = f"; {len(ordered) - most} more reasons" if len(ordered) > most else ""
    return "; ".join(f"{count} x {reason}" for reason, count in ordered[:most]) + more
