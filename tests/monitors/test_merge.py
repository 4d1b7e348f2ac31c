"""The merge job: recorded layout, deterministic parts, an account, and nothing outside of its folder."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import main, run_values
from analyzer.errors import ConfigError, OutputUnwritable
from analyzer.job import Job
from analyzer.monitors.inputs import open_input
from tests.conftest import Bucket
from tests.jobs import Finished, capture, run_job, truth, write_captures
from tests.sources.reading import read

PART = re.compile(r"part-00000-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.c000\.jsonl")
HOURS = ("2026/01/01/00", "2026/01/01/01")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Captures of two hours, of which half have a label."""
    return write(tmp_path / "in", range(10)), write_truth(tmp_path / "truth", range(0, 10, 2))


def write(folder: Path, numbers: range) -> Path:
    for hour in HOURS:
        records = [capture("1", f"0.{at}", event=f"{hour}:{at}", mode=3) for at in numbers]
        write_captures(folder / f"ep/v/{hour}/00-00-000-x.jsonl", records)
    return folder


def write_truth(folder: Path, numbers: range) -> Path:
    labels = [truth(f"{hour}:{at}", str(at % 3)) for hour in HOURS for at in numbers]
    write_captures(folder / "2026/01/01/05/labels.jsonl", labels)
    return folder


def merge(output: Path, folders: tuple[Path, Path], **more: object) -> Finished:
    return run_job(output, folders[0], ground_truth_source=folders[1], **more)


def parts(output: Path) -> dict[str, list[dict[str, Any]]]:
    """Merged records by folder."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(output.rglob("part-*")):
        assert PART.fullmatch(path.name)
        lines = path.read_text().splitlines()
        found.setdefault(str(path.parent.relative_to(output)), []).extend(map(json.loads, lines))
    return found


def test_merged_records_stand_in_the_hour_of_their_capture(folders: tuple[Path, Path], tmp_path: Path) -> None:
    finished = merge(tmp_path / "out", folders)

    found = parts(tmp_path / "out")
    assert list(found) == [f"ep/v/{hour}" for hour in HOURS]
    assert [record["groundTruthData"] for record in found[f"ep/v/{HOURS[0]}"]] == [
        {"data": str(at % 3), "encoding": "CSV"} for at in range(0, 10, 2)
    ]
    captured = json.loads((folders[0] / f"ep/v/{HOURS[0]}/00-00-000-x.jsonl").read_text().splitlines()[0])
    assert {**found[f"ep/v/{HOURS[0]}"][0], "groundTruthData": None} == {**captured, "groundTruthData": None}
    assert finished.outcome.message == (
        "Completed: 10 of 20 captured records have a label; 10 merged records were written."
    )
    assert finished.outcome.exit_code == 0


def test_the_report_accounts_for_both_sides(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with (folders[0] / f"ep/v/{HOURS[1]}/00-00-000-x.jsonl").open("a") as file:
        file.write("{broken\n")
    with (folders[1] / "2026/01/01/05/labels.jsonl").open("a") as file:
        file.write(json.dumps(truth("stranger", "1")) + "\n<b>&\n")

    report = merge(tmp_path / "out", folders).document("_merge.json")

    joined = report["joined"]
    assert (report["merged"], report["records"], report["rejected"]) == (10, 21, {"line is not JSON": 1})
    assert (joined["captured"], joined["labelled"], joined["unmatched"], joined["coverage"]) == (20, 10, 10, 0.5)
    assert joined["label_delay_hours"] == dict.fromkeys(("minimum", "median", "p90", "p99", "maximum"), 5)
    assert joined["ground_truth"] == {
        "records": 12,
        "rejected": {"line is not JSON": 1},
        "ids": 11,
        "matched": 10,
        "unmatched": 1,
        "repeated": 0,
        "left_out": 0,
        "conflicting": 0,
        "first_hour": "2026-01-01T05:00:00Z",
        "last_hour": "2026-01-01T05:00:00Z",
        "unmatched_ids": ["stranger"],
        "conflicting_ids": [],
    }
    assert [(Path(each["path"]).name, each["line"]) for each in report["rejected_samples"]] == [
        ("00-00-000-x.jsonl", 11),
        ("labels.jsonl", 12),
    ]


def test_a_second_run_replaces_the_first_and_nothing_else(folders: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "out"
    merge(output, folders)
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    merge(output, folders)
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    other = output / f"ep/v/{HOURS[0]}/part-00000-6a1b6a1b-1111-2222-3333-444455556666.c000.jsonl"
    other.write_text("of another tool")
    (folders[0] / f"ep/v/{HOURS[0]}/00-00-000-x.jsonl").unlink()
    write_captures(folders[0] / f"ep/v/{HOURS[0]}/00-00-000-a.jsonl", [capture("1", "0.5", event=f"{HOURS[0]}:2")])

    merge(output, folders)

    other.unlink()
    found = parts(output)
    assert [record["eventMetadata"]["eventId"] for record in found[f"ep/v/{HOURS[0]}"]] == [f"{HOURS[0]}:2"]
    assert len(found[f"ep/v/{HOURS[1]}"]) == 5


def test_strict_mode_writes_merged_records_and_nothing_else(folders: tuple[Path, Path], tmp_path: Path) -> None:
    finished = merge(tmp_path / "out", folders, analyzer_compat="strict")

    assert {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()} == {".jsonl"}
    assert finished.outcome.message == ""


def test_every_label_of_an_id_joins_where_asked_for(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_captures(folders[1] / "2026/01/01/06/more.jsonl", [truth(f"{HOURS[0]}:0", "9"), truth(f"{HOURS[0]}:1", "8")])
    (tmp_path / "options.json").write_text('{"label_choice": "all"}')

    latest = parts(merge(tmp_path / "a", folders).output)[f"ep/v/{HOURS[0]}"]
    every = parts(merge(tmp_path / "b", folders, analyzer_config=tmp_path / "options.json").output)[f"ep/v/{HOURS[0]}"]

    assert [each["groundTruthData"]["data"] for each in latest[:2]] == ["9", "8"]
    assert [each["groundTruthData"]["data"] for each in every[:3]] == ["0", "9", "8"]


def test_batch_transform_goes_to_the_folder_of_its_schedule(tmp_path: Path) -> None:
    data = tmp_path / "in/output/2026/01/01/03/part.csv.out"
    data.parent.mkdir(parents=True)
    data.write_text("132,0.10,a,2026-01-01T03:00:00Z\n7,0.2,b,2026-01-01T03:00:00Z\n")
    write_captures(tmp_path / "truth/2026/01/01/05/labels.jsonl", [truth("a", "0")])

    merge(
        tmp_path / "out",
        (tmp_path / "in", tmp_path / "truth"),
        dataset_format='{"csv": {"header": false}}',
        sagemaker_monitoring_schedule_name="churn",
    )

    assert parts(tmp_path / "out") == {
        "churn/2026/01/01/03": [
            {
                "eventMetadata": {"eventId": "a"},
                "eventVersion": "0",
                "groundTruthData": {"data": "0", "encoding": "CSV"},
                "captureData": {"batchTransformOutput": {"data": "132,0.10", "encoding": "CSV"}},
            }
        ]
    }


@pytest.mark.parametrize("inside", ["in", "in/merge", "truth/x"])
def test_an_output_folder_inside_an_input_is_refused(folders: tuple[Path, Path], tmp_path: Path, inside: str) -> None:
    with pytest.raises(ConfigError, match="would read the merged records as its input"):
        merge(tmp_path / inside, folders)


def test_an_output_that_cannot_be_written_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/ep").write_text("a file in the way")

    with pytest.raises(OutputUnwritable, match="out/ep"):
        merge(tmp_path / "out", folders)


def test_merged_input_is_not_merged_again(folders: tuple[Path, Path], tmp_path: Path) -> None:
    merge(tmp_path / "out", folders)

    with pytest.raises(ConfigError, match="is merged already"):
        merge(tmp_path / "again", (tmp_path / "out", folders[1]))


def test_the_three_variables_of_the_closed_merger_are_a_merge_job() -> None:
    job = Job.from_values({"dataset_source": "/a", "ground_truth_source": "/b", "output_path": "/c"})

    assert job.analysis_type == "MERGE"


@pytest.mark.parametrize("name", ["problem_type", "inference_attribute", "baseline_constraints"])
def test_ground_truth_beside_other_variables_needs_an_analysis_type(name: str) -> None:
    values = {"ground_truth_source": "/b", name: "Regression"}
    with pytest.raises(ConfigError, match=f"analysis_type: not set, and ground_truth_source with {name}"):
        Job.from_values(values)

    assert Job.from_values({**values, "analysis_type": "MODEL_QUALITY"}).analysis_type == "MODEL_QUALITY"


def test_a_merge_job_without_ground_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ground_truth_source is not set"):
        run_job(tmp_path / "out", tmp_path, analysis_type="MERGE")


def test_a_merge_job_runs_from_its_variables(folders: tuple[Path, Path], tmp_path: Path) -> None:
    values = {
        "dataset_source": str(folders[0]),
        "ground_truth_source": str(folders[1]),
        "output_path": str(tmp_path / "out"),
        "output_message_file": str(tmp_path / "message"),
    }

    assert run_values(values) == 0
    assert (tmp_path / "message").read_text().startswith("Completed: 10 of 20 captured records")


def test_the_command_leaves_a_folder_that_can_be_read_as_it_is(folders: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "out"
    sources = ["--dataset-source", str(folders[0]), "--ground-truth-source", str(folders[1])]

    assert main(["merge", *sources, "--output-path", str(output)]) == 0

    job = Job.from_values({"dataset_source": str(output), "output_path": str(tmp_path)})
    given = open_input(job, None, apart=True)
    found = read(given.plain)
    assert (given.skips, found.intake.rejected, len(found.rows)) == ([], {}, 10)
    assert found.rows[0] == {"endpointOutput.0": "0.0", "endpointInput.0": "1", "groundTruthData.0": "0"}
    assert {path.name for path in output.iterdir()} == {"_merge.json", "_message", "ep"}


def test_s3_is_read_and_written_like_folders(s3: Bucket) -> None:
    for hour in HOURS:
        lines = [json.dumps(capture("1", f"0.{at}", event=f"{hour}:{at}")) for at in range(4)]
        s3.put(f"in/ep/v/{hour}/f.jsonl", "\n".join(lines).encode())
    s3.put("truth/2026/01/01/05/f.jsonl", json.dumps(truth(f"{HOURS[1]}:3", "1")).encode())
    s3.put(f"out/ep/v/{HOURS[0]}/other.jsonl", b"x")
    values = {"dataset_source": s3.uri("in"), "ground_truth_source": s3.uri("truth"), "output_path": s3.uri("out")}

    for _ in range(2):
        assert run_values({**values, "output_message_file": s3.uri("message")}) == 0
        keys = [each["Key"] for each in s3.client.list_objects_v2(Bucket=s3.name, Prefix="out/")["Contents"]]
        assert [re.sub(PART, "part", key) for key in keys] == [
            "out/_merge.json",
            f"out/ep/v/{HOURS[0]}/other.jsonl",
            f"out/ep/v/{HOURS[1]}/part",
        ]
    s3.put("truth/2026/01/01/05/f.jsonl", json.dumps(truth("nobody", "1")).encode())
    run_values({**values, "output_message_file": s3.uri("message")})
    keys = [each["Key"] for each in s3.client.list_objects_v2(Bucket=s3.name, Prefix="out/")["Contents"]]
    assert keys == ["out/_merge.json", f"out/ep/v/{HOURS[0]}/other.jsonl"]


@pytest.mark.golden
def test_the_recorded_traffic_merges_completely(golden: Path, tmp_path: Path) -> None:
    """Three runs of mq_churn_monitor: ids 0 to 333 over and over, a label for each id."""
    rows = (golden / "mq_churn_monitor/inputs/merged_unique_rows.csv").read_text().splitlines()[1:]
    labels = {row.split(",")[0]: row.split(",")[2] for row in rows}
    seeded = {name: str(int(random.Random(int(name)).random() < 0.7)) for name in labels}
    assert labels == seeded
    write_captures(tmp_path / "truth/2021/05/18/00/l.jsonl", [truth(name, label) for name, label in labels.items()])
    for count in (1817, 1892, 2723):
        records = list(_traffic(rows, count))
        write_captures(tmp_path / f"{count}/ep/v/2021/05/18/00/f.jsonl", records)

        finished = merge(tmp_path / f"out-{count}", (tmp_path / str(count), tmp_path / "truth"))

        joined = finished.document("_merge.json")["joined"]
        assert (joined["captured"], joined["labelled"], joined["pairs"]) == (count, count, count)
        assert joined["repeated"] == count - len(rows)
        [merged] = parts(tmp_path / f"out-{count}").values()
        assert [each["groundTruthData"]["data"] for each in merged] == [labels[str(at % 334)] for at in range(count)]


def _traffic(rows: list[str], count: int) -> Iterator[dict[str, Any]]:
    for at in range(count):
        name, score, _ = rows[at % len(rows)].split(",")
        yield capture("1", score, event=f"event-{at}", inferenceId=name, time="2021-05-18T00:29:02Z")
