"""The first host of several: Spark's master, the driver, and a worker where there is room for one."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from analyzer.errors import EngineFailed
from container import host, spark
from container.channel import JOIN_SECONDS, STATUS_PORT, Message
from container.hub import Hub
from container.processes import MORE_MEMORY, HostLost, Running, ending, running
from container.supervisor import STOPPED, death

if TYPE_CHECKING:
    from container.exchange import Exchange

_log = logging.getLogger("cluster")


def drive(hosts: Sequence[str], secret: bytes, exchange: Exchange | None = None) -> int:
    """Run the job with the help of the other hosts; its exit code. HostLost names who failed.

    exchange: gives this host's part of the input to the others; None when all have all of it.
    """
    shares, name = host.driving(host.here()), hosts[0]
    spark.configure(spark.trusted(secret, name))
    outcome: Message = {"code": EngineFailed.exit_code}
    with running() as processes:
        _start_daemons(processes, name, shares)
        hub = Hub(hosts[1:], STATUS_PORT, secret)
        try:
            _wait_for_all(hub, processes, hub.missing, "did not join")
            if exchange:
                _introduce(exchange, name, hub)
                _wait_for_all(hub, processes, hub.unready, "did not confirm its part of the input")
            spark.configure(spark.trusted(secret, name) | _driver(name, shares, hub))
            processes["job"] = _start_job(name)
            outcome = {"code": _watch(hub, processes, name)}
        except KeyboardInterrupt:
            outcome = {"code": STOPPED}
            raise
        finally:
            hub.tell(outcome)
            hub.close()
    return int(outcome["code"])


def _start_daemons(processes: Running, name: str, shares: host.Shares) -> None:
    address = ("--host", name, "--port", str(spark.MASTER_PORT), "--webui-port", "8080")
    processes["Spark master"] = spark.start("master", host.DAEMON_HEAP, *address)
    _wait_for_master(processes, name)  # a worker that comes too early tries again only after many seconds
    if shares.executor.tasks:
        processes["Spark worker"] = spark.start_worker(name, name, shares.executor)


def _wait_for_master(processes: Running, name: str) -> None:
    deadline = time.monotonic() + JOIN_SECONDS
    while True:
        try:
            socket.create_connection((name, spark.MASTER_PORT), timeout=1.0).close()
        except OSError as error:
            _check_daemons(processes)
            if time.monotonic() > deadline:
                raise HostLost(f"host {name}: its Spark master cannot be reached ({error}).") from error
            time.sleep(0.1)
        else:
            return


def _wait_for_all(hub: Hub, processes: Running, late: Callable[[], list[str]], fault: str) -> None:
    deadline = time.monotonic() + JOIN_SECONDS
    while names := late():
        _check(hub, processes)
        if time.monotonic() > deadline:
            raise HostLost(
                f"host {', '.join(names)} {fault} within {JOIN_SECONDS:.0f} s. Hint: all hosts must run this "
                f"image and reach each other's ports {STATUS_PORT} and {spark.MASTER_PORT} and above."
            )
        time.sleep(0.1)


def _introduce(exchange: Exchange, name: str, hub: Hub) -> None:
    """Tell every host where the parts of the others are."""
    offers = {each.name: each.state["offer"] for each in hub.members.values() if "offer" in each.state}
    offers[name] = exchange.offer
    exchange.learn(offers)
    hub.tell({"offers": offers})
    _log.info("%d hosts have a part of the input each", len(offers))


def _watch(hub: Hub, processes: Running, name: str) -> int:
    """Wait for the job; its exit code."""
    job, kills = processes["job"], host.memory_kills()
    while job.poll() is None:
        _check(hub, processes)
        time.sleep(0.1)
    if job.returncode < 0:
        raise HostLost(death(-job.returncode, for_memory=host.memory_kills() > kills).removeprefix("Error: "))
    killed = {each.name: int(each.state.get("kills", 0)) for each in hub.members.values()}
    _tell_killed(killed | {name: host.memory_kills() - kills}, failed=job.returncode == EngineFailed.exit_code)
    return job.returncode


def _tell_killed(killed: Mapping[str, int], *, failed: bool) -> None:
    """Name the hosts that lost processes for lack of memory; as the cause, when the job failed for lost tasks."""
    told = ", ".join(f"host {name} ({count})" for name, count in killed.items() if count)
    if told and failed:
        raise HostLost(f"out of memory: the system killed processes of {told}. {MORE_MEMORY}")
    if told:
        _log.warning("out of memory: the system killed processes of %s; others did their work", told)


def _check(hub: Hub, processes: Running) -> None:
    """Raise HostLost when a host or a daemon of this one is gone."""
    if trouble := hub.trouble():
        raise HostLost(f"{trouble}{'' if 'Hint:' in trouble else '. Hint: see the log of that host.'}")
    _check_daemons(processes)


def _check_daemons(processes: Running) -> None:
    for name, process in processes.items():
        if name != "job" and process.poll() is not None:
            raise HostLost(f"the first host: {ending(name, process.returncode, 0)}")


def _driver(name: str, shares: host.Shares, hub: Hub) -> dict[str, str]:
    """Settings of the driver: executors as large as the smallest host allows."""
    own = [(shares.executor.heap, shares.executor.tasks)] if shares.executor.tasks else []
    offered = own + [(int(each.state["heap"]), int(each.state["cores"])) for each in hub.members.values()]
    cores = sum(tasks for _, tasks in offered)
    _log.info("%d hosts, %d executors, %d tasks at a time", len(hub.members) + 1, len(offered), cores)
    return {
        "spark.master": f"spark://{name}:{spark.MASTER_PORT}",
        "spark.driver.bindAddress": "0.0.0.0",  # noqa: S104 - executors call back; spark.authenticate guards it
        "spark.driver.memory": f"{shares.driver.heap}m",
        "spark.executor.memory": f"{min(heap for heap, _ in offered)}m",
        "spark.cores.max": str(cores),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "30s",
    }


def _start_job(name: str) -> subprocess.Popen[bytes]:
    """The analyzer as Spark's driver; it sees by itself that there are several hosts."""
    variables = {**os.environ, "SPARK_MASTER": f"spark://{name}:{spark.MASTER_PORT}", "SPARK_LOCAL_HOSTNAME": name}
    return subprocess.Popen([sys.executable, "-P", "-m", "analyzer"], env=variables)
