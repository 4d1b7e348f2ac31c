"""Every host but the first: a Spark worker that serves until the first host says that the job is over."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from analyzer.errors import EngineFailed
from container import host, spark
from container.channel import BEAT_SECONDS, JOIN_SECONDS, STATUS_PORT, Channel, Message
from container.processes import HostLost, ending, running

if TYPE_CHECKING:
    from container.exchange import Exchange


def work(first: str, name: str, secret: bytes, exchange: Exchange | None = None) -> int:
    """Serve until the job is over; its exit code. HostLost names who failed.

    exchange: gives this host's part of the input to the others; None when all have all of it.
    """
    share = host.working(host.here()).executor
    spark.configure(spark.trusted(secret, name))
    channel = _join(first, secret)
    offer = {"offer": exchange.offer} if exchange else {}
    channel.send({"name": name, "cores": share.tasks, "heap": share.heap, **offer})
    heard, kills = _listen(channel), host.memory_kills()
    with running() as processes:
        processes["Spark worker"] = worker = spark.start_worker(name, first, share)
        while "code" not in heard:
            _check(worker, name, channel, kills)
            if exchange and "offers" in heard:
                exchange.learn(heard.pop("offers"))
                _tell(channel, {"ready": True})
            time.sleep(0.1)
        channel.close()
    if lost := heard.get("lost"):
        raise HostLost(f"host {first}, which drives the job, was lost ({lost}). Seen by {name}. Hint: see its log.")
    return int(heard["code"])


def _check(worker: subprocess.Popen[bytes], name: str, channel: Channel, kills: int) -> None:
    """Raise HostLost, and tell the first host, when the worker is gone."""
    if worker.poll() is None:
        return
    reason = ending("Spark worker", worker.returncode, kills)
    _tell(channel, {"failed": reason})
    raise HostLost(f"host {name}: {reason}")


def _tell(channel: Channel, message: Message) -> None:
    with suppress(ConnectionError):  # the listener notices
        channel.send(message)


def _join(first: str, secret: bytes) -> Channel:
    """Connect to the first host, whose name and port may take their time to appear."""
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        try:
            return Channel(socket.create_connection((first, STATUS_PORT), timeout=5.0), secret, server=False)
        except OSError as error:
            if time.monotonic() > deadline:
                raise HostLost(f"host {first} did not answer within {JOIN_SECONDS:.0f} s ({error}).") from error
        time.sleep(0.5)


def _listen(channel: Channel) -> Message:
    """What the first host says, collected in the background; it holds "code" once the job is over."""
    heard: Message = {}

    def receive() -> None:
        try:
            while "code" not in heard:
                heard.update(channel.receive())
        except (ConnectionError, ValueError) as error:
            heard.update(lost=str(error), code=EngineFailed.exit_code)

    def beat() -> None:
        with suppress(ConnectionError):
            while "code" not in heard:
                channel.send({"kills": host.memory_kills()})
                time.sleep(BEAT_SECONDS)

    for work in (receive, beat):
        threading.Thread(target=work, daemon=True).start()
    return heard
