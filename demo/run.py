"""`make demo`: data with known faults, a baseline job, a monitoring job, and whether the faults were found."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from demo.faults import DAMAGES, FAULTS
from demo.generate import START, Size, generate

FOLDER = Path("demo-data")
BASELINE, REPORT = FOLDER / "baseline-report", FOLDER / "report"
WIDTH = 90


def main() -> int:
    """Run the demo; the result is the exit code of the first job that failed, or 1 when a fault went unnoticed."""
    size = Size()
    _title("1. Data")
    shutil.rmtree(FOLDER, ignore_errors=True)
    generate(FOLDER, size)
    _tell_data(size)
    _title("2. Baseline: learn what good data looks like")
    code = _model_monitor("baseline", *_baseline_flags())
    if code == 0:
        _title("3. Monitoring: compare the captured traffic with it")
        code = _model_monitor("monitor", *_monitor_flags(size))
    if code:
        print(f"The job failed with exit code {code}; its last lines above say why.")
        return code
    violations = json.loads((REPORT / "constraint_violations.json").read_text("utf-8"))["violations"]
    _title("4. Was it found?")
    missed = _tell_findings(violations)
    _title("5. Files")
    _tell_files()
    return 1 if missed else 0


def _baseline_flags() -> list[str]:
    return [
        *("--dataset-source", str(FOLDER / "baseline")),
        *("--dataset-format", '{"csv": {"header": true}}'),
        *("--output-path", str(BASELINE)),
    ]


def _monitor_flags(size: Size) -> list[str]:
    return [
        *("--dataset-source", str(FOLDER / "captured")),
        *("--dataset-format", '{"sagemakerCaptureJson": {}}'),
        *("--baseline-constraints", str(BASELINE / "constraints.json")),
        *("--baseline-statistics", str(BASELINE / "statistics.json")),
        *("--start-time", f"{START:%Y-%m-%dT%H:%M:%SZ}"),
        *("--end-time", f"{size.end:%Y-%m-%dT%H:%M:%SZ}"),
        *("--output-path", str(REPORT)),
    ]


def _model_monitor(*arguments: str) -> int:
    """Show the command as one would type it, run it, and give its exit code."""
    pairs = [shlex.join(arguments[start : start + 2]) for start in range(1, len(arguments), 2)]
    print("$ model-monitor", arguments[0], "\\\n      " + " \\\n      ".join(pairs), "\n", flush=True)
    command = Path(sys.executable).with_name("model-monitor")
    return subprocess.run([str(command), *arguments], check=False).returncode


def _tell_data(size: Size) -> None:
    print(f"{FOLDER / 'baseline'}  {size.baseline_rows:,} orders of a shop, as CSV: training data of a fraud model")
    print(f"{FOLDER / 'captured'}  {size.hours} hours of its endpoint's requests, {size.requests_per_hour:,} an hour")
    print(f"\nAfter {size.healthy_hours} healthy hour, this goes wrong in the captured traffic:")
    for fault in FAULTS:
        print(f"  {fault.column:<16}{fault.sentence}")
    print(f"  {'(damaged lines)':<16}" + ", ".join(DAMAGES))


def _tell_findings(violations: list[dict[str, Any]]) -> int:
    """Print each injected fault with the violation that speaks of it, then the rest; the number of missed faults."""
    found = {(violation["feature_name"], violation["constraint_check_type"]): violation for violation in violations}
    missed = 0
    for fault in FAULTS:
        violation = found.pop((fault.column, fault.check), None)
        missed += violation is None
        print(f"  {'found ' if violation else 'MISSED'} {fault.column:<16}{fault.sentence}")
        if violation:
            print(textwrap.indent(textwrap.fill(violation["description"].strip(), WIDTH), " " * 25))
    if found:
        print("\n  Reported besides:")
    for (feature, check), violation in found.items():
        print(f"         {feature:<16}{check}: {violation['description'].strip()}")
    return missed


def _tell_files() -> None:
    for path in sorted(path for folder in (BASELINE, REPORT) for path in folder.rglob("*") if path.is_file()):
        print(f"  {path!s:<60}{path.stat().st_size:>12,} bytes")


def _title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
