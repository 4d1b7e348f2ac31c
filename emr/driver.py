"""The program that spark-submit runs: one job of the analyzer, described by arguments, a job file and the environment.

    spark-submit ... driver.py [--job FILE] [--SETTING=VALUE ...]

Arguments come before the job file, the job file before the environment. The analyzer itself comes with the archive that
`make package` builds (docs/reference/clusters.md); without it this program says what is missing.
"""

# A node's own Python runs this file when the archive's does not, so Python 3.7 must understand it.
from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

try:
    import msgspec

    from analyzer.cli import run_values
    from analyzer.errors import ConfigError
    from analyzer.job import PROCESSING_CONFIG, given_values
    from analyzer.s3 import is_remote, read
    from analyzer.settings import BY_NAME
except (ImportError, SyntaxError) as error:
    sys.exit(
        f"Error: the analyzer cannot be imported by {sys.executable} (Python {sys.version.split()[0]}): {error}. "
        "Hint: ship the archive of `make package` with --archives ARCHIVE#environment, "
        "and set spark.pyspark.python=./environment/bin/python."
    )

BESIDE = {"output_message_file": "message", "cloudwatch_metrics_directory": "metrics"}
LARGEST_JOB_FILE = 1 << 20  # bytes


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the job; the result is its exit code. What is wrong with the request is the job's message, as ever."""
    return run_values(*described(arguments, environ))


def described(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Settings by name, and what is wrong with them; message and metrics go beside the reports unless they are set."""
    values, problems = given_values(environ, PROCESSING_CONFIG)
    named: dict[str, str] = {}
    job_file = ""
    for name, text in pairs(arguments, problems):
        if name == "job":
            job_file = text
        elif name in BY_NAME:
            named[name] = text
        else:
            problems.append(str(ConfigError.unknown_name(name[:80], BY_NAME, "arguments")))
    values.update(from_file(job_file, problems) if job_file else {})
    values.update(named)
    output = values.get("output_path", "").strip().rstrip("/")
    problems.extend(_output_problems(output, environ))
    hidden = "_" * _merges(values)  # in a folder that will be read as data
    beside = {name: f"{output}/{hidden}{file}" for name, file in BESIDE.items()} if output else {}
    return {**beside, **{name: text for name, text in values.items() if text.strip()}}, problems


def _merges(values: Mapping[str, str]) -> bool:
    """Whether the job is a merge job, which ground truth without an analysis_type asks for, too."""
    given = {name for name, text in values.items() if text.strip()}
    return values.get("analysis_type", "").strip().upper() == "MERGE" or (
        "ground_truth_source" in given and "analysis_type" not in given
    )


def pairs(arguments: Sequence[str], problems: list[str]) -> Iterator[tuple[str, str]]:
    """Names, spelt as the variables are, and texts of `--name=text` and `--name text`."""
    waiting = iter(arguments)
    for argument in waiting:
        flag, equals, text = argument.partition("=")
        if not flag.startswith("--") or len(flag) < 3:
            problems.append(f"arguments: {argument[:80]!r} was not expected. Hint: write --name=value.")
            continue
        name = flag[2:].replace("-", "_")
        known = name if name in BY_NAME or f"analyzer_{name}" not in BY_NAME else f"analyzer_{name}"
        if not equals:
            text = next(waiting, "")
        if not text or (not equals and text.startswith("--")):
            problems.append(f"arguments: {flag[:80]} has no value. Hint: write {flag[:80]}=value.")
            continue
        yield known, text


def from_file(path: str, problems: list[str]) -> dict[str, str]:
    """Settings of a JSON object; what is not text, such as a format, is kept as JSON."""
    try:
        data = read(path, LARGEST_JOB_FILE) if is_remote(path) else _local(path)
        found: dict[str, Any] = msgspec.json.decode(data, type=dict)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.append(f"job file {path[:200]}: {reason}. Hint: it must be a JSON object of settings by name.")
        return {}
    strange = [name for name in found if name not in BY_NAME]
    problems.extend(str(ConfigError.unknown_name(name[:80], BY_NAME, "job file")) for name in strange)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    return {name: text for name, text in texts.items() if name in BY_NAME and found[name] is not None}


def _local(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - as short as can be
        data = file.read(LARGEST_JOB_FILE + 1)
    if len(data) > LARGEST_JOB_FILE:
        raise ValueError(f"is larger than {LARGEST_JOB_FILE} bytes")
    return data


def _output_problems(output: str, environ: Mapping[str, str]) -> Iterator[str]:
    """An output that nobody would find: none, or in the folder of a YARN container, which goes with the job."""
    if not output:
        yield "output_path is missing. Hint: write --output-path=s3://bucket/prefix."
    elif "CONTAINER_ID" in environ and not output.startswith(("s3://", "/")):
        yield f"output_path={output[:80]!r} would be lost with the driver's container. Hint: write s3://bucket/prefix."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
