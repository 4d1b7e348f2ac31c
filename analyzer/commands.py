"""Commands of `model-monitor`: which flags each one offers, and what its flags mean together.

A laptop has no default folders, and a command offers what it uses; `python -m analyzer` keeps every setting.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from analyzer.settings import BASELINE, CLARIFY, ORIGIN, QUALITY, SCRIPT, SETTINGS, Setting

PACKAGE = "model-monitor-analyzer"
MONITORS = ("DATA_QUALITY", "MODEL_QUALITY", "MODEL_BIAS", "MODEL_EXPLAINABILITY")
LABELLED = ("MODEL_QUALITY", "MODEL_BIAS")  # those that read ground truth
_INSIDE_OUTPUT = {"output_message_file": "message", "cloudwatch_metrics_directory": "metrics"}
_REQUIRED = ("dataset_source", "output_path", "baseline_constraints", "ground_truth_source")


_EXAMPLES = """\
examples:
  model-monitor baseline --dataset-source train.csv --output-path baseline
      learn statistics.json and constraints.json from a training set

  model-monitor monitor --dataset-source captured/ --output-path report \\
      --baseline-constraints baseline/constraints.json --baseline-statistics baseline/statistics.json
      compare captured records with that baseline

  model-monitor suggest-checks --dataset-source train.csv --output-path checks
      write checks.yaml, Deequ's suggestions for that data, to be used with --checks

  model-monitor merge --dataset-source captured/ --ground-truth-source truth/ --output-path merged
      join captured records with their labels

  model-monitor run
      do what the environment says, as the container does
"""
_BASELINE_EXAMPLE = """\
example:
  model-monitor baseline --dataset-source s3://bucket/train/ --dataset-format csv --output-path baseline
"""
_SUGGEST_EXAMPLE = """\
example:
  model-monitor suggest-checks --dataset-source s3://bucket/train/ --dataset-format csv --output-path checks
"""
_MERGE_EXAMPLE = (
    "example:\n  model-monitor merge --dataset-source captured/ --ground-truth-source truth/ --output-path out"
)
_MONITOR_EXAMPLE = """\
example, the records of one hour:
  model-monitor monitor --dataset-source captured/ --dataset-format capture --output-path report \\
      --baseline-constraints baseline/constraints.json --baseline-statistics baseline/statistics.json \\
      --start-time 2021-05-06T22:00:00Z --end-time 2021-05-06T23:00:00Z
"""


@dataclass(frozen=True)
class Command:
    """A command that runs a job.

    analysis: the one it carries out; "" leaves the choice among the monitors. optional: settings that are required
    elsewhere. left_out: names of settings it has no use for. hidden: message and metrics get names that are not read
    as data.
    """

    name: str
    meaning: str
    example: str
    left_out: frozenset[str]
    analysis: str = ""
    optional: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def settings(self) -> list[Setting]:
        """What it offers, in the order of all settings."""
        return [setting for setting in SETTINGS if setting.name not in self.left_out]

    def requires(self, setting: Setting) -> bool:
        """Whether a job of this command cannot do without the setting."""
        return setting.name in _REQUIRED and setting.name not in self.optional

    def inside(self, name: str) -> str:
        """Name of a file or folder that stands in the output folder by default; "" for other settings."""
        return f"{'_' * self.hidden}{_INSIDE_OUTPUT[name]}" if name in _INSIDE_OUTPUT else ""

    def values(self, given: Mapping[str, str | None]) -> dict[str, str]:
        """Settings by name, with what this command takes for granted."""
        output = (given["output_path"] or "").rstrip("/")
        granted = {name: f"{output}/{self.inside(name)}" for name in _INSIDE_OUTPUT}
        granted["analysis_type"] = self.analysis or MONITORS[0]
        return granted | {name: text for name, text in given.items() if text and text.strip()}

    def problems(self, values: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with settings of this command that would be right elsewhere."""
        wanted = values["analysis_type"].strip().upper()
        if self.analysis:
            return
        other = next((each for each in COMMANDS if each.analysis == wanted), None)
        if other:
            yield (
                f"analysis_type={wanted!r}: `{self.name}` runs one of {', '.join(MONITORS)}. "
                f"Hint: use the command `model-monitor {other.name}`."
            )
        elif "ground_truth_source" in values and wanted in MONITORS and wanted not in LABELLED:
            yield (
                f"ground_truth_source={values['ground_truth_source'][:80]!r}: {wanted} does not use it, "
                f"{' and '.join(LABELLED)} do. Hint: add --analysis-type {LABELLED[0]}, or use the command "
                "`model-monitor merge` to write merged records."
            )


def _named(*groups: str) -> frozenset[str]:
    return frozenset(setting.name for setting in SETTINGS if setting.group in groups)


_NO_MONITOR = _named(BASELINE, QUALITY, CLARIFY) | {
    "analysis_type",
    "analyzer_checks",
    "post_analytics_processor_script",
}
_METRICS = {"metric_time", "publish_cloudwatch_metrics", "cloudwatch_metrics_directory"}
COMMANDS = (
    Command(
        "baseline",
        "Learn statistics and constraints from data that is known to be good.",
        _BASELINE_EXAMPLE,
        frozenset({"baseline_constraints", "baseline_statistics"}),
        optional=("ground_truth_source",),
    ),
    Command(
        "monitor",
        "Compare data with a baseline and report violations.",
        _MONITOR_EXAMPLE,
        frozenset({"categorical_drift_method"}),
        optional=("ground_truth_source",),
    ),
    Command(
        "merge",
        "Join captured records with ground truth and write merged records.",
        _MERGE_EXAMPLE,
        (_NO_MONITOR | _named(SCRIPT)) - {"ground_truth_source"},
        "MERGE",
        hidden=True,
    ),
    Command(
        "suggest-checks",
        "Suggest checks of your own for data that is known to be good.",
        _SUGGEST_EXAMPLE,
        _NO_MONITOR | _named(ORIGIN) | _METRICS | {"analyzer_engine", "analyzer_compat"},
        "SUGGEST_CHECKS",
    ),
)


def command_of(name: str) -> Command:
    """The command of that name."""
    return next(command for command in COMMANDS if command.name == name)


def parser() -> argparse.ArgumentParser:
    """Of the command line of `model-monitor`."""
    shape = argparse.RawDescriptionHelpFormatter
    found = argparse.ArgumentParser(
        "model-monitor", description="Monitor the data of a model.", epilog=_EXAMPLES, formatter_class=shape
    )
    found.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    commands = found.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        text = command.meaning
        added = commands.add_parser(
            command.name, help=text, description=text, epilog=command.example, formatter_class=shape, allow_abbrev=False
        )
        _add_flags(added, command)
    text = "Run the job that environment variables describe, as the container does."
    commands.add_parser("run", help=text, description=text)
    return found


class _Version(argparse.Action):
    """Shows the version of the package; looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415 - takes longer than all other imports of this module

        try:
            version = metadata.version(PACKAGE)
        except metadata.PackageNotFoundError:
            version = "of unknown version: the package is not installed"
        print(f"model-monitor {version}")  # noqa: T201 - the output
        parser.exit()


def _add_flags(parser: argparse.ArgumentParser, command: Command) -> None:
    """One flag for each setting that the command offers."""
    for title, settings in groupby(command.settings, key=lambda setting: setting.group):
        group = parser.add_argument_group(title)
        for setting in settings:
            required = command.requires(setting)
            group.add_argument(
                setting.flag,
                dest=setting.name,
                required=required,
                type=_filled if required else str,
                metavar=_metavar(setting),
                help=_help(setting, command),
            )


def _metavar(setting: Setting) -> str:
    if setting.name == "analysis_type":
        return "|".join(MONITORS)
    return setting.kind.label if "|" in setting.kind.label else setting.kind.label.upper()


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text.strip()


def _help(setting: Setting, command: Command) -> str:
    inside = command.inside(setting.name)
    default = f"{inside} in the output folder" if inside else setting.default
    shown = f" (default: {default})" if default and not default.startswith("/") else ""
    return (setting.meaning + shown).replace("%", "%%")
