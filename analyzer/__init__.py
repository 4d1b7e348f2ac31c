"""An open analyzer that reads what SageMaker Model Monitor reads and writes what it writes.

The names below are the library (docs/reference/python.md); the first use of one loads it, so that importing the package
costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.library import (
        AnalyzerError,
        Constraints,
        Judgement,
        Options,
        Outcome,
        Reading,
        Statistics,
        Violation,
        compare,
        profile,
        read_constraints,
        read_statistics,
        run,
        suggest,
        table,
        write,
    )

__all__ = [
    "AnalyzerError",
    "Constraints",
    "Judgement",
    "Options",
    "Outcome",
    "Reading",
    "Statistics",
    "Violation",
    "compare",
    "profile",
    "read_constraints",
    "read_statistics",
    "run",
    "suggest",
    "table",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from analyzer import library  # noqa: PLC0415 - see above

        return getattr(library, name)
    raise AttributeError(f"module 'analyzer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
