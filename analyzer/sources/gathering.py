"""Gathering: one listing of what all hosts of a job have, when each has a part. Source: contract.md 2.1."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime

from analyzer.sources.hours import Period
from analyzer.sources.listing import Listing
from analyzer.sources.shares import SCHEME, answer, this_job
from analyzer.sources.splits import File


def gathered(root: str, own: Listing | None, kept: Period | None) -> Listing:
    """What all hosts have below a local path, in the order in which one host that has all would list it.

    own: this host's part; None without any. Raises FileNotFoundError when no host has the path, OSError when one
    cannot be asked.
    """
    table = this_job()
    parts = {host: _listed(host, root, kept) for host in sorted(table.hosts, reverse=True) if host != table.here}
    parts[table.here] = own  # the last wins, where hosts have the same file after all
    known = {host: part for host, part in parts.items() if part is not None}
    if not known:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    files = {file.path: File(_name(file.path, host), file.size) for host, part in known.items() for file in part.files}
    skips = {(_name(path, host), reason) for host, part in known.items() for path, reason in part.skips}
    pruned = {hour for part in known.values() for hour in part.pruned}
    return Listing([files[path] for path in sorted(files, key=os.fsencode)], sorted(skips), sorted(pruned))


def told(found: Listing) -> bytes:
    """A listing as one host sends it to another."""
    files = [(file.path, file.size) for file in found.files]
    # Not msgspec: names of files may be no UTF-8.
    return json.dumps({"files": files, "skips": found.skips, "pruned": list(map(str, found.pruned))}).encode()


def _listed(host: str, root: str, kept: Period | None) -> Listing | None:
    """What another host has below a path; None when it has no such path."""
    window = {"start": str(kept[0]), "end": str(kept[1])} if kept else {}
    try:
        with answer(host, "list", {}, root=root, **window) as body:
            found = json.load(body)
            files = [File(str(path), int(size)) for path, size in found["files"]]
            skips = [(str(path), str(reason)) for path, reason in found["skips"]]
            return Listing(files, skips, list(map(datetime.fromisoformat, found["pruned"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise OSError(errno.EIO, f"host {host} answered what cannot be understood") from error


def _name(path: str, host: str) -> str:
    """The name every host understands; files that all have keep their local path."""
    return f"{SCHEME}{host}{path}" if any(f"{path}/".startswith(f"{root}/") for root in this_job().roots) else path
