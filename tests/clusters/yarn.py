"""A YARN of Hadoop's own test kit, in a process of this test; containers are processes of their own."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
OPENED = ("java.lang", "java.util", "java.nio", "java.net", "java.io")  # what Hadoop 3.3 looks into on Java 17


@dataclass(frozen=True)
class Yarn:
    """A running YARN: its client configuration, and the folder it works in."""

    configuration: Path
    folder: Path

    def containers(self, application: str) -> list[Path]:
        """Log folders of an application's containers, the driver's first."""
        return sorted(self.folder.glob(f"target/**/*-logDir-*/{application}/container_*"), key=lambda path: path.name)

    def driver_log(self, application: str) -> str:
        """What the driver's container printed, of Java and Python."""
        files = [self.containers(application)[0] / name for name in ("stdout", "stderr")]
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())


def application_of(log: str) -> str:
    """The application that spark-submit started."""
    found = re.search(r"Submitted application (application_\w+)", log)
    assert found, log[-3000:]
    return found[1]


def executors(application: str) -> list[int]:
    """Process ids of an application's executors."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        is_java = words[0].endswith(b"/java")
        if is_java and application.encode() in words and any(b"CoarseGrainedExecutor" in word for word in words):
            found.append(int(folder.name))
    return found


def fetch(folder: Path) -> list[Path]:
    """Hadoop's jars from Maven, checked; OSError with what Maven said when they cannot be had."""
    plugin = "dependency:copy-dependencies"
    command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), plugin, f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"Maven could not get Hadoop's jars: {done.stdout.strip()[:300]}")
    expected = dict(line.split()[::-1] for line in (HERE / "jars.sha256").read_text("ascii").splitlines())
    jars = sorted(folder.glob("*.jar"))
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    assert found == expected, "Maven brought other jars than those the tests were written for"
    return jars


@contextmanager
def running(jars: list[Path], spark_home: Path, folder: Path) -> Iterator[Yarn]:
    """A YARN that lives as long as the block."""
    (folder / "conf").mkdir()
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    path = os.pathsep.join([*map(str, jars), f"{spark_home}/jars/*"])
    subprocess.run(["javac", "-cp", path, "-d", str(folder), str(HERE / "Yarn.java")], check=True)  # noqa: S607 - see below
    path = os.pathsep.join([path, str(folder)])
    command = ["java", *opens, "-Xmx400m", "-cp", path, "Yarn", str(folder / "conf/yarn-site.xml")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        if not any(line == b"ready\n" for line in process.stdout or ()):
            raise AssertionError("YARN did not start: " + (folder / "log").read_text("utf-8", "replace")[-2000:])
        yield Yarn(folder / "conf", folder)
        process.communicate(timeout=60)  # closes its input, at which it ends
