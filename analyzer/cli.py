"""From a command line or the environment to a finished job: its message, its exit code, and nothing unexplained.

Whatever happens ends as one message (contract.md 10) and one exit code; docs/reference/settings.md lists them.
The only broad `except` of the project is here.
"""

from __future__ import annotations

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
from pathlib import Path
from types import FrameType

from analyzer import log
from analyzer.commands import command_of, parser
from analyzer.engines.choice import RESOURCE_CONFIG
from analyzer.errors import AnalyzerError, EngineFailed, OutputUnwritable
from analyzer.job import PROCESSING_CONFIG, Job, Outcome, given_values
from analyzer.reports.message import write_message
from analyzer.settings import BY_NAME, MESSAGE

CGROUP = "/sys/fs/cgroup"
STOPPED = 143
INTERNAL = STRICT_FAILURE = 255

_NAMED_ELSEWHERE = "Hint: set environment variables, or use model-monitor, which takes flags."
_MODULE_HELP = """\
usage: python -m analyzer

Run the job that environment variables describe, as the container does: dataset_source, output_path,
output_message_file, analysis_type and others (docs/reference/settings.md). It takes no arguments.
`model-monitor --help` shows the commands that take flags."""

_logger = logging.getLogger(__name__)
_recorded = logging.getLogger("__main__")  # name under which the closed image logged its parameters
_bootstrap = logging.getLogger("bootstrap")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `model-monitor`; the result is its exit code. Wrong usage raises SystemExit(2), as argparse does."""
    arguments = vars(parser().parse_args(argv))
    name = arguments.pop("command")
    if name == "run":
        return run_from_environment()
    command = command_of(name)
    values = command.values(arguments)
    return _closed(values, list(command.problems(values)), _print)


def run_from_environment() -> int:
    """Run the job of the environment and the processing job's file; the result is the exit code."""
    return run_values(*given_values(os.environ, PROCESSING_CONFIG))


def run_module(argv: Sequence[str]) -> int:
    """`python -m analyzer`: the job of the environment; arguments would be ignored, so there may be none but --help."""
    if not argv:
        return run_from_environment()
    if argv[0] in ("-h", "--help"):
        print(_MODULE_HELP)  # noqa: T201 - the output
        return 0
    told = log.one_line(log.redacted(argv[0]), 80)
    print(f"python -m analyzer takes no arguments, found {told!r}. {_NAMED_ELSEWHERE}", file=sys.stderr)  # noqa: T201
    return 2


def run_values(values: Mapping[str, str], problems: Sequence[str] = ()) -> int:
    """Run the job that named texts describe, its summary in the log; problems: what is wrong with them already."""
    return _closed(values, problems, _log_summary)


Show = Callable[[Outcome], None]


def _closed(values: Mapping[str, str], problems: Sequence[str], show: Show) -> int:
    """Run the job and leave a message in every case."""
    log.configure()
    with _stopped_by_signals() as ignore_signals:
        code, message = _guarded(values, problems, show)
        ignore_signals()
        (_recorded.info if code == 0 else _recorded.error)("%s", message)
        written = _left(message, values)
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


def _left(message: str, values: Mapping[str, str]) -> bool:
    """Write the message for the platform; whether that worked, or nobody asked for it."""
    path = _message_file(values)
    level = logging.ERROR if _is_read(path, values) else logging.WARNING
    if write_message(path, message, level):
        _recorded.info("Write to file %s.", path)
        return True
    _logger.log(level, "Hint: set output_message_file to a place where the job may write.")
    return level == logging.WARNING


def _is_read(path: str, values: Mapping[str, str]) -> bool:
    """Whether somebody waits for the message there: it was asked for, or this is a container of the platform."""
    return path != MESSAGE or bool(values.get("output_message_file", "").strip()) or Path(path).parents[1].exists()


def _message_file(values: Mapping[str, str]) -> str:
    """Place of the message, even when the configuration is wrong."""
    try:
        return str(BY_NAME["output_message_file"].kind.read(values.get("output_message_file", MESSAGE)))
    except ValueError:
        return MESSAGE
