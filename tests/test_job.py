"""The container's variables become one checked value, or one message that lists all that is wrong."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer import job
from analyzer.dataset_format import CAPTURE_SIDES, DatasetFormat, parse_dataset_format
from analyzer.errors import ConfigError
from analyzer.job import BASELINE_SOURCE, MONITORING_SOURCE, SETTINGS, Job, Options, given_values
from analyzer.log import one_line

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


def from_nothing_else(**environ: str) -> Job:
    return Job.from_environment(environ, "no-such-file.json")


def problem(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        from_nothing_else(**environ)
    return str(caught.value)


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


@pytest.mark.parametrize(("quota", "expected"), [("50000 100000", 1), ("200000 100000", 2), ("max 100000", 8), ("", 8)])
def test_the_quota_of_the_container_limits_the_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, expected: int
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(job, "CPU_QUOTA", str(tmp_path / "cpu.max"))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert from_nothing_else().analyzer_processes == from_nothing_else(analyzer_processes="cores").analyzer_processes
    assert from_nothing_else().analyzer_processes == expected


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


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-06T22:00:00Z",
        "2021-05-06T22: 00: 00Z",
        " 2021-05-06 22:00:00 ",
        "2021-05-06T22:00",
        "2021-05-07T00:00:00+02:00",
    ],
)
def test_times_are_utc_and_lose_stray_blanks(text: str) -> None:
    found = from_nothing_else(start_time=text, end_time="2021-05-06T23:00:00Z")
    assert found.start_time == datetime(2021, 5, 6, 22, tzinfo=UTC)
    assert found.start_time.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "2021-13-01", "1620338400", "T", "-PT1H", "\u0662021-05-06"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert "Hint: write 2021-05-06T22:00:00Z" in problem(start_time=text, end_time="2021-05-06")


def test_a_window_has_both_ends_and_some_length() -> None:
    assert "only one is set" in problem(start_time="2021-05-06")
    assert "only one is set" in problem(end_time="2021-05-06")
    assert "is not before" in problem(start_time="2021-05-06", end_time="2021-05-06T00:00:00Z")


@pytest.mark.parametrize("kind", ["MODEL_QUALITY", "MODEL_BIAS", "model_explainability"])
def test_monitors_to_come_are_recognised_and_refused(kind: str) -> None:
    assert "is not available yet in this version" in problem(analysis_type=kind)


def test_words_are_accepted_in_any_case() -> None:
    found = from_nothing_else(
        categorical_drift_method="chisquared", analyzer_compat="STRICT", analysis_type="data_quality"
    )
    assert (found.categorical_drift_method, found.analyzer_compat, found.analysis_type) == (
        "ChiSquared",
        "strict",
        "DATA_QUALITY",
    )
    assert found.is_strict


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("analyzer_engine", "spark"),
        ("analyzer_processes", "0"),
        ("analyzer_processes", "1025"),
        ("analyzer_processes", "9" * 5000),
        ("analyzer_processes", "²"),
        ("analyzer_processes", "-1"),
        ("categorical_drift_method", "KS"),
        ("output_path", "s3:///key"),
        ("output_path", "a\nb"),
        ("dataset_source", "a\0b"),
        ("inference_attribute", "\udcff"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, text: str) -> None:
    assert f"{name}=" in problem(**{name: text})


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


def test_settings_are_unique_grouped_and_their_defaults_are_those_of_a_job() -> None:
    assert len({setting.flag for setting in SETTINGS}) == len(SETTINGS)
    groups = [group for group, _ in groupby(setting.group for setting in SETTINGS)]
    assert len(groups) == len(set(groups))
    assert {setting.name for setting in SETTINGS} | {"options"} == set(Job.__dataclass_fields__)


def test_only_known_names_are_taken_from_the_environment() -> None:
    values, problems = given_values({"dataset_source": " x ", "AWS_SECRET_ACCESS_KEY": "y"}, "no-such-file.json")
    assert (values, problems) == ({"dataset_source": "x"}, [])


@pytest.mark.parametrize(
    ("name", "text"), [("o.json", '{"example_ids": 7}'), ("o.yaml", "example_ids: 7"), ("o", "{example_ids: 7}")]
)
def test_options_come_from_json_or_yaml(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert from_nothing_else(analyzer_config=str(file)).options == Options(example_ids=7)


@pytest.mark.parametrize("text", ["", "# nothing", "rejected_share_warning: 1e-2", "minimum_samples: null"])
def test_an_empty_file_and_yaml_numbers_are_fine(tmp_path: Path, text: str) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(text)
    assert from_nothing_else(analyzer_config=str(file)).options == Options()


def test_all_problems_of_the_options_are_listed_with_their_paths(tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("exemple_ids: 7\nrejected_share_warning: 2\nfail_on_empty: maybe\nflatten_separator: ''\n1: 2")
    text = problem(analyzer_config=str(file), start_time="x", end_time="y")
    assert text.startswith("configuration has 7 problems")
    for path in ("$.exemple_ids: unknown", "$.rejected_share_warning", "$.fail_on_empty", "$.flatten_separator", "$.1"):
        assert path in text
    assert "did you mean 'example_ids'" in text


@pytest.mark.parametrize(
    "text", ["- a", "a: [", "text", "a: \xff", "[" * 5000, "!!python/object/apply:os.getcwd []", "#" * 2_000_000]
)
@pytest.mark.parametrize("name", ["options.yaml", "options.json"])
def test_a_damaged_options_file_is_reported(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, "latin-1")
    assert "analyzer_config=" in problem(analyzer_config=str(file))


def test_a_missing_options_file_is_reported() -> None:
    assert "no-such.yaml" in problem(analyzer_config="no-such.yaml")


@pytest.mark.parametrize("option", msgspec.structs.fields(Options), ids=lambda option: option.name)
def test_every_default_of_the_options_is_within_its_own_range(option: msgspec.structs.FieldInfo) -> None:
    assert msgspec.convert(option.default, option.type) == option.default


CSV = DatasetFormat("csv", header=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"csv": {"header": true, "output_columns_position": "START"}}',
            DatasetFormat("csv", header=True, output_columns_position="START"),
        ),
        (
            '{"csv": {"header": "False", "output_columns_position": "end"}}',
            DatasetFormat("csv", output_columns_position="END"),
        ),
        ('{"Csv":{"Header":true}}', CSV),
        ('{"csv":{}}', CSV),
        ('{"csv":null, "comment": 1}', CSV),
        (" CSV ", CSV),
        ('{"json": {"lines": true}}', DatasetFormat("jsonlines")),
        ('{"json": {"line": "true"}}', DatasetFormat("jsonlines")),
        ('{"Json":{"Line":false}}', DatasetFormat("json")),
        ("json", DatasetFormat("json")),
        ("jsonl", DatasetFormat("jsonlines")),
        ('{"Parquet":{}}', DatasetFormat("parquet")),
        ('{"sagemakerCaptureJson": {}}', DatasetFormat("capture", capture_sides=BOTH)),
        ("sagemakerCaptureJson", DatasetFormat("capture", capture_sides=BOTH)),
        (
            '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
            DatasetFormat("capture", capture_sides=("endpointOutput",)),
        ),
        (
            '{"sagemakerMergeJson":{"captureIndexNames":["batchtransformoutput"]}}',
            DatasetFormat("merge", capture_sides=("batchTransformOutput",)),
        ),
    ],
)
def test_every_recorded_spelling_of_the_format_is_understood(text: str, expected: DatasetFormat) -> None:
    assert parse_dataset_format(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"cvs": {}}', "did you mean 'csv'"),
        ("parket", "did you mean 'parquet'"),
        ("{'csv': {'header': True}}", "not a JSON object"),
        ('{"csv": {}, "json": {}}', "several formats"),
        ('{"csv": {"header": ["true", "false"]}}', "expected true or false"),
        ('{"csv": {"header": 1}}', "expected true or false"),
        ('{"csv": true}', "expected an object"),
        ('{"csv": {"output_columns_position": "MIDDLE"}}', "START or END"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInputs"]}}', "did you mean 'endpointInput'"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": [[]]}}', "unknown name"),
        ('{"sagemakerCaptureJson": {"captureIndexNames": {"a": 1}}}', "expected a list"),
        ('{"csv": ' + "[" * 3000, "Hint"),
        ("{}" + " " * 5000 + "x", "Hint"),
        ("{}", "Hint"),
    ],
)
def test_a_wrong_format_is_explained(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        parse_dataset_format(text)


KEYS = st.sampled_from(["csv", "captureIndexNames", "capture", "header", "json", "line"])
DOCUMENTS = st.recursive(st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(st.text() | DOCUMENTS.map(json.dumps))
def test_any_text_is_a_format_or_a_configuration_error(text: str) -> None:
    try:
        sides = parse_dataset_format(text).capture_sides
    except ConfigError:
        sides = ()
    assert set(sides) <= set(CAPTURE_SIDES)
