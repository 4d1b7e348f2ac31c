"""What the hosts of a job are told about each other, and the secret they make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from container.cluster import Resources, _secret, read_resources
from container.inputs import sharded_folders

TWO = ["algo-1", "algo-2"]


def written(folder: Path, document: object) -> str:
    """Path of a file with the document."""
    (folder / "file.json").write_text(json.dumps(document), "utf-8")
    return str(folder / "file.json")


def test_the_hosts_are_read_as_the_platform_writes_them(tmp_path: Path) -> None:
    document = {"current_host": "algo-2", "hosts": TWO, "current_instance_type": "ml.zz9.large", "network": {}}
    assert read_resources(written(tmp_path, document)) == Resources("algo-2", TWO)


def test_without_the_file_there_is_one_host(tmp_path: Path) -> None:
    assert len(read_resources(str(tmp_path / "none")).hosts) == 1


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "must be like"),
        ({"hosts": TWO}, "current_host"),
        ({"current_host": "algo-3", "hosts": TWO}, "current_host among them"),
        ({"current_host": "algo-1", "hosts": ["algo-1", "algo-1"]}, "every host once"),
        ({"current_host": "a;rm -r", "hosts": ["a;rm -r", "b"]}, "letters, digits"),
        ({"current_host": "--conf", "hosts": ["--conf", "b"]}, "letters, digits"),
        ({"current_host": "a\nb", "hosts": ["a\nb"]}, "letters, digits"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, document: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_resources(written(tmp_path, document))


def test_all_hosts_of_a_job_make_the_same_secret(tmp_path: Path) -> None:
    job = written(tmp_path, {"ProcessingJobArn": "arn:a", "ProcessingJobName": "a", "AppSpecification": {}})
    assert _secret(Resources("algo-1", TWO), job) == _secret(Resources("algo-2", TWO), job)


def test_jobs_have_different_secrets(tmp_path: Path) -> None:
    resources = Resources("algo-1", TWO)
    secrets = {_secret(resources, written(tmp_path, {"ProcessingJobArn": arn})) for arn in ("arn:a", "arn:b")}
    assert len(secrets | {_secret(resources, str(tmp_path / "none"))}) == 3


def given(distribution: str) -> dict[str, object]:
    """The request of a job with one input."""
    storage = {"S3Uri": "s3://bucket/captured", "S3DataDistributionType": distribution, "LocalPath": "/opt/ml/x/"}
    return {"ProcessingInputs": [{"InputName": "input_1", "S3Input": storage, "DatasetDefinition": None}]}


def test_folders_of_which_every_host_has_a_part_are_known(tmp_path: Path) -> None:
    query = {"DataDistributionType": "ShardedByS3Key", "LocalPath": "/opt/ml/query"}
    queried: dict[str, object] = {"ProcessingInputs": [{"S3Input": None, "DatasetDefinition": query}]}
    assert sharded_folders(written(tmp_path, given("ShardedByS3Key"))) == ["/opt/ml/x"]
    assert sharded_folders(written(tmp_path, queried)) == ["/opt/ml/query"]


@pytest.mark.parametrize("document", [given("FullyReplicated"), {}, {"ProcessingInputs": None}, []])
def test_other_inputs_are_taken_as_they_are(tmp_path: Path, document: object) -> None:
    assert sharded_folders(written(tmp_path, document)) == []
