"""Background: the baseline rows that attributions are measured against.

They stand in the configuration, in a file, in the baseline's analysis.json, or are made from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from msgspec import structs

from analyzer.analysis_config import AnalysisConfig, Shap
from analyzer.batch import Floats
from analyzer.engines import local
from analyzer.errors import ConfigError
from analyzer.fold import Scan
from analyzer.folds.sample import Sample
from analyzer.job import Job
from analyzer.log import one_line
from analyzer.monitors.explainability.columns import columns_of
from analyzer.monitors.explainability.opening import first_columns, rows_of, with_vectors
from analyzer.monitors.inputs import open_input
from analyzer.predictors.rows import Features
from analyzer.sources.rows import text_of
from analyzer.views.centres import centres, typical

MOST_ROWS = 10_000  # of a file of baseline rows
MANY_ROWS = 100  # from here on a notice says what they cost

Row = list[str | None]


@dataclass(frozen=True)
class Background:
    """Baseline rows as cells, in the order of the features, and where they came from; no rows: make them of data."""

    rows: list[Row]
    origin: str


def given_background(job: Job, config: AnalysisConfig, shap: Shap, names: Sequence[str]) -> Background:
    """The baseline rows that methods.shap.baseline holds or names; ConfigError when they do not fit the features."""
    given = shap.baseline
    if given is None:
        return Background([], "the data")
    if isinstance(given, str):
        return Background(_of_file(job, config, given, names), given)
    if isinstance(given, dict):
        given = next((given[key] for key in ("instances", "records") if isinstance(given.get(key), list)), [given])
    rows = [_row(each, names, f"$.methods.shap.baseline[{at}]") for at, each in enumerate(given)]
    if not rows:
        raise ConfigError(
            "analysis_config at $.methods.shap.baseline: it holds no row. Hint: give one, or leave it out."
        )
    return Background(rows, "the configuration")


def made_background(sample: Floats, features: Features, shap: Shap, categorical: Sequence[str | int]) -> Floats:
    """Baseline rows made of sampled ones: medians and commonest values, or cluster centres where they are asked for."""
    named = {
        features.names[each] if isinstance(each, int) and each < len(features.names) else each for each in categorical
    }
    pairs = zip(features.names, features.vocabularies, strict=True)
    is_category = np.array([words is not None or name in named for name, words in pairs])
    if shap.num_clusters:
        return centres(sample, is_category, shap.num_clusters, shap.seed or 0)
    return typical(sample, is_category)[None, :]


def cells_of(rows: Floats, features: Features) -> list[list[float | str | None]]:
    """Encoded rows as cells for a document: numbers, texts, None where missing."""
    columns = [each.to_pylist() for each in features.columns(rows)]
    return [list(row) for row in zip(*columns, strict=True)]


def background_of_cells(rows: Sequence[Sequence[Any]]) -> list[Row]:
    """Rows that stand in a document as cells of text."""
    return [[_cell(cell) for cell in row] for row in rows]


def _row(value: Any, names: Sequence[str], place: str) -> Row:
    """One baseline row: a list of cells, an object with such a list, or an object of cells by name."""
    if isinstance(value, Mapping):
        inner = value.get("features")
        value = inner if isinstance(inner, list | Mapping) else value
    if isinstance(value, Mapping):
        absent = [name for name in names if name not in value]
        if absent:
            raise ConfigError(
                f"analysis_config at {place}: {one_line(', '.join(map(repr, absent[:5])), 300)} is absent. "
                "Hint: give every feature, under its name in headers, or a list of cells."
            )
        value = [value[name] for name in names]
    if not isinstance(value, list) or any(isinstance(cell, list | dict) for cell in value):
        raise ConfigError(f"analysis_config at {place}: expected a list of cells. Hint: write [[39, 2, 10]].")
    if len(value) != len(names):
        raise ConfigError(
            f"analysis_config at {place}: it has {len(value)} cells, the data has {len(names)} features "
            f"({one_line(', '.join(names[:10]), 300)}). Hint: leave out the label, keep the order of headers."
        )
    return [_cell(cell) for cell in value]


def _cell(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    text = text_of(value)
    return text or None


def _of_file(job: Job, config: AnalysisConfig, path: str, names: Sequence[str]) -> list[Row]:
    """Rows of a CSV, JSON Lines, JSON or Parquet file, with the features under their names or in their order."""
    plain = replace(job, dataset_source=path, dataset_format=None, record_preprocessor_script=None)
    given = open_input(replace(plain, start_time=None, end_time=None, ground_truth_source=None), None)
    if job.features_attribute or config.features:
        given = with_vectors(given)
    available = first_columns(rows_of(given))
    if not available:
        raise ConfigError(f"methods.shap.baseline {path!r} holds no rows. Hint: {given.searched}.")
    path_of = job.features_attribute or config.features
    below = path_of if any(name.startswith("features") for name in available) else None
    columns = columns_of(available, structs.replace(config, headers=None), below, names)
    if len(columns.names) != len(names):
        raise ConfigError(
            f"methods.shap.baseline {path!r} has {len(columns.names)} columns, the data has {len(names)} features. "
            "Hint: leave out the label, keep the order of headers."
        )
    order = columns.sources
    if set(columns.names) == set(names):
        order = tuple(columns.sources[columns.names.index(name)] for name in names)
    fold = Sample(order, MOST_ROWS)
    scan = Scan.of([fold])
    rows: list[Row] = scan.result(local.run(scan, rows_of(given)))[fold]
    return rows
