"""The container's variables: every value is read into its type, or refused by name."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest

from analyzer import settings
from analyzer.job import Job
from analyzer.settings import SETTINGS, choice
from tests.asked import from_nothing_else, problem


@pytest.mark.parametrize(("quota", "expected"), [("50000 100000", 1), ("200000 100000", 2), ("max 100000", 8), ("", 8)])
def test_the_quota_of_the_container_limits_the_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, expected: int
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(settings, "CPU_QUOTA", str(tmp_path / "cpu.max"))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert from_nothing_else().analyzer_processes == from_nothing_else(analyzer_processes="cores").analyzer_processes
    assert from_nothing_else().analyzer_processes == expected


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-06T22:00:00Z",
        "2021-05-06T22: 00: 00Z",
        " 2021-05-06 22:00:00 ",
        "2021-05-06T22:00",
        "2021-05-07T00:00:00+02:00",
    ],
)
def test_times_are_utc_and_lose_stray_blanks(text: str) -> None:
    found = from_nothing_else(start_time=text, end_time="2021-05-06T23:00:00Z")
    assert found.start_time == datetime(2021, 5, 6, 22, tzinfo=UTC)
    assert found.start_time.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "2021-13-01", "1620338400", "T", "-PT1H", "\u0662021-05-06"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert "Hint: write 2021-05-06T22:00:00Z" in problem(start_time=text, end_time="2021-05-06")


@pytest.mark.parametrize("word", ["LATER", "later"])
def test_words_of_a_coming_version_are_recognised_and_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"LATER is not available yet in this version\. Hint: use NOW\."):
        choice(("NOW", "LATER"), available=("NOW",)).read(word)


@pytest.mark.parametrize("kind", ["DATA_QUALITY", "MODEL_QUALITY", "model_bias", "MODEL_EXPLAINABILITY"])
def test_every_monitor_is_available(kind: str) -> None:
    assert from_nothing_else(analysis_type=kind).analysis_type == kind.upper()


def test_words_are_accepted_in_any_case() -> None:
    found = from_nothing_else(
        categorical_drift_method="chisquared", analyzer_compat="STRICT", analysis_type="data_quality"
    )
    assert (found.categorical_drift_method, found.analyzer_compat, found.analysis_type) == (
        "ChiSquared",
        "strict",
        "DATA_QUALITY",
    )
    assert found.is_strict


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("analyzer_engine", "flink"),
        ("analyzer_processes", "0"),
        ("analyzer_processes", "1025"),
        ("analyzer_processes", "9" * 5000),
        ("analyzer_processes", "²"),
        ("analyzer_processes", "-1"),
        ("categorical_drift_method", "KS"),
        ("output_path", "s3:///key"),
        ("output_path", "a\nb"),
        ("dataset_source", "a\0b"),
        ("inference_attribute", "\udcff"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, text: str) -> None:
    assert f"{name}=" in problem(**{name: text})


def test_settings_are_unique_grouped_and_their_defaults_are_those_of_a_job() -> None:
    assert len({setting.flag for setting in SETTINGS}) == len(SETTINGS)
    groups = [group for group, _ in groupby(setting.group for setting in SETTINGS)]
    assert len(groups) == len(set(groups))
    assert {setting.name for setting in SETTINGS} | {"options"} == set(Job.__dataclass_fields__)
