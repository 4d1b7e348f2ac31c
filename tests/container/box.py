"""A container as the platform starts it: folders in, exit code, message and documents out."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCE = "/opt/ml/processing/input/baseline_dataset_input"
CSV = '{"csv":{"header":true}}'


def docker(*arguments: str, check: bool = True) -> str:
    """Standard output and error of a docker command, without the last line end."""
    command = ["docker", *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert answer.returncode == 0 or not check, f"docker {arguments[0]}: {answer.stdout}"
    return answer.stdout.strip()


@dataclass(frozen=True)
class Ended:
    """What a container left."""

    code: int
    message: str
    log: str
    output: Path

    def document(self, name: str) -> Any:
        """A JSON document of the output folder."""
        return json.loads((self.output / name).read_text("utf-8"))

    @property
    def files(self) -> set[str]:
        """Names of all files in the output folder."""
        return {str(file.relative_to(self.output)) for file in self.output.rglob("*") if file.is_file()}


@dataclass
class Box:
    """Folders of one host below `root`, mounted where the platform mounts them; `name` is its name on a network."""

    image: str
    root: Path
    name: str = ""
    started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in ("input", "output", "left", "config"):
            (self.root / folder).mkdir(parents=True)
            (self.root / folder).chmod(0o777)

    def put(self, name: str, text: str) -> None:
        """Put a file into the input folder."""
        file = self.root / "input" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def start(self, *flags: str, arguments: Sequence[str] = (), **variables: str) -> str:
        """Start a container; its name."""
        name = self.name or f"analyzer-test-{uuid.uuid4().hex[:8]}"
        mounts = {
            f"{self.root}/input": f"{SOURCE}:ro",
            f"{self.root}/output": "/opt/ml/processing/output",
            f"{self.root}/left": "/opt/ml/output",
            f"{self.root}/config": "/opt/ml/config:ro",
        }
        volumes = [f"--volume={here}:{there}" for here, there in mounts.items()]
        settings = [f"--env={key}={value}" for key, value in ({"dataset_format": CSV} | variables).items()]
        docker("run", "--detach", f"--name={name}", *volumes, *settings, *flags, self.image, *arguments)
        self.started.append(name)
        return name

    def run(self, *flags: str, arguments: Sequence[str] = (), **variables: str) -> Ended:
        """Run a container to its end."""
        return self.wait(self.start(*flags, arguments=arguments, **variables))

    def wait(self, name: str) -> Ended:
        """Wait for the end of a container."""
        code = int(docker("wait", name).splitlines()[-1])
        message = self.root / "left/message"
        text = message.read_text("utf-8") if message.exists() else ""
        return Ended(code, text, docker("logs", name), self.root / "output")

    def remove(self) -> None:
        """Remove every container that was started."""
        if self.started:
            docker("rm", "--force", "--volumes", *self.started)

    def configure(self, documents: Mapping[str, object]) -> None:
        """Write the platform's own files."""
        for name, document in documents.items():
            (self.root / "config" / name).write_text(json.dumps(document), "utf-8")


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
