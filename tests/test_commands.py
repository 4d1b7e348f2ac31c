"""What each command of `model-monitor` offers, and what it refuses although another one would take it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from analyzer import cli
from analyzer.settings import SETTINGS


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    yield
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["baseline"],
        ["baseline", "--dataset-source", "d", "--output-path", ""],
        ["baseline", "--dataset-source", "d", "--output-path", "o", "--baseline-constraints", "c"],
        ["monitor", "--dataset-source", "d", "--output-path", "o"],
        ["suggest-checks", "--dataset-source", "d", "--output-path", "o", "--publish-cloudwatch-metrics", "Enabled"],
        ["merge", "--dataset-source", "d", "--output-path", "o"],
        ["monitor", "--dataset-sourc", "d", "--output-path", "o", "--baseline-constraints", "c"],
    ],
)
def test_wrong_usage_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(argv)
    assert "usage: model-monitor" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["baseline", "--help"], ["monitor", "--help"]])
def test_help_teaches_with_an_example(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(argv)
    assert "  model-monitor " in capsys.readouterr().out.split("example")[-1]


def test_help_shows_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("baseline", "monitor"):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
    shown = capsys.readouterr().out
    assert [setting.flag for setting in SETTINGS if f"{setting.flag} " not in shown] == []


@pytest.mark.parametrize(
    ("command", "absent", "offered"),
    [
        ("suggest-checks", ["--problem-type", "--facet", "--publish-cloudwatch-metrics", "--analysis-"], ["--config"]),
        ("merge", ["--problem-type", "--analysis-"], ["--publish-cloudwatch-metrics", "--metric-time"]),
        ("baseline", ["MERGE", "SUGGEST"], ["DATA_QUALITY|MODEL_QUALITY|MODEL_BIAS|MODEL_EXPLAINABILITY"]),
        ("monitor", ["MERGE", "SUGGEST"], ["(default: message in the output", "(default: metrics in the output"]),
        ("merge", [], ["(default: _message in the output", "(default: _metrics in the output"]),
    ],
)
def test_help_offers_what_the_command_uses(
    command: str, absent: list[str], offered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.partition("example")[0].split())
    assert [text for text in absent if text in shown] == []
    assert [text for text in offered if text not in shown] == []


@pytest.mark.parametrize(
    ("command", "flags", "why"),
    [
        (
            "baseline",
            ["--ground-truth-source", "t"],
            "MODEL_QUALITY and MODEL_BIAS do. Hint: add --analysis-type MODEL_QUALITY, or use the command",
        ),
        ("monitor", ["--ground-truth-source", "t", "--baseline-constraints", "c"], "ground_truth_source='t': "),
        ("baseline", ["--analysis-type", "merge"], "analysis_type='MERGE': `baseline` runs one of DATA_QUALITY"),
        ("baseline", ["--analysis-type", "SUGGEST_CHECKS"], "use the command `model-monitor suggest-checks`."),
    ],
)
def test_a_monitor_does_not_become_another_job(tmp_path: Path, command: str, flags: list[str], why: str) -> None:
    assert cli.main([command, "--dataset-source", "d", "--output-path", str(tmp_path), *flags]) == 2
    assert why in (tmp_path / "message").read_text()


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"model-monitor {metadata.version('model-monitor-analyzer')}\n"


def test_python_m_analyzer_takes_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_module(["--help"]) == 0
    assert "model-monitor --help" in capsys.readouterr().out
    assert cli.run_module(["--dataset-source", "d"]) == 2
    assert capsys.readouterr().err == (
        "python -m analyzer takes no arguments, found '--dataset-source'. Hint: set environment variables, or use "
        "model-monitor, which takes flags.\n"
    )
