"""Captures meet ground truth: one body for both engines, any number of parts, the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer import folds
from analyzer.engines.choice import spark_is_missing
from analyzer.errors import EngineFailed, SourceUnreadable
from analyzer.fold import Scan
from analyzer.folds.joins import JOINS
from analyzer.job import Job
from analyzer.join.join import Join
from analyzer.log import Progress
from analyzer.monitors.inputs import Input, open_input
from analyzer.monitors.merge.parts import Parts
from analyzer.monitors.merge.target import Target
from analyzer.monitors.scanning import scanned
from tests import laws
from tests.engines.labelled import HOURS, RECORDS, Dying, write_labelled
from tests.jobs import run_job

SCAN = Scan.of([*folds.ALL, JOINS])
needs_spark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}"),
]
ENGINES = [pytest.param("local"), pytest.param("spark", marks=needs_spark)]
Folders = tuple[Path, Path]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_labelled(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """An engine, ready to run."""
    if request.param == "spark":
        request.getfixturevalue("session")
    return str(request.param)


@pytest.fixture(params=[1 << 20, 200_000, 60_000], ids=["1 part", "2 parts", "7 parts"])
def cut(request: pytest.FixtureRequest) -> Iterator[int]:
    """Input cut into so many parts, labels into several buckets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analyzer.sources.splits.plan.__defaults__", (True, request.param, None))
        for name in ("local_join", *([] if spark_is_missing() else ["spark_join"])):
            patch.setattr(f"analyzer.engines.{name}.BUCKET_BYTES", request.param)
        yield request.param


def settings(labelled: Folders, output: Path, **more: object) -> dict[str, str]:
    found = {"dataset_source": labelled[0], "ground_truth_source": labelled[1], "output_path": output, **more}
    return {name: str(value) for name, value in found.items()}


def opened(labelled: Folders, output: Path, **more: object) -> tuple[Job, Input]:
    job = Job.from_values(settings(labelled, output, **more))
    return job, open_input(job, None, apart=True)


def results(labelled: Folders, output: Path, **more: object) -> Any:
    job, given = opened(labelled, output, **more)
    return scanned(SCAN, given, job, Progress(io.StringIO()))


def plain(found: Any) -> str:
    return repr([laws._plain(result) for result in found.values()])


def parts(folder: Path) -> dict[str, bytes]:
    """Contents of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def naive(labelled: Folders) -> list[tuple[str, str]]:
    """Output and label of every pair, in plain Python."""
    known: dict[str, str] = {}
    for path in sorted(labelled[1].rglob("*.jsonl")):
        for line in path.read_text().splitlines()[:-2]:
            record = json.loads(line)
            known[record["eventMetadata"]["eventId"]] = record["groundTruthData"]["data"]
    found = []
    for path in sorted(labelled[0].rglob("*.jsonl")):
        for line in path.read_text().splitlines()[:-2]:
            record = json.loads(line)
            names = record["eventMetadata"]
            label = known.get(names.get("inferenceId", names["eventId"])) or known.get(names["eventId"])
            if label is not None:
                found.append((record["captureData"]["endpointOutput"]["data"], label))
    return found


def test_every_engine_and_any_number_of_parts_merge_into_the_same_files_and_tell_the_same(
    engine: str, cut: int, labelled: Folders, tmp_path: Path
) -> None:
    written = [tmp_path / "a", tmp_path / "b"]
    for folder, name, processes in zip(written, (engine, "local"), (2, 1), strict=True):
        more = {"analyzer_engine": name, "analyzer_processes": processes}
        run_job(folder, labelled[0], ground_truth_source=labelled[1], **more)

    assert parts(written[0]) == parts(written[1])
    assert sorted(sides(written[0])) == sorted(naive(labelled))
    told = json.loads((written[0] / "_merge.json").read_text())["joined"]
    assert (told["captured"], told["pairs"]) == (HOURS * RECORDS, len(naive(labelled)))
    assert told["ground_truth"]["conflicting"] >= 2
    assert told["ground_truth"]["rejected"] == {
        "line is Python's text of a dict, not JSON": HOURS,
        "line is not a ground truth record": HOURS,
    }
    assert cut


def sides(folder: Path) -> list[tuple[str, str]]:
    """Output and label of every merged record."""
    lines = [line for name, data in parts(folder).items() if "part-" in name for line in data.splitlines()]
    records = map(json.loads, lines)
    return [(each["captureData"]["endpointOutput"]["data"], each["groundTruthData"]["data"]) for each in records]


@pytest.mark.parametrize("cut", [60_000], indirect=True)
def test_every_engine_computes_the_same_statistics(engine: str, cut: int, labelled: Folders, tmp_path: Path) -> None:
    found = results(labelled, tmp_path, analyzer_engine=engine, analyzer_processes=2)

    assert plain(found) == plain(results(labelled, tmp_path, analyzer_engine="local", analyzer_processes=1))
    assert cut


def test_merged_files_are_read_like_the_join_itself(labelled: Folders, tmp_path: Path) -> None:
    run_job(tmp_path / "merge", labelled[0], ground_truth_source=labelled[1])
    job = Job.from_values({"dataset_source": str(tmp_path / "merge"), "output_path": str(tmp_path)})
    merged = scanned(SCAN, open_input(job, None, apart=True), job, Progress(io.StringIO()))

    joined = results(labelled, tmp_path)

    counted = [fold for fold in SCAN.folds if type(fold).__name__ not in ("Intakes", "Joins")]
    assert plain({fold: merged[fold] for fold in counted}) == plain({fold: joined[fold] for fold in counted})
    assert merged[JOINS] is None


@pytest.mark.parametrize("emptied", [0, 1], ids=["no captures", "no ground truth"])
def test_nothing_on_one_side_is_nothing_joined(engine: str, emptied: int, labelled: Folders, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folders = (tmp_path / "empty", labelled[1]) if emptied == 0 else (labelled[0], tmp_path / "empty")
    form = '{"sagemakerCaptureJson": {}}'

    joined = results(folders, tmp_path, analyzer_engine=engine, dataset_format=form)[JOINS]

    assert (joined.captured > 0, joined.truth.ids > 0) == (emptied == 1, emptied == 0)
    assert (joined.pairs, joined.truth.matched) == (0, 0)


def test_an_error_of_the_ground_truth_keeps_its_type(
    engine: str, labelled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, given = opened(labelled, tmp_path, analyzer_engine=engine)
    assert isinstance(given.source, Join)
    gone = replace(given.source, captures=_Unreadable(given.source.captures))
    monkeypatch.setattr("analyzer.engines.spark_watch.PROGRESS_SECONDS", 0.05)

    with pytest.raises(SourceUnreadable, match="is gone"):
        scanned(SCAN, replace(given, source=gone), job, Progress(io.StringIO()))


class _Unreadable(Dying):
    """Captures that cannot be read."""

    def __init__(self, captures: Any) -> None:
        super().__init__(captures, "")

    def reader(self) -> _Unreadable:
        return _Unreadable(self.captures.reader())

    def keys(self, split: Any) -> Any:
        raise SourceUnreadable(f"{split[0].path!r} is gone")

    def meeting(self, index: Any) -> Any:
        self.keys(self.splits()[0])
        return index


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.skipif(bool(spark_is_missing()), reason=f"Spark cannot start: {spark_is_missing()}")
@pytest.mark.usefixtures("session")
def test_a_worker_that_dies_after_writing_leaves_neither_doubles_nor_gaps(labelled: Folders, tmp_path: Path) -> None:
    run_job(tmp_path / "whole", labelled[0], ground_truth_source=labelled[1])
    job, given = opened(labelled, tmp_path / "died", analyzer_engine="spark")
    assert isinstance(given.source, Join)
    writing: Any = Parts(given.source.captures, Target.of(job, batch=False))  # type: ignore[arg-type]
    dying = replace(given.source, captures=Dying(writing, str(tmp_path / "marker")))

    scanned(SCAN, replace(given, source=dying), job, Progress(io.StringIO()))

    whole = {name: data for name, data in parts(tmp_path / "whole").items() if "part-" in name}
    assert (tmp_path / "marker").exists()
    assert parts(tmp_path / "died") == whole


def test_a_full_disk_for_temporary_files_is_named(
    labelled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analyzer.join.index.StoredIndex.store", full)

    with pytest.raises(EngineFailed, match="TMPDIR"):
        results(labelled, tmp_path)


def test_temporary_files_are_gone_afterwards(
    labelled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    results(labelled, tmp_path)

    assert list(tmp_path.iterdir()) == []
