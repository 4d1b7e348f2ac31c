"""The driver, its input cut into smaller splits than in production; needs `--py-files emr/driver.py`."""

from __future__ import annotations

import os
import sys

from analyzer.sources import splits


def main() -> int:
    """The driver's exit code."""
    import driver  # type: ignore[import-not-found]  # noqa: PLC0415 - only where spark-submit puts it on the path

    splits.plan.__defaults__ = (True, 150_000, None)
    code: int = driver.main(sys.argv[1:], os.environ)
    return code


if __name__ == "__main__":
    sys.exit(main())
