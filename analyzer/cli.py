"""From a command line or the environment to a finished job: its message, its exit code, and nothing unexplained.

Whatever happens ends as one message (contract.md 10) and one exit code; docs/reference/settings.md lists them.
The only broad `except` of the project is here.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from types import FrameType

from analyzer import log
from analyzer.engines.choice import RESOURCE_CONFIG
from analyzer.errors import AnalyzerError, EngineFailed, OutputUnwritable
from analyzer.job import PROCESSING_CONFIG, Job, Outcome, given_values
from analyzer.reports.message import write_message
from analyzer.settings import BASELINE, BY_NAME, CLARIFY, MESSAGE, QUALITY, SCRIPT, SETTINGS, Setting

CGROUP = "/sys/fs/cgroup"
STOPPED = 143
INTERNAL = STRICT_FAILURE = 255

_logger = logging.getLogger(__name__)
_recorded = logging.getLogger("__main__")  # name under which the closed image logged its parameters
_bootstrap = logging.getLogger("bootstrap")

_INSIDE_OUTPUT = {"output_message_file": "message", "cloudwatch_metrics_directory": "metrics"}

_ANALYSES = {"merge": "MERGE", "suggest-checks": "SUGGEST_CHECKS"}  # of commands that name one
_OF_MONITORS = (BASELINE, SCRIPT, QUALITY, CLARIFY)  # settings that a merge job has no use for

_EXAMPLES = """\
examples:
  model-monitor baseline --dataset-source train.csv --output-path baseline
      learn statistics.json and constraints.json from a training set

  model-monitor monitor --dataset-source captured/ --output-path report \\
      --baseline-constraints baseline/constraints.json --baseline-statistics baseline/statistics.json
      compare captured records with that baseline

  model-monitor suggest-checks --dataset-source train.csv --output-path checks
      write checks.yaml, Deequ's suggestions for that data, to be used with --checks

  model-monitor merge --dataset-source captured/ --ground-truth-source truth/ --output-path merged
      join captured records with their labels

  model-monitor run
      do what the environment says, as the container does
"""
_BASELINE_EXAMPLE = """\
example:
  model-monitor baseline --dataset-source s3://bucket/train/ --dataset-format csv --output-path baseline
"""
_SUGGEST_EXAMPLE = """\
example:
  model-monitor suggest-checks --dataset-source s3://bucket/train/ --dataset-format csv --output-path checks
"""
_MERGE_EXAMPLE = (
    "example:\n  model-monitor merge --dataset-source captured/ --ground-truth-source truth/ --output-path out"
)
_MONITOR_EXAMPLE = """\
example, the records of one hour:
  model-monitor monitor --dataset-source captured/ --dataset-format capture --output-path report \\
      --baseline-constraints baseline/constraints.json --baseline-statistics baseline/statistics.json \\
      --start-time 2021-05-06T22:00:00Z --end-time 2021-05-06T23:00:00Z
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `model-monitor`; the result is its exit code. Wrong usage raises SystemExit(2), as argparse does."""
    arguments = vars(_parser().parse_args(argv))
    command = arguments.pop("command")
    if command == "run":
        return run_from_environment()
    if command in _ANALYSES:
        arguments["analysis_type"] = _ANALYSES[command]
    output = arguments["output_path"].rstrip("/")
    hidden = "_" * (command == "merge")  # in a folder that will be read as data
    beside = {name: f"{output}/{hidden}{file}" for name, file in _INSIDE_OUTPUT.items()}
    return _closed(beside | {name: text for name, text in arguments.items() if text}, [], _print)


def run_from_environment() -> int:
    """Run the job of the environment and the processing job's file; the result is the exit code."""
    return run_values(*given_values(os.environ, PROCESSING_CONFIG))


def run_values(values: Mapping[str, str], problems: Sequence[str] = ()) -> int:
    """Run the job that named texts describe, its summary in the log; problems: what is wrong with them already."""
    return _closed(values, problems, _log_summary)


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "model-monitor", description="Monitor the data of a model.", epilog=_EXAMPLES, formatter_class=shape
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, text, example in (
        ("baseline", "Learn statistics and constraints from data that is known to be good.", _BASELINE_EXAMPLE),
        ("monitor", "Compare data with a baseline and report violations.", _MONITOR_EXAMPLE),
        ("merge", "Join captured records with ground truth and write merged records.", _MERGE_EXAMPLE),
        ("suggest-checks", "Suggest checks of your own for data that is known to be good.", _SUGGEST_EXAMPLE),
    ):
        command = commands.add_parser(
            name, help=text, description=text, epilog=example, formatter_class=shape, allow_abbrev=False
        )
        _add_flags(command, name)
    text = "Run the job that environment variables describe, as the container does."
    commands.add_parser("run", help=text, description=text)
    return parser


def _add_flags(command: argparse.ArgumentParser, name: str) -> None:
    """One flag for each setting; a baseline has no baseline, and a laptop has no default folders."""
    left_out = {"baseline_constraints", "baseline_statistics"} if name != "monitor" else {"categorical_drift_method"}
    needed = {"dataset_source", "output_path", "baseline_constraints"}
    if name in _ANALYSES:
        left_out |= {"analysis_type", "analyzer_checks", "categorical_drift_method"}
    if name == "merge":
        needed = {*needed, "ground_truth_source"}
        left_out |= {each.name for each in SETTINGS if each.group in _OF_MONITORS} - {"ground_truth_source"}
    shown = [setting for setting in SETTINGS if setting.name not in left_out]
    for title, settings in groupby(shown, key=lambda setting: setting.group):
        group = command.add_argument_group(title)
        for setting in settings:
            required = setting.name in needed
            group.add_argument(
                setting.flag,
                dest=setting.name,
                required=required,
                type=_filled if required else str,
                metavar=setting.kind.label if "|" in setting.kind.label else setting.kind.label.upper(),
                help=_help(setting),
            )


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text.strip()


def _help(setting: Setting) -> str:
    inside = _INSIDE_OUTPUT.get(setting.name)
    default = f"{inside} in the output folder" if inside else setting.default
    shown = f" (default: {default})" if default and not default.startswith("/") else ""
    return (setting.meaning + shown).replace("%", "%%")


Show = Callable[[Outcome], None]


def _closed(values: Mapping[str, str], problems: Sequence[str], show: Show) -> int:
    """Run the job and leave a message in every case."""
    log.configure()
    with _stopped_by_signals() as ignore_signals:
        code, message = _guarded(values, problems, show)
        ignore_signals()
        (_recorded.info if code == 0 else _recorded.error)("%s", message)
        written = _left(message, _message_file(values))
    return code if written or code else OutputUnwritable.exit_code


def _guarded(values: Mapping[str, str], problems: Sequence[str], show: Show) -> tuple[int, str]:
    """Exit code and message of the job, whatever it raises."""
    failure = STRICT_FAILURE if values.get("analyzer_compat", "").lower() == "strict" else None
    try:
        return _run(values, problems, show)
    except KeyboardInterrupt as stop:
        return STOPPED, f"Stopped: {str(stop) or 'interrupted'} before the job was done. Its reports are not complete."
    except AnalyzerError as error:
        return failure or error.exit_code, f"Error: {log.redacted(str(error))}"
    except (MemoryError, BrokenExecutor) as error:
        return failure or EngineFailed.exit_code, f"Error: {_out_of_memory(error)}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a bug, ours or a user's script's, needs a message too
        for line in traceback.format_exc().splitlines():
            _logger.error("%s", log.redacted(line))  # noqa: TRY400 - one record a line: text cannot forge records
        return INTERNAL, f"Error: internal error: {type(error).__name__}: {log.redacted(str(error))}"


def _run(values: Mapping[str, str], problems: Sequence[str], show: Show) -> tuple[int, str]:
    shown = {name: log.redacted(text, name) for name, text in values.items()}
    _recorded.info("All params:%s", json.dumps(shown, sort_keys=True))
    _log_resources()
    job = Job.from_values(values, problems)
    outcome = _monitor()(job, log.Progress())
    show(outcome)
    return outcome.exit_code, outcome.message


def _monitor() -> Callable[[Job, log.Progress], Outcome]:
    """The monitor, imported only now: what is wrong with the configuration is known before anything heavy loads."""
    from analyzer.arrow import leave_pandas_out  # noqa: PLC0415

    leave_pandas_out()
    from analyzer.monitors.analysis import run  # noqa: PLC0415

    return run


def _log_resources() -> None:
    try:
        resources = json.loads(Path(RESOURCE_CONFIG).read_text("utf-8"))
    except (OSError, ValueError):  # outside SageMaker there is none
        return
    _bootstrap.info("Resource Config is: %s", resources)


def _log_summary(outcome: Outcome) -> None:
    for line in outcome.summary.splitlines():
        _logger.info("%s", line)


def _print(outcome: Outcome) -> None:
    """Summary and files on standard output; no text can steer the terminal, and no closed pipe can fail the job."""
    encoding = sys.stdout.encoding or "utf-8"
    with suppress(BrokenPipeError):
        for line in [*outcome.summary.splitlines(), *outcome.files]:
            print(log.one_line(line).encode(encoding, "backslashreplace").decode(encoding))  # noqa: T201 - the output


@contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], None]]:
    """Turn the first SIGTERM or SIGINT into KeyboardInterrupt; the value ignores later ones, for the last steps."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    owner = os.getpid()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ignore() -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)

    def stop(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a forked worker inherits this handler and has nothing to say
            os._exit(STOPPED)
        ignore()
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in before:
        signal.signal(number, stop)
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _out_of_memory(error: BaseException) -> str:
    happened = "a worker process was killed, most likely out of memory" if isinstance(error, BrokenExecutor) else ""
    return (
        f"{happened or 'out of memory'}{_memory_used()}. Hint: use an instance type with more memory, "
        f"fewer processes (analyzer_processes=1), or less data in one job. {log.redacted(str(error))}"
    ).rstrip()


def _memory_used() -> str:
    """How much of the container's memory was used at its peak; nothing when the system does not tell."""
    for used, limit in (
        ("memory.peak", "memory.max"),
        ("memory/memory.max_usage_in_bytes", "memory/memory.limit_in_bytes"),
    ):
        try:
            mebibytes = [int(Path(CGROUP, name).read_text("ascii")) >> 20 for name in (used, limit)]
        except (OSError, ValueError):  # another version of cgroups, or "max", which is no limit
            continue
        return f": used {mebibytes[0]} MiB of {mebibytes[1]} MiB"
    return ""


def _left(message: str, path: str) -> bool:
    """Write the message for the platform; whether that worked."""
    if not write_message(path, message):
        _logger.error("Hint: set output_message_file to a place where the job may write.")
        return False
    _recorded.info("Write to file %s.", path)
    return True


def _message_file(values: Mapping[str, str]) -> str:
    """Place of the message, even when the configuration is wrong."""
    try:
        return str(BY_NAME["output_message_file"].kind.read(values.get("output_message_file", MESSAGE)))
    except ValueError:
        return MESSAGE
