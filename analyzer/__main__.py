"""`python -m analyzer`: the job that the environment describes, as the image's entry point runs it."""

import sys

from analyzer.cli import run_module

if __name__ == "__main__":
    sys.exit(run_module(sys.argv[1:]))
