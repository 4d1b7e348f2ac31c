"""The `explanations` part of analysis.json, written and read: global attributions of every output.

Source: bias_explainability.md 6.4; golden shap_adult_baseline. Keys called `analyzer` are ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from analyzer.errors import BaselineError
from analyzer.reports.baseline import ANALYSIS, decoding, read_baseline
from analyzer.reports.storage import Location
from analyzer.reports.text import clip

LARGEST_BYTES = 256 << 20


class FeatureExtra(msgspec.Struct, omit_defaults=True):
    """Our own facts about a feature of an output.

    error: standard error of the global value as an estimate for more rows. share: of mean absolute attributions.
    change: of the share against the baseline. rank: by share, from 1. Undefined numbers are absent.
    """

    error: float | None = None
    share: float | None = None
    share_error: float | None = None
    baseline_share: float | None = None
    change: float | None = None
    change_error: float | None = None
    rank: int | None = None
    baseline_rank: int | None = None
    rows: int | None = None


class OutputExtra(msgspec.Struct, omit_defaults=True):
    """Our own facts about an output: ndcg against the baseline, and every feature's."""

    ndcg: float | None = None
    features: dict[str, FeatureExtra] = {}


class Explanation(msgspec.Struct):
    """Global attributions to the features, in the order of the headers, and the expected value of one output."""

    global_shap_values: dict[str, float | None]
    expected_value: float | None = None
    analyzer: OutputExtra | None = None


class How(msgspec.Struct, omit_defaults=True):
    """Our own facts about how attributions were made; a monitoring run reads them in its baseline.

    method: kernel, tree or captured. output: what is explained: prediction, log_odds or margin. rows: explained, of
    population. baseline: the baseline rows, cells in the order of the features.
    """

    method: str | None = None
    output: str | None = None
    aggregation: str | None = None
    rows: int | None = None
    population: int | None = None
    num_samples: int | None = None
    seed: int | None = None
    model_rows: int | None = None
    predictor: str | None = None
    baseline_origin: str | None = None
    features: list[str] | None = None
    baseline: list[list[float | str | None]] | None = None


class Known(msgspec.Struct):
    """What an earlier analysis says: explanations by output, and how they were made (None: another program's)."""

    outputs: dict[str, Explanation]
    how: How | None = None


def block(explanations: Mapping[str, Explanation], *, strict: bool) -> dict[str, Any]:
    """The value of `explanations`; strict leaves out our own fields."""
    shown = {
        label: msgspec.structs.replace(each, analyzer=None) if strict else each for label, each in explanations.items()
    }
    return {"kernel_shap": {label: _plain(each) for label, each in shown.items()}}


def read_explanations(path: Location) -> Known:
    """The attributions of a baseline's analysis.json, another program's or a person's included.

    Raises BaselineError naming the file, the JSON path and the fix; SourceUnreadable when storage refuses to read it.
    """
    data = read_baseline(path, ANALYSIS, LARGEST_BYTES)
    with decoding(path, ANALYSIS):
        document = msgspec.json.decode(data)
    found = document.get("explanations")
    labels = found.get("kernel_shap") if isinstance(found, dict) else None
    if not isinstance(labels, dict) or not labels:
        raise BaselineError(
            f"{path} holds no explanations.kernel_shap. Hint: baseline_constraints must name the analysis.json of an "
            "explainability baseline."
        )
    places = {label: f"{path} at $.explanations.kernel_shap.{clip(label, 100)}" for label in labels}
    own = document.get("analyzer")
    how = _how(own.get("explanations")) if isinstance(own, dict) else None
    return Known({label: _explanation(each, places[label]) for label, each in labels.items()}, how)


def _explanation(value: Any, where: str) -> Explanation:
    try:
        found = msgspec.convert(value, Explanation)
    except msgspec.ValidationError as error:
        raise BaselineError(f"{where}: {clip(str(error), 300)}. Hint: write the baseline again.") from error
    if any(number is not None and not math.isfinite(number) for number in found.global_shap_values.values()):
        raise BaselineError(f"{where}: a number is not finite. Hint: write the baseline again.")
    return found


def _how(value: Any) -> How | None:
    """Our own block; one that was edited beyond recognition counts as absent."""
    try:
        return msgspec.convert(value, How)
    except msgspec.ValidationError:
        return None


def _plain(explanation: Explanation) -> dict[str, Any]:
    """The document's form of one output; `analyzer` only where there is something."""
    found: dict[str, Any] = {
        "global_shap_values": explanation.global_shap_values,
        "expected_value": explanation.expected_value,
    }
    if explanation.analyzer is not None:
        found["analyzer"] = msgspec.to_builtins(explanation.analyzer)
    return found
