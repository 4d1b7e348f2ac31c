"""What a run was asked to do, as one validated value, and what it did.

Source: contract.md sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.log import one_line, redacted
from analyzer.options import Options, read_options
from analyzer.settings import (
    ANALYSIS_CONFIG,
    ANALYSIS_SOURCE,
    BASELINE,
    BASELINE_SOURCE,
    BY_NAME,
    MESSAGE,
    METRICS,
    OUTPUT,
    QUALITY,
    SETTINGS,
    Setting,
    available_cores,
)

PROCESSING_CONFIG = "/opt/ml/config/processingjobconfig.json"
MONITORING_SOURCE = "/opt/ml/processing/input/endpoint"


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
    probability_threshold_attribute: float | None = None
    ground_truth_attribute: str | None = None
    ground_truth_source: str | None = None
    positive_label: str | None = None
    analysis_config: str = ANALYSIS_CONFIG
    features_attribute: str | None = None
    analysis_type: str = "DATA_QUALITY"
    analyzer_engine: str = "auto"
    analyzer_processes: int = field(default_factory=available_cores)
    analyzer_compat: str = "default"
    analyzer_checks: str | None = None
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

    @property
    def resolved(self) -> str:
        """All settings as they are in force, as JSON for the log; what looks like a credential is left out."""
        values = {setting.name: getattr(self, setting.name) for setting in SETTINGS}
        shown = {name: redacted(value, name) if isinstance(value, str) else value for name, value in values.items()}
        return msgspec.json.encode(shown).decode()

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
        if "analysis_type" not in given and typed["ground_truth_source"]:
            typed["analysis_type"] = _analysis_with_truth(given, found)
        if "dataset_source" not in given:
            typed["dataset_source"] = _default_source(typed)
        options = read_options(typed["analyzer_config"], found)
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


def _default_source(typed: Mapping[str, Any]) -> str:
    """Folder a job reads that names none; contract.md 2.2."""
    if typed["baseline_constraints"] or typed["baseline_statistics"]:
        return MONITORING_SOURCE
    return ANALYSIS_SOURCE if typed["analysis_type"] in ("MODEL_BIAS", "MODEL_EXPLAINABILITY") else BASELINE_SOURCE


def _analysis_with_truth(given: Mapping[str, str], problems: list[str]) -> str:
    """What a job does that is given ground truth but no analysis_type: it merges, as contract.md 1.4 has it."""
    others = [name for name in given if BY_NAME[name].group in (QUALITY, BASELINE) and name != "ground_truth_source"]
    if others:
        problems.append(
            f"analysis_type: not set, and ground_truth_source with {', '.join(sorted(others))} says no more than that "
            "there are labels. Hint: set MODEL_QUALITY, MODEL_BIAS or MERGE."
        )
    return "MERGE"


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
