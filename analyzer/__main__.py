"""`python -m analyzer`: the job that the environment describes, as the image's entry point runs it."""

import sys

from analyzer.cli import run_from_environment

if __name__ == "__main__":
    sys.exit(run_from_environment())
