"""Manifests: lists of files, as batch transform capture writes them. Source: contract.md 3.3."""

from __future__ import annotations

import re

import msgspec

from analyzer.errors import SourceUnreadable
from analyzer.sources.storage import read_all

_MANIFEST = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"prefix"\s*:\s*"(?:s3:/)?/(?:[^"\\]|\\.)*"\s*\}\s*(?:,\s*"|"|\]|$)'
)
_VALUES = msgspec.json.Decoder(list[dict[str, str] | str] | dict[str, str] | str)


def looks_like_manifest(head: bytes) -> bool:
    """Whether a file with these first bytes is a manifest of batch transform capture (contract.md 3.3)."""
    return _MANIFEST.match(head) is not None


def expand_manifest(source: str | bytes) -> list[str]:
    """Paths a manifest names: `[{"prefix": "s3://bucket/x/"}, "part-0", ...]`, also one JSON value per line.

    Prefixes are s3:// URIs or absolute local paths, the latter not in a manifest on S3. Raises SourceUnreadable.
    """
    data, where = (source, "manifest") if isinstance(source, bytes) else (read_all(source), source)
    try:
        values = _VALUES.decode_lines(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad_manifest(where, f"is not a manifest ({error})") from error
    paths: list[str] = []
    prefix = ""
    for entry in (entry for value in values for entry in (value if isinstance(value, list) else [value])):
        if isinstance(entry, str):
            paths.append(_joined(prefix, entry, where))
        else:
            prefix = entry.get("prefix", "")
    return paths


def _joined(prefix: str, name: str, where: str) -> str:
    path = prefix + name
    local = prefix.startswith("/") and not where.startswith("s3://")
    if not (local or re.match(r"s3://[^/]+/", prefix)):
        raise _bad_manifest(where, f"has the prefix {prefix[:200]!r}, which cannot be read")
    if ".." in path.split("/") or "\0" in path:
        raise _bad_manifest(where, f"names {name[:200]!r}, which leaves its prefix")
    return path


def _bad_manifest(where: str, fault: str) -> SourceUnreadable:
    shape = '[{"prefix": "s3://bucket/folder/"}, "name", ...]'
    return SourceUnreadable(f"{where!r} {fault}. Hint: a manifest looks like {shape}.")
