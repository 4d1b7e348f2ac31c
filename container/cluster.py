"""Several hosts, one job: a Spark standalone cluster over the hosts that resourceconfig.json names.

The first host runs Spark's master, the driver (which is the analyzer itself) and, where there is room, a worker; the
others run a worker, serve until the driver is done, and end with its exit code. Any host that fails or falls silent
ends all. Source: contract.md 2.1; docs/reference/container.md says what the hosts tell each other.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from analyzer import log
from analyzer.errors import ConfigError
from analyzer.job import PROCESSING_CONFIG
from container import first, other, spark
from container.channel import job_secret
from container.inputs import sharded_folders
from container.processes import HostLost
from container.supervisor import STOPPED, say

if TYPE_CHECKING:
    from container.exchange import Exchange

RESOURCE_CONFIG = "/opt/ml/config/resourceconfig.json"


class Resources(msgspec.Struct, frozen=True):
    """The hosts of the job, the first of which drives, and which of them this is."""

    current_host: str
    hosts: list[str]


class _Request(msgspec.Struct):
    arn: str | None = msgspec.field(name="ProcessingJobArn", default=None)
    name: str | None = msgspec.field(name="ProcessingJobName", default=None)


def read_resources(path: str = RESOURCE_CONFIG) -> Resources:
    """The hosts that the platform names; one unnamed host without the file. ValueError says what is wrong with it."""
    try:
        resources = msgspec.json.decode(Path(path).read_bytes(), type=Resources)
    except (FileNotFoundError, NotADirectoryError):
        return Resources("localhost", ["localhost"])
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(
            f'{path}: {error}. Hint: it must be like {{"current_host":"algo-1","hosts":["algo-1"]}}.'
        ) from error
    if resources.current_host not in resources.hosts or len(set(resources.hosts)) < len(resources.hosts):
        raise ValueError(f"{path}: hosts must name every host once, current_host among them.")
    if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", name) for name in resources.hosts):
        raise ValueError(f"{path}: a host's name has letters, digits, '-' and '.' only.")
    return resources


def refuse(problem: str) -> int:
    """Leave the message that the request is wrong; the exit code."""
    return say(ConfigError.exit_code, f"Error: {log.one_line(problem)}")


def run(resources: Resources) -> int:
    """Play this host's part; its exit code. Every host but the driver's leaves a message only when something failed."""
    log.configure()
    if not spark.is_installed():
        return refuse(
            f"{len(resources.hosts)} hosts need Spark, which this image lacks. Hint: build it with SPARK=3.5."
        )
    _heed_stop_signals()
    try:
        return _play(resources, _secret(resources))
    except KeyboardInterrupt as stop:
        return say(STOPPED, f"Stopped: {stop} before the job was done. Its reports are not complete.")
    except HostLost as lost:
        return say(lost.exit_code, f"Error: {lost}")


def _play(resources: Resources, secret: bytes) -> int:
    driver, name = resources.hosts[0], resources.current_host
    with _exchange(name, secret) as exchange:
        if name == driver:
            return first.drive(resources.hosts, secret, exchange)
        return other.work(driver, name, secret, exchange)


@contextmanager
def _exchange(name: str, secret: bytes) -> Iterator[Exchange | None]:
    """What makes one input of the hosts' parts; None when every host has all files."""
    folders = sharded_folders()
    if not folders:
        yield None
        return
    from container.exchange import Exchange  # noqa: PLC0415 - loads Arrow, which this process does without otherwise

    exchange = Exchange(name, folders, secret)
    try:
        yield exchange
    finally:
        exchange.close()


def _secret(resources: Resources, path: str = PROCESSING_CONFIG) -> bytes:
    """The job's secret: nothing random, because the hosts have no other way to agree on one."""
    try:
        request = msgspec.json.decode(Path(path).read_bytes(), type=_Request)
    except (OSError, msgspec.DecodeError):  # a job outside the platform; the analyzer reports a damaged file itself
        request = _Request()
    return job_secret(request.arn or "", request.name or "", *resources.hosts)


def _heed_stop_signals() -> None:
    """Make the first SIGTERM or SIGINT a KeyboardInterrupt with its name; later ones are ignored."""

    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
