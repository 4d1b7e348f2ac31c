"""The container's variables become one checked value, or one message that lists all that is wrong."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.job import MONITORING_SOURCE, Job, given_values
from analyzer.log import one_line
from analyzer.settings import BASELINE_SOURCE, SETTINGS
from tests.asked import from_nothing_else, problem

BOTH = ("endpointInput", "endpointOutput")


SCHEDULED = {
    "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
    "dataset_source": "/opt/ml/processing/endpointdata",
    "output_path": "/opt/ml/processing/resultdata",
    "start_time": "2021-05-06T22:00:00Z",
    "end_time": "2021-05-06T23:00:00Z",
    "publish_cloudwatch_metrics": "Enabled",
    "sagemaker_endpoint_name": "abalone",
    "sagemaker_monitoring_schedule_name": "hourly",
    "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
    "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
    "PipelineName": "passed through by the platform",
}


def test_nothing_set_is_a_baseline_job_with_the_defaults_of_the_contract() -> None:
    assert from_nothing_else() == Job()
    assert from_nothing_else().is_baseline
    assert from_nothing_else().dataset_source == BASELINE_SOURCE


def test_a_scheduled_job_is_read_as_the_platform_writes_it() -> None:
    found = from_nothing_else(**SCHEDULED)
    assert found.dataset_format == DatasetFormat("capture", capture_sides=BOTH)
    assert found.start_time == datetime(2021, 5, 6, 22, tzinfo=UTC)
    assert found.metric_time == found.start_time
    assert found.publish_cloudwatch_metrics
    assert not found.is_baseline


@pytest.mark.parametrize("name", ["baseline_constraints", "baseline_statistics"])
def test_either_baseline_file_makes_a_monitoring_job_with_its_own_source(name: str) -> None:
    found = from_nothing_else(**{name: "baseline.json"})
    assert (found.is_baseline, found.dataset_source) == (False, MONITORING_SOURCE)


def test_a_blank_value_counts_as_not_set() -> None:
    assert from_nothing_else(dataset_format="", start_time=" ", analyzer_engine="", analyzer_wrong="") == Job()


def test_the_environment_wins_over_the_processing_jobs_file_and_a_blank_does_not(tmp_path: Path) -> None:
    file = tmp_path / "processingjobconfig.json"
    in_file = {"dataset_source": "/from/file", "output_path": "/from/file", "problem_type": None}
    file.write_text(json.dumps({"ProcessingJobName": "j", "Environment": in_file}))
    found = Job.from_environment({"dataset_source": "/from/env", "output_path": ""}, str(file))
    assert (found.dataset_source, found.output_path) == ("/from/env", "/from/file")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"Environment": []}', '{"Environment": {"a": 1}}', "[" * 9000, "\xff"]
)
def test_a_damaged_processing_job_file_is_reported(tmp_path: Path, text: str) -> None:
    file = tmp_path / "processingjobconfig.json"
    file.write_text(text, "latin-1")
    with pytest.raises(ConfigError, match=r"processingjobconfig\.json.*Hint"):
        Job.from_environment({}, str(file))


def test_all_problems_are_listed_at_once_each_with_its_variable_value_and_hint() -> None:
    text = problem(
        dataset_format='{"cvs": {}}',
        start_time="yesterday",
        end_time="2021-05-06T23:00:00Z",
        analyzer_engin="local",
        publish_cloudwatch_metrics="yes",
        dataset_source="http://example.org/data",
    )
    assert text.startswith("configuration has 5 problems: (1) ")
    for expected in ("did you mean 'csv'", "start_time='yesterday'", "'analyzer_engine'", "Enabled", "s3://bucket/key"):
        assert expected in text


def test_unknown_names_are_ignored_unless_they_look_like_ours() -> None:
    assert from_nothing_else(Region="eu", dataset_sauce="x") == Job()
    assert "did you mean 'analyzer_compat'" in problem(analyzer_compatt="strict")


def test_a_window_has_both_ends_and_some_length() -> None:
    assert "only one is set" in problem(start_time="2021-05-06")
    assert "only one is set" in problem(end_time="2021-05-06")
    assert "is not before" in problem(start_time="2021-05-06", end_time="2021-05-06T00:00:00Z")


def test_a_message_holds_no_credentials_and_no_long_values() -> None:
    text = problem(output_path="https://me:hunter2@host/?X-Amz-Signature=abcdef0123&x=1", analyzer_compat="z" * 9999)
    assert "hunter2" not in text
    assert "abcdef0123" not in text
    assert len(text) < 700


ANY_VARIABLE = st.sampled_from([setting.name for setting in SETTINGS if setting.name != "analyzer_config"])


@given(st.dictionaries(ANY_VARIABLE, st.text()))
def test_any_text_gives_a_job_that_workers_can_receive_or_a_line_of_problems(environ: dict[str, str]) -> None:
    try:
        found = from_nothing_else(**environ)
    except ConfigError as error:
        explained = one_line(str(error))
        assert explained == str(error)  # noqa: PT017 - most texts are fine
    else:
        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_only_known_names_are_taken_from_the_environment() -> None:
    values, problems = given_values({"dataset_source": " x ", "AWS_SECRET_ACCESS_KEY": "y"}, "no-such-file.json")
    assert (values, problems) == ({"dataset_source": "x"}, [])
