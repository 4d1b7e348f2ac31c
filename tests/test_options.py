"""The options of a run come from one file, and all that is wrong in it is told at once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from analyzer.options import Options
from tests.asked import from_nothing_else, problem
from tests.conftest import Bucket


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


def test_an_options_file_may_live_in_a_bucket(s3: Bucket) -> None:
    assert from_nothing_else(analyzer_config=s3.put("o.json", b'{"example_ids": 7}')).options == Options(example_ids=7)
    assert "NoSuchKey" in problem(analyzer_config=s3.uri("absent.yaml"))
    assert "larger than 1048576 bytes" in problem(analyzer_config=s3.put("o.yaml", b"#" * (2**20 + 1)))
