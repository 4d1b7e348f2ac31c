"""The page about bias names every metric, key and option there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from analyzer.analysis_config import AnalysisConfig, Facet
from analyzer.monitors.bias import scale
from analyzer.options import Options
from analyzer.reports.analysis import Analysis, Entry, EntryExtra, Metric, Stage
from analyzer.reports.bias_violations import BIAS_DRIFT, BiasViolation
from analyzer.views.bias_metrics import NAMES
from tests.monitors.bias.jobs import analyse, people, write_table

PAGE = (Path(__file__).parents[3] / "docs/reference/bias.md").read_text("utf-8")
STRUCTS = (Analysis, Stage, Entry, EntryExtra, Metric, BiasViolation, Facet)
OWN = [name for name in msgspec.json.schema(Options)["$defs"]["Options"]["properties"] if name.startswith("bias_")]
UNUSED = {"version", "dataset_type", "dataset_uri", "notices", "facet_headers", "predicted_label_headers"}


@pytest.mark.parametrize("key", sorted({key for each in STRUCTS for key in each.__struct_fields__}))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`(?:[\w.]*\.)?{key}`", PAGE)


@pytest.mark.parametrize("name", [*NAMES["pre_training"], *NAMES["post_training"], BIAS_DRIFT, *OWN])
def test_every_metric_and_option_is_there(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("key", sorted({*AnalysisConfig.__struct_fields__} - UNUSED))
def test_every_key_of_the_configuration_is_there(key: str) -> None:
    assert re.search(rf"`{key}(?:\.\w+)?`", PAGE)


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    options = Options()
    for number in (
        f"`bias_flip_test_rows` ({options.bias_flip_test_rows:,})",
        f"`bias_groups` ({options.bias_groups:,})",
        f"`bias_facet_values` ({options.bias_facet_values})",
        f"`bias_smallest_group` ({options.bias_smallest_group})",
        f"at most {scale.FEW_VALUES} different ones",
        f"fewer than {scale.UNIQUE_SHARE:.0%} different ones".replace("%", " %"),
        f"exactly up to {scale.DISTINCT:,}",
    ):
        assert number in " ".join(PAGE.split())


def test_every_key_that_a_run_writes_is_explained(tmp_path: Path) -> None:
    found = analyse(tmp_path, write_table(tmp_path / "in", people()))
    own = found.document("analysis.json")["analyzer"]["bias"]
    assert [key for key in own if f"`{key}`" not in PAGE] == []
