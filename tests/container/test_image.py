"""The Processing contract in a real container: folders, message, exit code, signals, users and limits.

Source: contract.md 2.1, 2.2 and 10.
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.container.box import SOURCE, Box, Ended, docker, until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180), pytest.mark.xdist_group("docker")]

BASELINE = "/opt/ml/processing/input/baseline_dataset_input/known"
GOOD = "age,city\n" + "".join(f"{20 + row % 50},{'ABC'[row % 3]}\n" for row in range(500))
BAD = GOOD.replace(",A\n", ",X\n")
DONE = "Completed: Job completed successfully with no violations."
DOCUMENTS = {"statistics.json", "constraints.json"}
HARDENED = (
    *("--network=none", "--user=12345", "--read-only", "--tmpfs=/tmp"),
    *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
)


def baseline(box: Box, *flags: str, **variables: str) -> Ended:
    """Run a baseline job on good data."""
    box.put("train.csv", GOOD)
    return box.run("--network=none", *flags, **variables)


def monitored(box: Box, text: str, **variables: str) -> Ended:
    """Run a monitoring job on the text, against the baseline of good data."""
    known = baseline(box)
    for name in DOCUMENTS:
        box.put(f"known/{name}", json.dumps(known.document(name)))
    shutil.rmtree(box.root / "input/train.csv", ignore_errors=True)
    box.put("live/data.csv", text)
    settings = {f"baseline_{name.removesuffix('.json')}": f"{BASELINE}/{name}" for name in sorted(DOCUMENTS)}
    return box.run("--network=none", dataset_source=f"{SOURCE}/live", **(settings | variables))


def endless(box: Box) -> None:
    """Put so much data into the input folder that a job takes a while."""
    box.put(
        "train.csv", ",".join(f"c{at}" for at in range(50)) + "\n" + (",".join(map(str, range(50))) + "\n") * 900_000
    )


def test_a_baseline_needs_no_network_and_leaves_documents_and_message(box: Box) -> None:
    ended = baseline(box)
    assert (ended.code, ended.message, ended.files) == (0, DONE, DOCUMENTS)


def test_an_unknown_user_on_a_read_only_system_may_run_a_job(box: Box) -> None:
    box.put("train.csv", GOOD)
    ended = box.run(*HARDENED)
    assert (ended.code, ended.message, ended.files) == (0, DONE, DOCUMENTS)


def test_spark_runs_under_the_same_restrictions_and_reports_the_same(box: Box) -> None:
    local = baseline(box)
    documents = {name: local.document(name) for name in DOCUMENTS}
    for file in box.root.glob("output/*.json"):
        file.unlink()
    spark = box.run(*HARDENED, analyzer_engine="spark")
    assert (spark.code, "Engine spark" in spark.log) == (0, True), spark.log
    assert {name: spark.document(name) for name in DOCUMENTS} == documents


def test_checks_of_users_run_on_the_deequ_of_the_image(box: Box) -> None:
    """Without a network, as an unknown user; the process ends by itself."""
    box.put("live/checks.dqdl", 'Rules = [RowCount > 100, ColumnValues "age" between 19 and 60, IsComplete "nope"]')
    box.put("train.csv", GOOD)
    ended = box.run(*HARDENED, analyzer_checks=f"{SOURCE}/live/checks.dqdl", dataset_source=f"{SOURCE}/train.csv")
    assert ended.code == 0, ended.log
    rules = ended.document("checks.json")["rules"]
    assert [rule["outcome"] for rule in rules] == ["passed", "failed", "error"]


def test_root_may_run_a_job_as_on_the_platform(box: Box) -> None:
    assert baseline(box, "--user=0").code == 0


def test_the_image_runs_as_nobody_special(image: str) -> None:
    assert docker("image", "inspect", "--format={{.Config.User}}", image) == "1000:0"


def test_the_entry_point_is_in_exec_form_so_that_signals_arrive(image: str) -> None:
    entry = json.loads(docker("image", "inspect", "--format={{json .Config.Entrypoint}}", image))
    assert entry[0].endswith("/python")


def test_inputs_stay_as_they_were(box: Box) -> None:
    baseline(box)
    assert [file.name for file in (box.root / "input").iterdir()] == ["train.csv"]


def test_violations_are_told_by_message_and_not_by_exit_code(box: Box) -> None:
    ended = monitored(box, BAD)
    assert ended.code == 0
    assert ended.message.startswith("CompletedWithViolations: Job completed successfully with")
    assert ended.document("constraint_violations.json")["violations"]


def test_good_data_has_no_violations(box: Box) -> None:
    ended = monitored(box, GOOD)
    assert (ended.code, ended.message.startswith(DONE)) == (0, True)


def test_an_empty_window_completes(box: Box) -> None:
    capture = '{"sagemakerCaptureJson":{}}'
    window = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-01T01:00:00Z"}
    ended = monitored(box, "", dataset_format=capture, **window)
    assert (ended.code, ended.message.split(":")[0]) == (0, "Completed"), ended.log


def test_settings_come_from_the_processing_job_too(box: Box) -> None:
    box.configure(
        {
            "processingjobconfig.json": {"Environment": {"output_path": "/opt/ml/processing/output/deeper"}},
            "resourceconfig.json": {"current_host": "algo-1", "hosts": ["algo-1"]},
        }
    )
    assert baseline(box).files == {f"deeper/{name}" for name in DOCUMENTS}


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({"analyzer_engnie": "local"}, 2, "analyzer_engine"),
        ({"dataset_source": "/nowhere"}, 4, "/nowhere"),
        ({"output_path": "/proc/nothing"}, 4, "/proc/nothing"),
    ],
)
def test_what_is_wrong_with_the_request_is_said(box: Box, variables: dict[str, str], code: int, words: str) -> None:
    ended = baseline(box, **variables)
    assert (ended.code, ended.files) == (code, set())
    assert ended.message.startswith("Error: ")
    assert words in ended.message


def test_a_wrong_resource_file_is_said(box: Box) -> None:
    (box.root / "config/resourceconfig.json").write_text('{"hosts": 1}', "utf-8")
    ended = baseline(box)
    assert (ended.code, "resourceconfig.json" in ended.message) == (2, True)


def test_a_failing_script_is_named(box: Box) -> None:
    box.put("script.py", "def preprocess_handler(record):\n    raise KeyError('amount')\n")
    ended = baseline(box, record_preprocessor_script=f"{SOURCE}/script.py", dataset_source=f"{SOURCE}/train.csv")
    assert (ended.code, "amount" in ended.message) == (3, True), ended.message


def test_a_stopped_job_says_so_within_ten_seconds_and_leaves_no_partial_file(box: Box) -> None:
    endless(box)
    name = box.start("--network=none")
    until(lambda: "Engine" in docker("logs", name))
    began = time.monotonic()
    docker("kill", "--signal=TERM", name)
    ended = box.wait(name)
    assert (ended.code, ended.files, time.monotonic() - began < 10) == (143, set(), True)
    assert ended.message.startswith("Stopped: SIGTERM")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_running_out_of_memory_is_named_with_a_remedy(box: Box, processes: str) -> None:
    endless(box)
    ended = box.run("--network=none", "--memory=96m", "--memory-swap=96m", analyzer_processes=processes)
    assert (ended.code, ended.files) == (4, set())
    assert "memory" in ended.message
    assert "Hint: use" in ended.message


def test_no_file_is_ever_seen_in_part_not_even_a_draft(box: Box) -> None:
    seen = watched(box)
    assert {name: len(contents) for name, contents in seen.items()} == dict.fromkeys(DOCUMENTS, 1)


def watched(box: Box) -> dict[str, set[str]]:
    """Every content of every file that the platform's agent could have uploaded while a job ran."""
    header = ",".join(f"c{at}" for at in range(700))
    rows = "".join(",".join(f"{(row * at) % 97}.{at}" for at in range(700)) + "\n" for row in range(300))
    box.put("train.csv", f"{header}\n{rows}")
    name = box.start("--network=none")
    seen: dict[str, set[str]] = {}
    while docker("inspect", "--format={{.State.Running}}", name) == "true":
        for _ in range(200):
            _look(box.root / "output", seen)
    assert box.wait(name).code == 0
    _look(box.root / "output", seen)
    return seen


def _look(folder: Path, seen: dict[str, set[str]]) -> None:
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # renamed meanwhile
            if file.is_file():
                seen.setdefault(file.name, set()).add(file.read_text("utf-8"))


def test_arguments_are_those_of_the_command_line(box: Box) -> None:
    box.put("train.csv", GOOD)
    flags = ("--dataset-source", f"{SOURCE}/train.csv", "--output-path", "/opt/ml/processing/output")
    ended = box.run("--network=none", arguments=("baseline", *flags))
    assert (ended.code, ended.files >= DOCUMENTS) == (0, True), ended.log
    assert box.run("--network=none", arguments=("--help",)).code == 0
    assert box.run("--network=none", arguments=("monitor",)).code == 2


def test_nothing_to_install_with_is_left_in_the_image(image: str) -> None:
    script = "command -v gcc cc make pip curl wget; find / -xdev -name '*.whl' 2>/dev/null; true"
    assert docker("run", "--rm", "--network=none", "--entrypoint=/bin/sh", image, "-c", script, check=False) == ""
