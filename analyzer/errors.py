"""What can go wrong, and who can mend it.

    AnalyzerError
      ├─ ContractError        the caller can mend it: configuration, baseline, columns     exit 2
      │    ├─ ConfigError       a variable, a flag or a configuration file
      │    ├─ BaselineError     a baseline file that is missing, damaged or of another monitor
      │    └─ ScriptError       the user's own script raised                               exit 3
      └─ PlatformError        the platform can mend it                                    exit 4
           ├─ SourceUnreadable  a path that cannot be listed or read
           ├─ OutputUnwritable  the output folder refuses writes
           ├─ EngineFailed      a worker process died
           └─ PredictorFailed   a model that gave no answer

Troubles of the data are not here: they are counted and reported, never raised.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AnalyzerError(Exception):
    """Base of every failure that ends a job with a message of its own."""

    exit_code = 255


class ContractError(AnalyzerError):
    """The request cannot be carried out as written."""

    exit_code = 2


class ConfigError(ContractError):
    """A variable, flag or configuration file is wrong."""

    @classmethod
    def unknown_name(cls, name: str, known: Iterable[str], where: str) -> ConfigError:
        """Name nobody reads, with the nearest known one."""
        return cls(f"{where}: unknown setting {name!r}.{nearest(name, known)}")


class BaselineError(ContractError):
    """A baseline file is missing, damaged or belongs to another monitor."""


class ScriptError(ContractError):
    """The user's script raised or returned what the contract does not know."""

    exit_code = 3


class PlatformError(AnalyzerError):
    """Storage or the machine failed; the same request may succeed later."""

    exit_code = 4


class SourceUnreadable(PlatformError):
    """Input that cannot be listed or read."""


class OutputUnwritable(PlatformError):
    """Output that cannot be written."""


class EngineFailed(PlatformError):
    """The engine lost a worker."""


class PredictorFailed(PlatformError):
    """A model behind a connection gave no answer, however often it was asked."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the closest known names, or all of them when none is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3)
    if close:
        return f" Hint: did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f" Hint: known are {shown}." if names else ""
