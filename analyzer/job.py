"""What a run was asked to do: the container's variables with their types and defaults, as one validated value.

`SETTINGS` is the only list of variables; environment, command line and docs/reference/settings.md follow it.
Source: contract.md sections 1 and 2.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import msgspec
from msgspec import Meta

from analyzer.dataset_format import DatasetFormat, parse_dataset_format
from analyzer.errors import ConfigError, nearest
from analyzer.log import one_line, redacted

PROCESSING_CONFIG = "/opt/ml/config/processingjobconfig.json"
BASELINE_SOURCE = "/opt/ml/processing/input/baseline_dataset_input"
MONITORING_SOURCE = "/opt/ml/processing/input/endpoint"
OUTPUT = "/opt/ml/processing/output"
METRICS = "/opt/ml/output/metrics/cloudwatch"
MESSAGE = "/opt/ml/output/message"
AVAILABLE_ANALYSES = ("DATA_QUALITY",)  # the one place to change when a monitor is added
AVAILABLE_ENGINES = ("auto", "local")  # the one place to change when an engine is added
CPU_QUOTA = "/sys/fs/cgroup/cpu.max"
LARGEST_OPTIONS_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kind:
    """Type of a setting: its name in help texts, and how it is read (ValueError or ConfigError says what is wrong)."""

    label: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the container, listed under `group`; the default "" means none."""

    group: str
    name: str
    kind: Kind
    meaning: str
    default: str = ""

    @property
    def flag(self) -> str:
        """Spelling on the command line."""
        return "--" + self.name.removeprefix("analyzer_").replace("_", "-")


def choice(allowed: tuple[str, ...], available: tuple[str, ...] = ()) -> Kind:
    """One of some words, in any case; those not available yet are recognised and refused."""

    def read(text: str) -> str:
        word = {known.lower(): known for known in allowed}.get(text.lower())
        if word is None:
            raise ValueError(f"expected one of {', '.join(allowed)}.{nearest(text, allowed)}")
        if available and word not in available:
            raise ValueError(f"{word} is not available yet in this version. Hint: use {' or '.join(available)}.")
        return word

    return Kind("|".join(allowed), read)


def available_cores() -> int:
    """Cores this process may use: affinity, and the quota of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path(CPU_QUOTA).read_text("ascii").split()
        return max(1, min(cores, -(-int(quota) // int(period))))
    except (OSError, ValueError):  # no such file outside cgroup v2, and "max" is no number
        return cores


def _text(text: str) -> str:
    if one_line(text) != text:
        raise ValueError("expected one line without control characters. Hint: remove line ends and the like.")
    return text


def _path(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() != "s3":
        raise ValueError("expected a local path or s3://bucket/key. Hint: other addresses are not read.")
    if separator and not rest.partition("/")[0]:
        raise ValueError("the bucket is missing. Hint: write s3://bucket/key.")
    return _text(f"s3://{rest}" if separator else text)


def _moment(text: str) -> datetime:
    compact = "".join(text.split())
    dated = compact if "T" in compact.upper() or len(compact) < 11 else f"{compact[:10]}T{compact[10:]}"
    try:
        moment = datetime.fromisoformat(dated)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("expected an ISO 8601 time. Hint: write 2021-05-06T22:00:00Z.") from error


def _processes(text: str) -> int:
    if text == "cores":
        return available_cores()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1024):
        raise ValueError('expected a whole number from 1 to 1024, or "cores". Hint: leave it out to use all cores.')
    return int(text)


TEXT = Kind("text", _text)
PATH = Kind("path", _path)
TIME = Kind("time", _moment)
FORMAT = Kind("format", parse_dataset_format)
SWITCH = Kind("Enabled|Disabled", lambda text: choice(("Enabled", "Disabled")).read(text) == "Enabled")
PROCESSES = Kind("count", _processes)
DRIFT = choice(("LInfinity", "ChiSquared"))
ANALYSIS = choice(("DATA_QUALITY", "MODEL_QUALITY", "MODEL_BIAS", "MODEL_EXPLAINABILITY"), AVAILABLE_ANALYSES)
ENGINE = choice(("auto", "local", "spark"), AVAILABLE_ENGINES)
COMPAT = choice(("default", "strict"))

DATA, BASELINE, WINDOW, RESULT = "Data", "Baseline", "Window", "Results"
SCRIPT, ORIGIN, QUALITY, RUN = "User scripts", "Origin of the data", "Model quality (not available yet)", "How to run"

SETTINGS: tuple[Setting, ...] = (
    Setting(DATA, "dataset_source", PATH, "File, or folder that is read with all below it", BASELINE_SOURCE),
    Setting(
        DATA, "dataset_format", FORMAT, 'Layout of the data: csv or {"csv": {"header": true}}; detected when absent'
    ),
    Setting(BASELINE, "baseline_constraints", PATH, "constraints.json of the baseline; makes the run a monitoring run"),
    Setting(BASELINE, "baseline_statistics", PATH, "statistics.json of the baseline; makes the run a monitoring run"),
    Setting(
        BASELINE, "categorical_drift_method", DRIFT, "LInfinity or ChiSquared, for the constraints of a baseline run"
    ),
    Setting(WINDOW, "start_time", TIME, "First moment that is analysed, UTC when no zone is given; needs end_time"),
    Setting(WINDOW, "end_time", TIME, "First moment that is no longer analysed; needs start_time"),
    Setting(WINDOW, "metric_time", TIME, "Time stamp of the metrics; start_time when absent"),
    Setting(RESULT, "output_path", PATH, "Folder for statistics, constraints and violations", OUTPUT),
    Setting(RESULT, "output_message_file", PATH, "File for the closing message, at most 1 KB", MESSAGE),
    Setting(RESULT, "publish_cloudwatch_metrics", SWITCH, "Enabled: write metrics for CloudWatch", "Disabled"),
    Setting(RESULT, "cloudwatch_metrics_directory", PATH, "Folder for the CloudWatch metrics", METRICS),
    Setting(SCRIPT, "record_preprocessor_script", PATH, "Python file whose preprocess_handler sees each record"),
    Setting(SCRIPT, "post_analytics_processor_script", PATH, "Python file whose postprocess_handler runs at the end"),
    Setting(ORIGIN, "sagemaker_endpoint_name", TEXT, "Endpoint that was captured; a dimension of the metrics"),
    Setting(ORIGIN, "sagemaker_monitoring_schedule_name", TEXT, "Schedule of this run; a dimension of the metrics"),
    Setting(ORIGIN, "sagemaker_endpoint_datacapture_prefix", PATH, "Where the endpoint writes its captured data"),
    Setting(QUALITY, "problem_type", TEXT, "Regression, BinaryClassification or MulticlassClassification"),
    Setting(QUALITY, "inference_attribute", TEXT, "Column or path of the predicted label or value"),
    Setting(QUALITY, "probability_attribute", TEXT, "Column or path of the score"),
    Setting(QUALITY, "probability_threshold_attribute", TEXT, "Score from which the prediction is positive"),
    Setting(QUALITY, "ground_truth_attribute", TEXT, "Column or path of the true label or value"),
    Setting(QUALITY, "ground_truth_source", PATH, "Folder of the ground truth records"),
    Setting(QUALITY, "positive_label", TEXT, "Label that counts as positive"),
    Setting(RUN, "analysis_type", ANALYSIS, "Monitor to run; only DATA_QUALITY so far", "DATA_QUALITY"),
    Setting(RUN, "analyzer_engine", ENGINE, "auto or local; spark is not available yet", "auto"),
    Setting(RUN, "analyzer_processes", PROCESSES, "Worker processes of the local engine, 1 to 1024", "cores"),
    Setting(RUN, "analyzer_compat", COMPAT, "strict repeats known quirks of the closed image", "default"),
    Setting(RUN, "analyzer_config", PATH, "YAML or JSON file with the options of a run"),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Position = Literal["START", "END"]
Separator = Annotated[str, Meta(min_length=1, max_length=8)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contents of the file that `analyzer_config` names; null means not set."""

    quarantine_samples: Annotated[Count, Meta(description="Rejected records that are listed")] = 100
    quarantine_excerpt: Annotated[Count, Meta(description="Characters kept of each listed raw record")] = 0
    example_ids: Annotated[Count, Meta(description="Event ids given as examples of each trouble")] = 5
    categories_limit: Annotated[Positive, Meta(description="Distinct texts up to which each one is listed")] = 120
    frequent_items: Annotated[Positive, Meta(description="Most frequent texts listed beyond that limit")] = 20
    distinct_exact: Annotated[Count, Meta(description="Distinct values counted exactly, then estimated")] = 10_000
    minimum_samples: Annotated[Positive | None, Meta(description="Rows below which drift is not judged")] = None
    rejected_share_warning: Annotated[Share, Meta(description="Share of rejected records that is warned of")] = 0.01
    rejected_share_failure: Annotated[Share | None, Meta(description="Share of rejected records that fails")] = None
    fail_on_empty: Annotated[bool, Meta(description="Fail when there is no record")] = False
    fail_on_violations: Annotated[bool, Meta(description="Exit code 10 on violations of severity error")] = False
    explode_requests: Annotated[bool, Meta(description="A captured request of several rows is several rows")] = True
    output_columns_position: Annotated[Position | None, Meta(description="START or END: where outputs are")] = None
    csv_header: Annotated[bool | None, Meta(description="CSV files have a header, whatever dataset_format says")] = None
    flatten_separator: Annotated[Separator, Meta(description="Text between the keys of nested JSON")] = "."
    flatten_limit: Annotated[Positive, Meta(description="Columns that nested JSON may become")] = 4096
    whole_numbers_are_integral: Annotated[bool, Meta(description="1.0 counts as Integral, not Fractional")] = False
    check_after_type_violation: Annotated[bool, Meta(description="Judge drift although the type is wrong")] = False
    max_record_bytes: Annotated[int, Meta(ge=1024, le=1 << 31, description="Longest record, in bytes")] = 67_108_864
    gzip_max_ratio: Annotated[Positive, Meta(description="Times that a gzip file may grow")] = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything a run needs, typed and checked; field names are the variables' names (meaning: `SETTINGS`).

    Times are aware and in UTC; the window is [start_time, end_time). Paths are local or s3:// URIs.
    """

    dataset_source: str = BASELINE_SOURCE
    dataset_format: DatasetFormat | None = None
    baseline_constraints: str | None = None
    baseline_statistics: str | None = None
    categorical_drift_method: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    metric_time: datetime | None = None
    output_path: str = OUTPUT
    output_message_file: str = MESSAGE
    publish_cloudwatch_metrics: bool = False
    cloudwatch_metrics_directory: str = METRICS
    record_preprocessor_script: str | None = None
    post_analytics_processor_script: str | None = None
    sagemaker_endpoint_name: str | None = None
    sagemaker_monitoring_schedule_name: str | None = None
    sagemaker_endpoint_datacapture_prefix: str | None = None
    problem_type: str | None = None
    inference_attribute: str | None = None
    probability_attribute: str | None = None
    probability_threshold_attribute: str | None = None
    ground_truth_attribute: str | None = None
    ground_truth_source: str | None = None
    positive_label: str | None = None
    analysis_type: str = "DATA_QUALITY"
    analyzer_engine: str = "auto"
    analyzer_processes: int = field(default_factory=available_cores)
    analyzer_compat: str = "default"
    analyzer_config: str | None = None
    options: Options = field(default_factory=Options)

    @property
    def is_baseline(self) -> bool:
        """Whether the run suggests constraints instead of checking them (contract.md 1.1)."""
        return self.baseline_constraints is None and self.baseline_statistics is None

    @property
    def is_strict(self) -> bool:
        """Whether known quirks of the closed image are repeated."""
        return self.analyzer_compat == "strict"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], processing_config_path: str = PROCESSING_CONFIG) -> Job:
        """The job that the environment, and behind it the processing job's own file, describes."""
        return cls.from_values(*given_values(environ, processing_config_path))

    @classmethod
    def from_values(cls, values: Mapping[str, str], problems: Iterable[str] = ()) -> Job:
        """The job that named texts describe; one ConfigError lists all problems, those given included."""
        found, given = list(problems), _set_only(values)
        typed: dict[str, Any] = {setting.name: _typed(setting, given.get(setting.name), found) for setting in SETTINGS}
        found += _window_problems(typed["start_time"], typed["end_time"], given)
        typed["metric_time"] = typed["metric_time"] or typed["start_time"]
        if "dataset_source" not in given and (typed["baseline_constraints"] or typed["baseline_statistics"]):
            typed["dataset_source"] = MONITORING_SOURCE
        options = _options(typed["analyzer_config"], found)
        if found:
            raise ConfigError(_listed(found))
        return cls(**typed, options=options)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run tells: counts, the closing message, files written, a text for people, the exit code."""

    records: int
    violations: int
    message: str
    files: list[str]
    summary: str
    exit_code: int = 0


def given_values(environ: Mapping[str, str], processing_config_path: str) -> tuple[dict[str, str], list[str]]:
    """Variables that are set, the environment before the file's `Environment` map, and what is wrong with them.

    A blank value is not set. Unknown names are ignored, unless they start like ours: then they are a problem.
    """
    problems: list[str] = []
    given = _set_only(_file_environment(processing_config_path, problems)) | _set_only(environ)
    strange = [name for name in given if name.startswith("analyzer_") and name not in BY_NAME]
    problems += [str(ConfigError.unknown_name(name[:80], BY_NAME, "environment")) for name in strange]
    return {name: text for name, text in given.items() if name in BY_NAME}, problems


class _ProcessingJob(msgspec.Struct):
    environment: dict[str, str | None] | None = msgspec.field(name="Environment", default=None)


def _file_environment(path: str, problems: list[str]) -> dict[str, str]:
    try:
        request = msgspec.json.decode(Path(path).read_bytes(), type=_ProcessingJob)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        problems.append(f"{path}: {error}. Hint: it must be the CreateProcessingJob request as JSON.")
        return {}
    return {name: text for name, text in (request.environment or {}).items() if text}


def _set_only(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in values.items() if text.strip()}


def _typed(setting: Setting, given: str | None, problems: list[str]) -> object:
    text = given or setting.default
    try:
        return setting.kind.read(text) if text else None
    except (ValueError, ConfigError) as error:
        problems.append(f"{setting.name}={text[:80]!r}: {error}")
        return None


def _window_problems(start: datetime | None, end: datetime | None, given: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the two ends together; an end that could not be read has its own problem already."""
    if ("start_time" in given) != ("end_time" in given):
        yield "start_time and end_time: only one is set. Hint: set both, or neither to analyse all data."
    if start and end and start >= end:
        yield f"start_time {start.isoformat()} is not before end_time {end.isoformat()}. Hint: swap or correct them."


def _listed(problems: list[str]) -> str:
    numbered = " ".join(f"({number}) {problem}" for number, problem in enumerate(problems, 1))
    text = (
        f"configuration: {problems[0]}"
        if len(problems) == 1
        else f"configuration has {len(problems)} problems: {numbered}"
    )
    return one_line(redacted(text))


def _options(path: str | None, problems: list[str]) -> Options:
    if path is None:
        return Options()
    is_json = path.endswith(".json")
    try:
        raw = _contents(path)
        named = msgspec.json.decode(raw) if is_json else msgspec.yaml.decode(raw)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        problems.append(f"analyzer_config={path!r}: cannot be read ({error}). Hint: it must be a YAML or JSON file.")
        return Options()
    if not isinstance(named, dict | None):
        problems.append(f"analyzer_config={path!r}: expected names and values, such as fail_on_empty: true.")
        return Options()
    values: dict[str, Any] = {
        name: _option(name, value, problems, strict=is_json) for name, value in (named or {}).items()
    }
    return Options() if problems else Options(**values)


def _option(name: object, value: object, problems: list[str], *, strict: bool) -> object:
    """The value in its type; YAML's numbers may be written as text (it reads 1e-2 as one)."""
    known = {option.name: option for option in msgspec.structs.fields(Options)}
    option = known.get(str(name))
    if option is None:
        problems.append(f"analyzer_config at $.{str(name)[:80]}: unknown option.{nearest(str(name)[:80], known)}")
        return None
    try:
        return msgspec.convert(value, option.type, strict=strict)
    except msgspec.ValidationError as error:
        problems.append(f"analyzer_config at $.{name}: {error}. Hint: the default is {option.default!r}.")
        return None


def _contents(path: str) -> bytes:
    if not path.startswith("s3://"):
        return _within_limit(Path(path).open("rb"))
    storage, failures = import_module("smart_open"), import_module("botocore.exceptions")  # late: they load slowly
    try:
        return _within_limit(storage.open(path, "rb", compression="disable"))
    except (failures.BotoCoreError, failures.ClientError) as error:
        raise OSError(str(error)) from error


def _within_limit(opened: BinaryIO) -> bytes:
    with opened as file:
        contents = file.read(LARGEST_OPTIONS_BYTES + 1)
    if len(contents) > LARGEST_OPTIONS_BYTES:
        raise OSError(f"larger than {LARGEST_OPTIONS_BYTES} bytes")
    return contents
