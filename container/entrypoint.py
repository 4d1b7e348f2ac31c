"""What the image's ENTRYPOINT runs: the job of the environment, on one host or on all that resourceconfig.json names.

With arguments it is `model-monitor` with those arguments. The supervising parent keeps its imports few: it must
survive what kills the job.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from container.supervisor import supervise


def main(arguments: Sequence[str]) -> int:
    """The exit code of the whole container."""
    return supervise(lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> int:
    from analyzer import cli  # noqa: PLC0415 - only the child loads the analyzer
    from container import cluster, spark  # noqa: PLC0415

    if arguments:
        return cli.main(arguments)
    try:
        resources = cluster.read_resources()
    except ValueError as problem:
        return cluster.refuse(str(problem))
    if len(resources.hosts) > 1:
        return cluster.run(resources)
    spark.prepare_alone()
    return cli.run_from_environment()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
