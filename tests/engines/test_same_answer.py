"""One job, both engines, 1, 2 and 7 partitions: the reports are the same bytes for every recording and the demo."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analyzer.engines.choice import spark_is_missing
from analyzer.sources.files import list_files
from analyzer.sources.splits import plan, quote_aware_cuts
from demo.generate import START, Size, generate
from tests.engines.reports import reports, split_at
from tests.engines.traffic import write_traffic
from tests.golden.churn import traffic
from tests.golden.test_model_quality import write_traffic as write_recorded
from tests.jobs import CAPTURE, run_job, write_captures

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
COLUMNS = {"inference": "prediction", "probability": "probability", "ground_truth": "label"}
DEMO = Size(baseline_rows=500, hours=2, requests_per_hour=300)
TABLE = '{"csv": {"header": true, "output_columns_position": "START"}}'


@dataclass(frozen=True)
class Case:
    """A job: its input and its settings."""

    source: Path
    settings: dict[str, object]

    def cut(self, count: int) -> tuple[int, int]:
        """Bytes of a split, and splits of a partition, that make so many partitions."""
        files = list_files(str(self.source)).files
        cuts = quote_aware_cuts if "csv" in str(self.settings["dataset_format"]) else None
        size = sum(file.size for file in files)
        while True:
            splits = len(plan(files, size=size, cuts=cuts))
            for together in (1, 2, 4, 8):
                if -(-splits // together) == count:
                    return size, together
            size = size * 49 // 50

    def compared_with(self, baseline: Path) -> Case:
        """The job as a monitoring job."""
        names = {name: str(baseline / f"{name[9:]}.json") for name in ("baseline_constraints", "baseline_statistics")}
        return Case(self.source, self.settings | names)


def generated(folder: Path) -> Case:
    """Captures with damage, 3 MB in several files."""
    good = run_job(folder / "baseline", write_traffic(folder / "traffic"), dataset_format=CAPTURE)
    return Case(folder / "traffic", {"dataset_format": CAPTURE}).compared_with(good.output)


def demo_baseline(folder: Path) -> Case:
    generate(folder / "demo", DEMO)
    return Case(folder / "demo/baseline", {"dataset_format": TABLE})


def demo_monitoring(folder: Path) -> Case:
    table = demo_baseline(folder)
    good = run_job(folder / "good", table.source, **table.settings)
    window = {"start_time": START.isoformat(), "end_time": DEMO.end.isoformat()}
    return Case(folder / "demo/captured", {"dataset_format": CAPTURE, **window}).compared_with(good.output)


def recorded_baseline(golden: Path, mode: str) -> Case:
    return Case(golden / "dq_churn_baseline/inputs", {"dataset_format": TABLE, "analyzer_compat": mode})


def recorded_monitoring(golden: Path, mode: str, folder: Path) -> Case:
    table = recorded_baseline(golden, mode)
    good = run_job(folder / "good", table.source, **table.settings)
    recorded = json.loads((golden / "dq_churn_monitor/expected.json").read_text("utf-8"))["runs"]["83bfa5"]
    write_captures(folder / "in/a.jsonl", traffic(golden, recorded["records"]))
    return Case(folder / "in", {"dataset_format": CAPTURE, "analyzer_compat": mode}).compared_with(good.output)


def recorded_quality(golden: Path, folder: Path, way: str) -> Case:
    """Model quality: the table of the baseline, or the traffic merged with its ground truth, by us or beforehand."""
    kind = {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification"}
    named = {f"{name}_attribute": column for name, column in COLUMNS.items()}
    table = Case(golden / "mq_churn_baseline/inputs", {"dataset_format": '{"csv": {"header": true}}', **kind, **named})
    if way == "table":
        return table
    good = run_job(folder / "good", table.source, **table.settings)
    settings = write_recorded(golden, folder, way, 2000)
    return Case(folder / "in", kind | settings | {"probability_attribute": "0"}).compared_with(good.output)


def recorded_bias(golden: Path, folder: Path) -> Case:
    """A table with predictions, and the recorded configuration as far as a table needs it."""
    config = json.loads((golden / "bias_adult_baseline/case.json").read_text("utf-8"))["analysis_config"]
    for key in ("features", "headers", "predictor", "dataset_type"):
        del config[key]
    config |= {"label": "Target", "predicted_label": "predicted_label", "excluded_columns": ["score"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "in").mkdir()
    shutil.copy(golden / "bias_adult_baseline/inputs/dataset_with_predictions.csv", folder / "in")
    settings = {"analysis_type": "MODEL_BIAS", "analysis_config": folder / "config.json", "dataset_format": TABLE}
    return Case(folder / "in", settings)


MADE = {"generated": generated, "demo baseline": demo_baseline, "demo monitoring": demo_monitoring}


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of this name."""
    folder, (what, _, mode) = tmp_path_factory.mktemp("case"), request.param.partition(", ")
    if what in MADE:
        return MADE[what](folder)
    golden = request.getfixturevalue("golden")
    match what:
        case "recorded quality":
            return recorded_quality(golden, folder, mode)
        case "recorded bias":
            return recorded_bias(golden, folder)
        case "recorded baseline":
            return recorded_baseline(golden, mode)
        case _:
            return recorded_monitoring(golden, mode, folder)


@pytest.fixture
def partitions(session: SparkSession, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many partitions each scan on Spark was spread over."""
    seen: list[int] = []
    spread = session.sparkContext.parallelize

    def noting(blocks: list[tuple[int, bytes]], slices: int) -> object:
        seen.append(slices)
        return spread(blocks, slices)

    monkeypatch.setattr(session.sparkContext, "parallelize", noting)
    return seen


RECORDED = [
    *(f"recorded {what}, {mode}" for what in ("baseline", "monitoring") for mode in ("default", "strict")),
    *(f"recorded quality, {way}" for way in ("table", "merged", "joined")),
    "recorded bias",
]
QUICK = ("recorded monitoring, default", "recorded quality, joined", "recorded bias")


def _slow_unless(is_quick: bool) -> list[pytest.MarkDecorator]:
    return [] if is_quick else [pytest.mark.slow]


@pytest.mark.parametrize("count", [*(pytest.param(few, marks=pytest.mark.slow) for few in (1, 2)), 7])
@pytest.mark.parametrize(
    "case",
    [
        *(pytest.param(name, marks=_slow_unless(name == "generated")) for name in MADE),
        *(pytest.param(name, marks=[pytest.mark.golden, *_slow_unless(name in QUICK)]) for name in RECORDED),
    ],
    indirect=True,
)
def test_the_engines_write_the_same_bytes(
    partitions: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: Case, count: int
) -> None:
    split_bytes, together = case.cut(count)
    split_at(monkeypatch, split_bytes)
    monkeypatch.setattr("analyzer.engines.spark.block_size", lambda *_: together)

    for engine in ("local", "spark"):
        run_job(tmp_path / engine, case.source, analyzer_engine=engine, analyzer_processes=2, **case.settings)

    expected = reports(tmp_path / "local")
    assert count in partitions
    assert expected.keys() & {"statistics.json", "analysis.json"}
    assert reports(tmp_path / "spark") == expected
