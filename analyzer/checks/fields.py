"""Fields: values of a configuration in their types, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from analyzer.errors import nearest

REQUIRED = object()  # as a default: the key must be there


def fields(
    given: Mapping[str, Any], kinds: Mapping[str, tuple[Any, Any]], where: str, problems: list[str]
) -> dict[str, Any]:
    """A value for every known key, in the order of `kinds` (type and default); what is wrong joins the problems."""
    unknown = [str(name)[:80] for name in given if name not in kinds]
    problems.extend(f"{where}: unknown key {name!r}.{nearest(name, kinds)}" for name in unknown)
    found: dict[str, Any] = {}
    for name, (kind, default) in kinds.items():
        if given.get(name) is None:
            if default is REQUIRED:
                problems.append(f"{where}: {name} is missing.")
            found[name] = default
            continue
        try:
            found[name] = msgspec.convert(given[name], kind, strict=not isinstance(given[name], str))
        except msgspec.ValidationError as error:
            problems.append(f"{where}: {name}: {error}.")
    return found
