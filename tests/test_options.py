"""The options of a run come from one file, and all that is wrong in it is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from analyzer.options import Options
from analyzer.reports import quarantine, violations
from tests.asked import from_nothing_else, problem
from tests.conftest import Bucket
from tests.jobs import Finished, run_job


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


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("quarantine_samples", quarantine.MAX_RECORDS),
        ("quarantine_excerpt", quarantine.MAX_EXCERPT),
        ("example_ids", violations.MAX_EXAMPLES),
    ],
)
def test_an_option_allows_as_much_as_the_documents_keep(tmp_path: Path, name: str, largest: int) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(f"{name}: {largest}")
    assert getattr(from_nothing_else(analyzer_config=str(file)).options, name) == largest
    file.write_text(f"{name}: {largest + 1}")
    assert f"Expected `int` <= {largest}" in problem(analyzer_config=str(file))


def run_with(folder: Path, options: str, data: str, **settings: object) -> Finished:
    """A job over one CSV file with these options."""
    (folder / "data.csv").write_text(data)
    (folder / "options.yaml").write_text(options)
    settings = {"dataset_format": "csv", **settings}
    return run_job(folder / "out", folder / "data.csv", analyzer_config=folder / "options.yaml", **settings)


def test_as_many_rejected_records_are_listed_as_long_as_asked_for_and_with_their_detail(tmp_path: Path) -> None:
    rows = ["1,2"] + ["x" * 2000] * 1200
    done = run_with(tmp_path, "quarantine_samples: 1100\nquarantine_excerpt: 1500", "\n".join(["a,b", *rows]))

    listed = [json.loads(line) for line in (done.output / quarantine.FILE_NAME).read_text().splitlines()]
    assert len(listed) == 1100
    assert {(len(each["excerpt"]), each["detail"]) for each in listed} == {(1500, "expected 2, found 1")}


def test_ids_in_the_last_columns_of_a_file_without_header_are_no_features(tmp_path: Path) -> None:
    rows = [f"{at},0.5,id-{at},2026-01-01T00:00:00Z\n" for at in range(9)]
    settings = {"dataset_format": '{"csv": {"header": false}}'}

    taken = run_with(tmp_path, "inference_id_columns: true", "".join(rows), **settings)
    assert list(taken.features) == ["_c0", "_c1"]
    left = run_with(tmp_path, "inference_id_columns: false", "".join(rows), **settings)
    assert list(left.features) == ["_c0", "_c1", "_c2", "_c3"]


def test_an_options_file_may_live_in_a_bucket(s3: Bucket) -> None:
    assert from_nothing_else(analyzer_config=s3.put("o.json", b'{"example_ids": 7}')).options == Options(example_ids=7)
    assert "NoSuchKey" in problem(analyzer_config=s3.uri("absent.yaml"))
    assert "larger than 1048576 bytes" in problem(analyzer_config=s3.put("o.yaml", b"#" * (2**20 + 1)))
