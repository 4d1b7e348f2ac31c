"""Spark's own processes and configuration on this host; nothing here knows the cluster's protocol.

The configuration is a folder only this user can read: the image's defaults, then what this job adds.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from glob import glob
from pathlib import Path

from container import host

MASTER_PORT = 7077
# Processes that only start others and talk: what takes long to compile or to set up would never pay.
_SHORT_WORK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_CLASSES = {"master": "org.apache.spark.deploy.master.Master", "worker": "org.apache.spark.deploy.worker.Worker"}


def is_installed() -> bool:
    """Whether this image holds Spark."""
    return Path(os.environ.get("SPARK_HOME", "/nowhere"), "bin/spark-class").exists()


def prepare_alone() -> None:
    """Make ready for a Spark that the job may start on its only host; its memory is the engine's business there."""
    if is_installed():
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")  # without a network no other name is found
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        _name_this_user(_private_folder())


def configure(settings: Mapping[str, str]) -> None:
    """Write the configuration of this job, and point SPARK_CONF_DIR at it."""
    folder = _private_folder()
    defaults = Path(os.environ["SPARK_CONF_DIR"])
    shutil.copyfile(defaults / "log4j2.properties", folder / "log4j2.properties")
    common = (defaults / "spark-defaults.conf").read_text("utf-8")
    added = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text(common + added, "utf-8")
    os.environ["SPARK_CONF_DIR"] = str(folder)
    _name_this_user(folder)


def trusted(secret: bytes, name: str) -> dict[str, str]:
    """Settings of every Spark process on this host: only those who know the secret may talk to it."""
    return {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secret.hex(),
        "spark.network.crypto.enabled": "true",
        "spark.ui.killEnabled": "false",
        "spark.driver.host": name,
    }


def start(kind: str, heap: int, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a master or a worker with a heap of `heap` MiB."""
    command = [f"{os.environ['SPARK_HOME']}/bin/spark-class", _CLASSES[kind], *arguments]
    given = {
        "SPARK_DAEMON_MEMORY": f"{heap}m",
        "SPARK_DAEMON_JAVA_OPTS": _SHORT_WORK,
        "SPARK_LAUNCHER_OPTS": _SHORT_WORK,
    }
    return subprocess.Popen(command, env=os.environ | given, start_new_session=True)  # noqa: S603 - a list, no shell


def start_worker(name: str, first: str, share: host.Process) -> subprocess.Popen[bytes]:
    """A Spark worker that offers room for one executor."""
    arguments = ("--host", name, "--cores", str(share.tasks), "--memory", f"{share.heap}m", "--webui-port", "8081")
    work_folder = ("--work-dir", "/tmp/spark-work")  # noqa: S108 - the container's own
    return start("worker", host.DAEMON_HEAP, *arguments, *work_folder, f"spark://{first}:{MASTER_PORT}")


def _private_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="spark-conf-"))  # mode 0700: it may hold the cluster's secret


def _name_this_user(folder: Path) -> None:
    """Give a name to a user the system does not know (docker run --user 12345); Hadoop refuses to start without."""
    wrapper = glob("/usr/lib/*/libnss_wrapper.so")  # noqa: PTH207 - strings are wanted
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        if not wrapper:
            return
        (folder / "passwd").write_text(f"analyzer:x:{os.getuid()}:{os.getgid()}::/tmp:/bin/false\n", "ascii")
        (folder / "group").write_text(f"analyzer:x:{os.getgid()}:\n", "ascii")
        files = {"NSS_WRAPPER_PASSWD": str(folder / "passwd"), "NSS_WRAPPER_GROUP": str(folder / "group")}
        os.environ.update(files, LD_PRELOAD=wrapper[0])
