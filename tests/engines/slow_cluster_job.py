"""The job of the environment, its input cut into many small splits: what a real cluster gets to do in tests."""

from __future__ import annotations

import sys

from analyzer.cli import run_from_environment
from analyzer.sources import splits

if __name__ == "__main__":
    splits.plan.__defaults__ = (True, int(sys.argv[1]), None)
    sys.exit(run_from_environment())
