"""Baseline files that are missing, damaged or strange: a clear error before data is read, or a job that ends well."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import AnalyzerError, BaselineError
from tests.hostile.ledger import put, reconciled, strict
from tests.jobs import Finished, run_job

pytestmark = pytest.mark.timeout(60)
DEEP = 100_000
TRIED = 87
FILES = ("constraints", "statistics")
DATA = b"a,b\n1.5,x\n2.5,y\n3.5,x\n"


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    return run_job(folder / "out", put(folder, "x.csv", DATA), dataset_format="csv").output


def _monitored(folder: Path, baseline: Path, name: str, content: bytes | Path) -> Finished:
    """A monitoring job with one of the baseline's files replaced."""
    files = {each: baseline / f"{each}.json" for each in FILES}
    if isinstance(content, Path):
        files[name] = content
    else:
        files[name] = folder / f"{name}.json"
        files[name].write_bytes(content)
    settings = {f"baseline_{each}": path for each, path in files.items()}
    return run_job(folder / "out", put(folder, "x.csv", DATA), dataset_format="csv", **settings)


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is not JSON|is empty"),
    "text": (b"hello", "is not JSON"),
    "cut off": (b'{"version":0.0,"features":[{"name":"a"', "is not JSON"),
    "binary": (bytes(range(256)), "is not JSON|is not a"),
    "UTF-16": ('{"version":0.0}'.encode("utf-16"), "is not JSON|is not a"),
    "Latin-1": (b'{"version":0.0,"features":[{"name":"\xe9"}]}', "is not a|is not JSON|holds"),
    "a list": (b"[]", "is not a"),
    "a list of features": (b'[{"name":"a"}]', "is not a"),
    "a number": (b"12", "is not a"),
    "null": (b"null", "is not a"),
    "a text in JSON": (b'"x"', "is not a"),
    "an empty object": (b"{}", "an empty object"),
    "another document": (b'{"hello":"world"}', "an unknown document with the keys hello"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "is not a|nested too deeply"),
    "deep objects": (b'{"features":' * DEEP + b"1" + b"}" * DEEP, "nested too deeply|is not JSON|holds"),
    "bare NaN": (b'{"version":NaN,"features":[]}', "is not JSON"),
    "violations": (b'{"violations":[]}', "holds constraint violations"),
    "model-quality statistics": (b'{"regression_metrics":{"mae":{"value":1.0}}}', "holds model-quality statistics"),
    "model-quality constraints": (b'{"regression_constraints":{"mae":{}}}', "holds model-quality constraints"),
    "a Clarify analysis": (b'{"version":"1.0","post_training_bias_metrics":{}}', "holds a Clarify analysis"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), list(itertools.product(FILES, BROKEN)))
def test_a_broken_baseline_file_is_named_with_a_hint(tmp_path: Path, baseline: Path, name: str, kind: str) -> None:
    content, expected = BROKEN[kind]

    with pytest.raises(BaselineError, match=expected) as raised:
        _monitored(tmp_path, baseline, name, content)

    _is_clear(raised.value, f"{name}.json")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_baseline_file_is_named_with_a_hint(tmp_path: Path, baseline: Path, name: str) -> None:
    places = [tmp_path / "nothing.json", tmp_path, baseline / "constraints.json/x"]
    for place in places:
        with pytest.raises(AnalyzerError) as raised:
            _monitored(tmp_path, baseline, name, place)
        _is_clear(raised.value, place.name)
        assert raised.value.exit_code in (2, 4)


@pytest.mark.parametrize("name", FILES)
def test_the_two_files_given_in_each_others_place_are_told_apart(tmp_path: Path, baseline: Path, name: str) -> None:
    (other,) = {*FILES} - {name}

    with pytest.raises(BaselineError, match=f"baseline_{other} is the setting for it") as raised:
        _monitored(tmp_path, baseline, name, (baseline / f"{other}.json").read_bytes())

    _is_clear(raised.value, f"{name}.json")


def _set(*path: str | int, to: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *outer, last = path
        for step in outer:
            document = document[step]
        document[last] = to

    return change


HUGE = 10**400
NUMBERS = ("features", 0, "numerical_statistics")
CONFIG = "monitoring_config"
DISTRIBUTION = (CONFIG, "distribution_constraints")
TEXTS = ("features", 1, "string_constraints")
MANY = [*map(str, range(100_000))]
BUCKET = {"lower_bound": 0, "upper_bound": 1, "count": 1}
BUCKETS = ("features", 0, "numerical_statistics", "distribution", "kll", "buckets")
CATEGORY = ("features", 1, "string_statistics", "distribution", "categorical", "buckets", 0)
SKETCH = (*NUMBERS, "distribution", "kll", "sketch", "data")
# File, change, what the job says when it refuses it (None: it goes on).
EDITED: dict[str, tuple[str, Callable[[Any], None], str | None]] = {
    "constraints of a later version": ("constraints", _set("version", to=7.0), None),
    "constraints of a version in words": ("constraints", _set("version", to="next"), None),
    "statistics of a later version": ("statistics", _set("version", to=7.0), None),
    "statistics of a version in words": ("statistics", _set("version", to="next"), None),
    "unknown keys in constraints": ("constraints", _set("zzz", to={"a": [1]}), None),
    "unknown keys in statistics": ("statistics", _set("zzz", to={"a": [1]}), None),
    "a huge completeness": ("constraints", _set("features", 0, "completeness", to=HUGE), "completeness"),
    "a completeness above 1": ("constraints", _set("features", 0, "completeness", to=1.5), "completeness"),
    "a negative completeness": ("constraints", _set("features", 0, "completeness", to=-1), "completeness"),
    "a completeness in words": ("constraints", _set("features", 0, "completeness", to="all"), "completeness"),
    "an unknown type": ("constraints", _set("features", 0, "inferred_type", to="Decimal"), "inferred_type"),
    "a name that is a number": ("constraints", _set("features", 0, "name", to=7), "name"),
    "features that are text": ("constraints", _set("features", to="a"), "features"),
    "a feature that is null": ("constraints", _set("features", 0, to=None), "features"),
    "no feature": ("constraints", _set("features", to=[]), None),
    "twice the same feature": ("constraints", _set("features", 1, "name", to="a"), None),
    "a huge threshold": ("constraints", _set(CONFIG, "datatype_check_threshold", to=HUGE), "datatype"),
    "an unknown method": ("constraints", _set(*DISTRIBUTION, "comparison_method", to="x"), "comparison"),
    "domains of numbers": ("constraints", _set(*TEXTS, to={"domains": [1, 2]}), "domains"),
    "100,000 domains": ("constraints", _set(*TEXTS, to={"domains": MANY}), None),
    "a domain of 1 MB": ("constraints", _set(*TEXTS, to={"domains": ["x" * 1_000_000]}), None),
    "a column of another name": ("constraints", _set("features", 0, "name", to="<script>\n\x1b"), None),
    "a huge mean": ("statistics", _set(*NUMBERS, "mean", to=HUGE), "mean"),
    "a mean in words": ("statistics", _set(*NUMBERS, "mean", to="NaN"), None),
    "a negative count": ("statistics", _set(*NUMBERS, "common", "num_present", to=-5), "num_present"),
    "a huge count": ("statistics", _set(*NUMBERS, "common", "num_present", to=HUGE), None),
    "a huge category": ("statistics", _set(*CATEGORY, "count", to=HUGE), None),
    "a category of 1 MB": ("statistics", _set(*CATEGORY, "value", to="x" * 1_000_000), None),
    "a negative category": ("statistics", _set(*CATEGORY, "count", to=-1), "count"),
    "a sketch of words": ("statistics", _set(*SKETCH, to=[["a", "b"]]), "data"),
    "a sketch of huge numbers": ("statistics", _set(*SKETCH, to=[[1e308, -1e308, 1e308]]), None),
    "a sketch of null": ("statistics", _set(*SKETCH, to=[[None, 1.0]]), "data"),
    "a sketch of nothing": ("statistics", _set(*SKETCH, to=[]), None),
    "an empty sketch": ("statistics", _set(*SKETCH, to=[[]]), None),
    "a sketch of 1,000 levels": ("statistics", _set(*SKETCH, to=[[1.0]] * 1000), "data"),
    "a sketch of 64 levels": ("statistics", _set(*SKETCH, to=[[1.0]] * 64), "data"),
    "a huge number of buckets": ("statistics", _set(*BUCKETS, to=[BUCKET] * 50_000), None),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITED)
def test_an_edited_baseline_is_refused_by_its_path_or_used(tmp_path: Path, baseline: Path, name: str) -> None:
    file, change, refused = EDITED[name]
    document = copy.deepcopy(strict((baseline / f"{file}.json").read_text("utf-8")))
    change(document)
    content = json.dumps(document).encode()

    if refused:
        with pytest.raises(BaselineError, match=refused) as raised:
            _monitored(tmp_path, baseline, file, content)
        _is_clear(raised.value, f"{file}.json")
    else:
        finished = _monitored(tmp_path, baseline, file, content)
        assert reconciled(finished).rows == 3
        assert not set(map(chr, range(32))) & set(finished.outcome.message)


def _is_clear(error: AnalyzerError, file: str) -> None:
    text = str(error)
    assert file in text
    assert "Hint: " in text
    assert len(text) < 2000
    assert not set(map(chr, range(32))) & set(text)


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(FILES) * (len(BROKEN) + 3 + 1) + len(EDITED) == TRIED
