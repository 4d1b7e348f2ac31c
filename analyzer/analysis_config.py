"""analysis_config.json as Clarify's users have it: one typed document for the bias and explainability monitors.

Keys of ours are marked; they are absent in files written for the closed image.
Source: bias_explainability.md sections 4 and 6.1, contract.md 8.2 and 8.6 (the opening words of the errors).
"""

from __future__ import annotations

import difflib
import errno
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from analyzer import s3
from analyzer.errors import ConfigError, nearest
from analyzer.log import one_line

LARGEST_BYTES = 64 << 20  # a SHAP baseline may stand inside
NOT_JSON = "Unable to load analysis configuration as JSON."
NOT_AS_EXPECTED = "Analysis configuration schema validation error."
MAX_NOTICES = 50
ALIKE = 0.85  # of the letters of a misspelt key and a known one

Column = str | Annotated[int, Meta(ge=0)]  # a name or JMESPath expression, or a position from 0
Value = str | bool | int | float  # of a cell, as JSON spells it
Values = list[Value] | Value
Positive = Annotated[int, Meta(ge=1)]


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """A sensitive column. value_or_threshold: the values, or the one exclusive lower bound, of the sensitive group."""

    name_or_index: Column
    value_or_threshold: Values | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        """The values or the threshold; empty when every distinct value is a group of its own."""
        return _listed(self.value_or_threshold)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which metrics of a stage are wanted: "all", a name, or a list of names."""

    methods: list[str] | str = "all"

    @property
    def names(self) -> tuple[str, ...] | None:
        """Names of the metrics; None for all."""
        given = [self.methods] if isinstance(self.methods, str) else self.methods
        return None if "all" in given else tuple(given)


class Shap(msgspec.Struct, frozen=True, kw_only=True):
    """How features are attributed. Ours: method, rows (explained at most), max_calls (rows sent to the model)."""

    baseline: list[Any] | dict[str, Any] | str | None = None
    num_clusters: Positive | None = None
    num_samples: Positive | None = None
    agg_method: Literal["mean_abs", "median", "mean_sq"] = "mean_abs"
    use_logit: bool = False
    save_local_shap_values: bool = False
    seed: Annotated[int, Meta(ge=0)] | None = None
    features_to_explain: list[Column] | None = None
    text_config: dict[str, Any] | None = None
    image_config: dict[str, Any] | None = None
    method: Literal["auto", "kernel", "tree"] = "auto"
    rows: Positive | None = None
    max_calls: Positive | None = None


class Methods(msgspec.Struct, frozen=True, kw_only=True):
    """What is computed; report and pdp are recognised."""

    pre_training_bias: Asked | None = None
    post_training_bias: Asked | None = None
    shap: Shap | None = None
    report: dict[str, Any] | None = None
    pdp: dict[str, Any] | None = None


class Predictor(msgspec.Struct, frozen=True, kw_only=True):
    """The model and the shapes of its requests and answers. Ours: everything after label_headers."""

    model_name: str | None = None
    endpoint_name: str | None = None
    endpoint_name_prefix: str | None = None
    initial_instance_count: Positive | None = None
    instance_type: str | None = None
    accelerator_type: str | None = None
    content_type: str | None = None
    accept_type: str | None = None
    content_template: str | None = None
    record_template: str | None = None
    custom_attributes: str | None = None
    target_model: str | None = None
    label: Column | None = None
    probability: Column | None = None
    label_headers: list[Value] | None = None
    artifact: str | None = None
    script: str | None = None
    url: str | None = None
    target_variant: str | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] | None = None
    retries: Annotated[int, Meta(ge=0)] | None = None
    batch_rows: Positive | None = None
    concurrency: Positive | None = None
    trust_pickle: bool = False
    attributions: str | None = None
    categorical: list[Column] | None = None
    allow_captured_endpoint: bool = False


class AnalysisConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. notices: what of it is unknown or not carried out, for logs and reports."""

    version: str | float | None = None
    dataset_type: str | None = None
    dataset_uri: str | None = None
    headers: list[str] | None = None
    features: str | None = None
    label: Column | None = None
    predicted_label: Column | None = None
    label_values_or_threshold: Values | None = None
    probability_threshold: float | None = None
    facet: list[Facet] | Facet | None = None
    group_variable: Column | None = None
    excluded_columns: list[Column] | None = None
    joinsource_name_or_index: Column | None = None
    facet_dataset_uri: str | None = None
    facet_headers: list[str] | None = None
    predicted_label_dataset_uri: str | None = None
    predicted_label_headers: list[str] | None = None
    methods: Methods = msgspec.field(default_factory=Methods)
    predictor: Predictor | None = None
    notices: tuple[str, ...] = ()

    @property
    def facets(self) -> tuple[Facet, ...]:
        """Every facet, in the order of the file."""
        return () if self.facet is None else (self.facet,) if isinstance(self.facet, Facet) else tuple(self.facet)

    @property
    def label_values(self) -> tuple[Value, ...]:
        """Positive labels, or the one threshold; empty when none is configured."""
        return _listed(self.label_values_or_threshold)


_STRUCTS: dict[type[msgspec.Struct], dict[str, type[msgspec.Struct]]] = {
    AnalysisConfig: {"facet": Facet, "methods": Methods, "predictor": Predictor},
    Methods: {"pre_training_bias": Asked, "post_training_bias": Asked, "shap": Shap},
}
_OWN_NAMES = ("notices",)
_EXAMPLES = {
    "headers": '["Age", "Sex", "Target"]',
    "label": '"Target"',
    "predicted_label": '"Prediction"',
    "label_values_or_threshold": "[1]",
    "probability_threshold": "0.5",
    "facet": '[{"name_or_index": "Sex", "value_or_threshold": [0]}]',
    "group_variable": '"Age"',
    "excluded_columns": '["Id"]',
    "methods": '{"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}}',
    "predictor": '{"endpoint_name": "my-endpoint", "content_type": "text/csv"}',
}
_PLACE = re.compile(r" - at `(\$[^`]*)`$")


def read_analysis_config(path: str) -> AnalysisConfig:
    """The configuration at a local path or s3:// URI.

    Null stands for absent. A key nobody knows is a notice, unless it nearly is a known one: that would change what is
    meant in silence. Raises ConfigError with the file, the JSON path and the fix.
    """
    data = _contents(path).removeprefix(b"\xef\xbb\xbf")
    try:
        return parse_analysis_config(msgspec.json.decode(data), path)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else one_line(str(error), 300)
        raise ConfigError(f"{NOT_JSON} {path}: {why}. Hint: analysis_config must name a JSON file.") from error


def parse_analysis_config(value: Any, path: str = "analysis_config") -> AnalysisConfig:
    """The configuration that decoded JSON means; errors as in `read_analysis_config`. path: of the file, for errors."""
    if not isinstance(value, dict):
        raise _wrong(path, "$", "Expected an object", 'Hint: write {"headers": [...], "label": ..., "facet": [...]}.')
    notices = tuple(_unknown(value, AnalysisConfig, "$", path))[:MAX_NOTICES]
    try:
        config = msgspec.convert(_without_nulls(value, AnalysisConfig), AnalysisConfig)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        at = place[1] if place else "$"
        key = (re.findall(r"\w+", at) or [""])[0]
        example = f"Hint: for example {_EXAMPLES[key]}." if key in _EXAMPLES else "Hint: correct or remove it."
        raise _wrong(path, at, _PLACE.sub("", str(error)), example) from error
    _check(config, path)
    return msgspec.structs.replace(config, notices=notices + tuple(_not_carried_out(config)))


def _check(config: AnalysisConfig, path: str) -> None:
    """What types cannot say."""
    for at, facet in enumerate(config.facets):
        if not all(map(_is_finite, facet.values)):
            raise _wrong(path, f"$.facet[{at}].value_or_threshold", "Expected finite numbers", "Hint: see the value.")
    repeated = [name for at, name in enumerate(config.headers or ()) if name in (config.headers or ())[:at]]
    if repeated:
        raise _wrong(path, "$.headers", f"{repeated[0]!r} stands there twice", "Hint: give every column its own name.")
    threshold = config.probability_threshold
    if threshold is not None and not math.isfinite(threshold):
        raise _wrong(path, "$.probability_threshold", "Expected a finite number", "Hint: for example 0.5.")


def _is_finite(value: Value) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _unknown(value: Mapping[str, Any], kind: type[msgspec.Struct], place: str, path: str) -> Iterator[str]:
    """A notice for every key that means nothing; ConfigError for one that nearly means something."""
    known = [name for name in kind.__struct_fields__ if name not in _OWN_NAMES]
    for key, member in value.items():
        if key not in known:
            if difflib.get_close_matches(key[:100], known, n=1, cutoff=ALIKE):
                raise _wrong(path, f"{place}.{one_line(key, 100)}", "Unknown key", nearest(key[:100], known).strip())
            yield f"analysis_config at {place}.{one_line(key, 100)}: unknown key, not used."
        inner = _STRUCTS.get(kind, {}).get(key)
        members = enumerate(member) if isinstance(member, list) else [(None, member)]
        for at, each in members if inner else ():
            where = f"{place}.{key}" if at is None else f"{place}.{key}[{at}]"
            yield from _unknown(each, inner, where, path) if inner and isinstance(each, dict) else ()


def _without_nulls(value: Any, kind: type[msgspec.Struct]) -> Any:
    """The object without keys that are null, of which files written by programs are full, nor keys of ours."""
    if isinstance(value, list):
        return [_without_nulls(each, kind) for each in value]
    if not isinstance(value, dict):
        return value
    inner = _STRUCTS.get(kind, {})
    kept = {key: each for key, each in value.items() if each is not None and key not in _OWN_NAMES}
    return {key: _without_nulls(each, inner[key]) if key in inner else each for key, each in kept.items()}


def _not_carried_out(config: AnalysisConfig) -> Iterator[str]:
    if config.methods.pdp is not None:
        yield "analysis_config at $.methods.pdp: partial dependence is not computed."
    if config.methods.report is not None:
        yield "analysis_config at $.methods.report: no report.html is written; its numbers are in analysis.json."


def _listed(value: Values | None) -> tuple[Value, ...]:
    return () if value is None else tuple(value) if isinstance(value, list) else (value,)


def _wrong(path: str, place: str, what: str, hint: str) -> ConfigError:
    return ConfigError(f"{NOT_AS_EXPECTED} {path} at {place}: {what}. {hint}")


def _contents(path: str) -> bytes:
    try:
        return s3.read(path, LARGEST_BYTES) if s3.is_remote(path) else _local(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"{NOT_JSON} {path}: {why}. Hint: the setting analysis_config names the file.") from error


def _local(path: str) -> bytes:
    with Path(path).open("rb") as file:
        data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise OSError(errno.EFBIG, f"is larger than {LARGEST_BYTES >> 20} MiB")
    return data
