"""The driver program: where settings come from, and what is said of a request that cannot be run."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.settings import SETTINGS
from emr import driver
from tests.clusters.submission import DRIVER
from tests.conftest import Bucket

OUTPUT = "--output-path=s3://bucket/report"
BESIDE = {
    "output_path": "s3://bucket/report",
    "output_message_file": "s3://bucket/report/message",
    "cloudwatch_metrics_directory": "s3://bucket/report/metrics",
}


def described(*arguments: str, **environ: str) -> tuple[dict[str, str], list[str]]:
    return driver.described(arguments, environ)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_understood_as_flag_and_as_variable(setting: object) -> None:
    name, flag = setting.name, setting.flag  # type: ignore[attr-defined]  # a parameter of pytest
    for spelling in (flag, f"--{name}", f"--{name}".replace("_", "-")):
        for words in ([f"{spelling}=a=b"], [spelling, "a=b"]):
            values, problems = described(OUTPUT, *words)
            assert (values[name], problems) == ("a=b", [])


def test_message_and_metrics_go_beside_the_reports() -> None:
    assert described(OUTPUT + "/") == (BESIDE | {"output_path": "s3://bucket/report/"}, [])
    values, _ = described(OUTPUT, "--output-message-file=s3://else/where")
    assert values["output_message_file"] == "s3://else/where"


@pytest.mark.parametrize("arguments", [["--analysis-type=merge"], ["--ground-truth-source=s3://bucket/truth"]])
def test_the_message_of_a_merge_job_is_no_data_of_the_next(arguments: list[str]) -> None:
    values, _ = described(OUTPUT, *arguments)
    assert values["output_message_file"] == "s3://bucket/report/_message"
    values, _ = described(OUTPUT, *arguments, "--analysis-type=MODEL_QUALITY")
    assert values["output_message_file"] == "s3://bucket/report/message"


def test_arguments_come_before_the_job_file_and_that_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text('{"start_time": "file", "end_time": "file", "dataset_format": {"csv": {"header": true}}}')
    environ = {"start_time": "environ", "end_time": "environ", "dataset_source": "environ", "HOME": "/root"}

    values, problems = described(f"--job={file}", OUTPUT, "--end-time=arguments", **environ)

    assert problems == []
    assert json.loads(values.pop("dataset_format")) == {"csv": {"header": True}}
    assert values == BESIDE | {"start_time": "file", "end_time": "arguments", "dataset_source": "environ"}


def test_a_job_file_may_lie_on_s3(s3: Bucket) -> None:
    place = s3.put("job.json", b'{"output_path": "s3://bucket/report", "metric_time": null}')

    assert described("--job", place) == (BESIDE, [])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dataset-sorce=x"], "arguments: unknown setting 'dataset_sorce'. Hint: did you mean 'dataset_source'"),
        (["captured"], "arguments: 'captured' was not expected. Hint: write --name=value."),
        (["--"], "arguments: '--' was not expected. Hint: write --name=value."),
        (["--dataset-source"], "arguments: --dataset-source has no value. Hint: write --dataset-source=value."),
        (["--dataset-source="], "arguments: --dataset-source has no value. Hint: write --dataset-source=value."),
        (["--dataset-source", "--engine=spark"], "arguments: --dataset-source has no value."),
        (["--job=/no/such"], "job file /no/such: No such file or directory. Hint: it must be a JSON object"),
        (["--job=s3://bucket"], "job file s3://bucket: is not of the form s3://bucket/key."),
        (["--job=hdfs:///job.json"], "job file hdfs:///job.json: only local paths and s3:// URIs are supported."),
    ],
)
def test_what_is_wrong_with_the_request_is_a_problem_of_the_job(arguments: list[str], expected: str) -> None:
    _, problems = described(OUTPUT, *arguments)

    assert len(problems) == 1
    assert problems[0].startswith(expected)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": NaN}', "[" * 100_000, '"text"', "{" + '"a":{' * 5000, "x" * (2 << 20)]
)
def test_a_job_file_that_is_no_object_is_a_problem(text: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(text)

    values, problems = described(OUTPUT, f"--job={tmp_path / 'job.json'}")

    assert values == BESIDE
    assert len(problems) == 1
    assert problems[0].endswith("Hint: it must be a JSON object of settings by name.")


def test_an_unknown_name_in_a_job_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"dataset": "x", "PATH": "y"}')

    values, problems = described(OUTPUT, f"--job={tmp_path / 'job.json'}")

    assert values == BESIDE
    assert [problem.split(".")[0] for problem in problems] == [
        "job file: unknown setting 'dataset'",
        "job file: unknown setting 'PATH'",
    ]


@pytest.mark.parametrize(
    ("output", "container", "problem"),
    [
        ("", "", "output_path is missing. Hint: write --output-path=s3://bucket/prefix."),
        ("report", "", None),
        ("report", "container_1", "output_path='report' would be lost with the driver's container."),
        ("/mnt/shared/report", "container_1", None),
        ("s3://bucket/report", "container_1", None),
    ],
)
def test_an_output_that_nobody_would_find_is_refused(output: str, container: str, problem: str | None) -> None:
    environ = {"CONTAINER_ID": container} if container else {}

    _, problems = described(*([f"--output-path={output}"] if output else []), **environ)

    assert len(problems) == bool(problem)
    assert not problem or problems[0].startswith(problem)


def test_a_job_without_spark_submit_runs_as_well(tmp_path: Path) -> None:
    """The driver needs nothing but the package; `auto` is the local engine then."""
    (tmp_path / "data.csv").write_text("a,b\n1,x\n2,y\n")
    flags = [f"--dataset-source={tmp_path / 'data.csv'}", f"--output-path={tmp_path / 'out'}", "--dataset-format=csv"]

    done = subprocess.run([sys.executable, str(DRIVER), *flags], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/message").read_text().startswith("Completed")
    assert {"statistics.json", "constraints.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_without_the_archive_the_driver_says_what_is_missing() -> None:
    """In whatever Python a node has: -S hides the packages of this one."""
    done = subprocess.run([sys.executable, "-I", "-S", str(DRIVER)], check=False, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: the analyzer cannot be imported by {sys.executable} (Python 3.")
    assert "Hint: ship the archive of `make package` with --archives ARCHIVE#environment" in done.stderr


def test_an_old_python_can_read_the_driver() -> None:
    ast.parse(DRIVER.read_text("utf-8"), feature_version=(3, 7))
