"""The variables of the container: their names, types, defaults and meanings.

`SETTINGS` is the only list of them; environment, command line and docs/reference/settings.md follow it.
Source: contract.md section 1.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analyzer.dataset_format import parse_dataset_format
from analyzer.errors import nearest
from analyzer.log import one_line

BASELINE_SOURCE = "/opt/ml/processing/input/baseline_dataset_input"
ANALYSIS_SOURCE = "/opt/ml/processing/input/data"  # of the bias and explainability baselines
ANALYSIS_CONFIG = "/opt/ml/processing/input/config/analysis_config.json"
OUTPUT = "/opt/ml/processing/output"
METRICS = "/opt/ml/output/metrics/cloudwatch"
MESSAGE = "/opt/ml/output/message"
# The one place to change when a monitor is added.
AVAILABLE_ANALYSES = ("MERGE", "DATA_QUALITY", "MODEL_QUALITY", "MODEL_BIAS", "MODEL_EXPLAINABILITY", "SUGGEST_CHECKS")
AVAILABLE_ENGINES = ("auto", "local", "spark")  # the one place to change when an engine is added
CPU_QUOTA = "/sys/fs/cgroup/cpu.max"


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


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("expected a number. Hint: write it with a decimal point, such as 0.5.")
    return number


TEXT = Kind("text", _text)
PATH = Kind("path", _path)
TIME = Kind("time", _moment)
FORMAT = Kind("format", parse_dataset_format)
SWITCH = Kind("Enabled|Disabled", lambda text: choice(("Enabled", "Disabled")).read(text) == "Enabled")
PROCESSES = Kind("count", _processes)
DRIFT = choice(("LInfinity", "ChiSquared"))
ANALYSIS = choice(
    ("DATA_QUALITY", "MODEL_QUALITY", "MODEL_BIAS", "MODEL_EXPLAINABILITY", "MERGE", "SUGGEST_CHECKS"),
    AVAILABLE_ANALYSES,
)
PROBLEM = choice(("Regression", "BinaryClassification", "MulticlassClassification"))
NUMBER = Kind("number", _number)
ENGINE = choice(("auto", "local", "spark"), AVAILABLE_ENGINES)
COMPAT = choice(("default", "strict"))

DATA, BASELINE, WINDOW, RESULT = "Data", "Baseline", "Window", "Results"
SCRIPT, ORIGIN, QUALITY, RUN = "User scripts", "Origin of the data", "Model quality", "How to run"
CLARIFY = "Bias and explainability"

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
    Setting(QUALITY, "problem_type", PROBLEM, "Regression, BinaryClassification or MulticlassClassification"),
    Setting(QUALITY, "inference_attribute", TEXT, "Column or path of the predicted label or value"),
    Setting(QUALITY, "probability_attribute", TEXT, "Column or path of the score"),
    Setting(
        QUALITY,
        "probability_threshold_attribute",
        NUMBER,
        "Score above which the prediction is positive; 0.5 when absent",
    ),
    Setting(QUALITY, "ground_truth_attribute", TEXT, "Column or path of the true label or value"),
    Setting(QUALITY, "ground_truth_source", PATH, "Folder of the ground truth records"),
    Setting(QUALITY, "positive_label", TEXT, "Label that counts as positive"),
    Setting(CLARIFY, "analysis_config", PATH, "analysis_config.json as Clarify has it", ANALYSIS_CONFIG),
    Setting(CLARIFY, "features_attribute", TEXT, "JMESPath expression of the features in a request or data set"),
    Setting(RUN, "analysis_type", ANALYSIS, "Monitor to run", "DATA_QUALITY"),
    Setting(
        RUN,
        "analyzer_engine",
        ENGINE,
        "auto, local or spark; auto takes Spark for several hosts and large inputs",
        "auto",
    ),
    Setting(RUN, "analyzer_processes", PROCESSES, "Worker processes of this machine, 1 to 1024", "cores"),
    Setting(RUN, "analyzer_compat", COMPAT, "strict repeats known quirks of the closed image", "default"),
    Setting(RUN, "analyzer_checks", PATH, "File of checks of your own: Deequ's as YAML or JSON, or a DQDL ruleset"),
    Setting(RUN, "analyzer_config", PATH, "YAML or JSON file with the options of a run"),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
