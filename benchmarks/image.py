"""Container start to finished report for a small baseline, per engine: `python -m benchmarks.image [image]`.

Prints lines for docs/reference/container.md. Wall seconds are Docker's own (started to finished), the best of several
runs; CPU seconds are those of all processes of the container, and say what a busy machine hides.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import uuid
from datetime import datetime
from pathlib import Path

from benchmarks.captures import Shape, write

ROWS, REPEATS = 2_333, 3
MEASURED = """\
import pathlib, subprocess, sys
code = subprocess.call([sys.executable, "-P", "-m", "container.entrypoint"])
group = pathlib.Path("/sys/fs/cgroup")
old, new = group / "cpuacct/cpuacct.usage", group / "cpu.stat"
print("cpu", int(old.read_text()) / 1e9 if old.exists() else int(new.read_text().split()[1]) / 1e6)
sys.exit(code)
"""


def main(image: str = "model-monitor-analyzer") -> None:
    """Measure both engines."""
    print("| Engine | Seconds, start to finished report | CPU seconds | Target |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "input")
        data.mkdir()
        write(Shape(ROWS), None, data / "train.csv")
        for engine, target in (("local", 5), ("spark", 20)):
            runs = [_run(image, data, engine, Path(folder)) for _ in range(REPEATS)]
            print(f"| {engine} | {min(wall for wall, _ in runs):.1f} | {min(cpu for _, cpu in runs):.1f} | {target} |")


def _run(image: str, data: Path, engine: str, folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one job in a fresh container."""
    name, output = f"analyzer-bench-{uuid.uuid4().hex[:8]}", folder / uuid.uuid4().hex
    output.mkdir(mode=0o777)
    output.chmod(0o777)
    mounts = (f"{data}:/opt/ml/processing/input/baseline_dataset_input:ro", f"{output}:/opt/ml/processing/output")
    settings = ('dataset_format={"csv":{"header":true}}', f"analyzer_engine={engine}")
    flags = [*(f"--volume={mount}" for mount in mounts), *(f"--env={setting}" for setting in settings)]
    python = ["--entrypoint=/opt/analyzer/bin/python", image, "-P", "-c", MEASURED]
    try:
        log = _docker("run", f"--name={name}", "--network=none", *flags, *python)
        state = json.loads(_docker("inspect", "--format={{json .State}}", name))
    finally:
        _docker("rm", "--force", name)
    if not (output / "statistics.json").exists():
        raise RuntimeError(f"the {engine} job wrote no report: {log}")
    started, finished = (datetime.fromisoformat(state[key][:26] + "+00:00") for key in ("StartedAt", "FinishedAt"))
    return (finished - started).total_seconds(), float(log.rpartition("cpu ")[2])


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S607


if __name__ == "__main__":
    main(*sys.argv[1:])
