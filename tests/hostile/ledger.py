"""What every job owes, whatever it was given: documents a strict parser reads, and an account that adds up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.jobs import CAPTURE, Finished, capture, run_job

ROOT = Path(__file__).resolve().parents[2]
LISTED = 100  # rejected records of a job, unless quarantine_samples says otherwise


@dataclass(frozen=True)
class Account:
    """Where the records of a job went; quarantine: the lines of quarantine.jsonl."""

    records: int
    rows: int
    rejected: dict[str, int]
    outside: int
    untimed: int
    dropped: int
    quarantine: list[dict[str, Any]]

    @property
    def places(self) -> list[int]:
        """Lines of the rejected records."""
        return [record["line"] for record in self.quarantine]

    @property
    def ends(self) -> int:
        """Records that are accounted for, if every one that was used is one row."""
        return self.rows + sum(self.rejected.values()) + self.outside + self.dropped


def account(finished: Finished) -> Account:
    """The account of a finished job; every file it left was read strictly."""
    files = strict_files(finished.output)
    dataset = files["statistics.json"]["dataset"]
    own = dataset["analyzer"]
    return Account(
        own["records"],
        dataset["item_count"],
        own["rejected"],
        own["outside_window"],
        own["without_time"],
        own["dropped_by_script"],
        files.get("quarantine.jsonl", []),
    )


def reconciled(finished: Finished) -> Account:
    """The account of a job whose records are one row each: nothing is lost, and what was rejected is told."""
    told = account(finished)
    assert told.records == told.ends, told
    named = Counter(record["reason"] for record in told.quarantine)
    assert named <= Counter(told.rejected)
    assert named.total() == min(LISTED, sum(told.rejected.values()))
    assert all(record["path"] for record in told.quarantine)
    return told


def strict_files(folder: Path) -> dict[str, Any]:
    """Contents of every JSON file below a folder; a control character, a name given twice or NaN is an error."""
    found: dict[str, Any] = {}
    for file in sorted(folder.rglob("*.json*")):
        text = file.read_bytes().decode("utf-8")
        assert not set(map(chr, (*range(10), *range(11, 32), 127))) & set(text), file.name
        found[file.name] = [strict(line) for line in text.splitlines()] if file.suffix == ".jsonl" else strict(text)
    return found


def strict(text: str) -> Any:
    """The value of a JSON text as RFC 8259 has it, read by two parsers; half of a surrogate pair is an error."""
    msgspec.json.decode(text)
    return json.loads(text, parse_constant=_refused, object_pairs_hook=_single)


def line(data_in: str | None = "1,a", data_out: str | None = "0.5", event: str = "sound", **metadata: Any) -> bytes:
    """A line of a capture file."""
    return json.dumps(capture(data_in, data_out, event=event, **metadata)).encode()


def captured(folder: Path, *lines: bytes, **settings: object) -> Finished:
    """A finished job over one capture file of these lines."""
    return run_job(
        folder / "out", put(folder, "c.jsonl", b"\n".join(lines) + b"\n"), dataset_format=CAPTURE, **settings
    )


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a file of input; the folder to read."""
    file = folder / "in" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return folder / "in"


# Started from here, a process would count the memory of this one, which it shares until it is another program.
_MEASURED = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)"
)


@dataclass(frozen=True)
class Process:
    """A job that ran in a process of its own: exit code, message, log, peak memory in MiB."""

    code: int
    message: str
    log: str
    memory: int


def process(folder: Path, source: Path, **settings: object) -> Process:
    """Run `python -m analyzer` over a source with these variables and nothing else in the environment."""
    values = {
        "dataset_source": source,
        "output_path": folder / "out",
        "output_message_file": folder / "message",
        "cloudwatch_metrics_directory": folder / "metrics",
        "analyzer_processes": 1,
        **settings,
    }
    environment = {"PYTHONPATH": str(ROOT), **{name: str(value) for name, value in values.items()}}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with log.open("wb") as stderr:
        ended = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURED, sys.executable, "-m", "analyzer"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
        )
    code, memory = map(int, ended.stdout.split()[-2:])
    message = (folder / "message").read_text("utf-8")
    strict_files(folder / "out")
    strict_files(folder / "metrics")
    return Process(code, message, log.read_text("utf-8"), memory)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a name is given twice"
    return dict(pairs)
