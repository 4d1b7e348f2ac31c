"""What is told about a join: which hours of labels are read, coverage, and why records do not meet."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import ConfigError, SourceUnreadable
from analyzer.job import Job
from analyzer.monitors.inputs import open_input
from analyzer.monitors.joining import delay_quantiles
from tests.jobs import Finished, capture, run_job, truth, write_captures

WINDOW = {"start_time": "2026-01-01T02:00:00Z", "end_time": "2026-01-01T03:00:00Z"}


def merge(folder: Path, ids: list[str], labels: list[Any], **options: Any) -> Finished:
    """A merge job over records with these ids."""
    records = [capture("1", "0.5", event=name, time="2026-01-01T02:30:00Z") for name in ids]
    write_captures(folder / "in/ep/v/2026/01/01/02/f.jsonl", records)
    (folder / "truth/2026/01/01/04").mkdir(parents=True)
    if labels:
        lines = [label if isinstance(label, str) else json.dumps(label) for label in labels]
        (folder / "truth/2026/01/01/04/l.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "options.json").write_text(json.dumps(options))
    return run_job(
        folder / "out", folder / "in", ground_truth_source=folder / "truth", analyzer_config=folder / "options.json"
    )


def test_complete_labels_are_no_news(tmp_path: Path) -> None:
    finished = merge(tmp_path, ["a", "b"], [truth("a", "1"), truth("b", "0")])

    assert finished.document("_merge.json")["notices"] == []
    assert finished.outcome.message.endswith("2 merged records were written.")


@pytest.mark.parametrize(("labelled", "warned"), [(5, False), (4, True)])
def test_low_coverage_is_a_warning_with_a_threshold(tmp_path: Path, labelled: int, warned: bool) -> None:
    ids = [f"e{at}" for at in range(10)]

    message = merge(tmp_path, ids, [truth(name, "1") for name in ids[:labelled]]).outcome.message

    said = "4 of 10 captured records have a label (coverage 0.4000, less than coverage_warning 0.5). Hint: labels may"
    assert (said in message) == warned


def test_the_threshold_is_an_option(tmp_path: Path) -> None:
    message = merge(tmp_path, ["a", "b"], [truth("a", "1")], coverage_warning=0.6).outcome.message

    assert "less than coverage_warning 0.6" in message


def test_no_match_at_all_tells_how_ids_on_both_sides_look(tmp_path: Path) -> None:
    ids = [str(uuid.UUID(int=at)) for at in range(3)]

    message = merge(tmp_path, ids, [truth(str(at), "1") for at in range(3)], coverage_warning=0.0).outcome.message

    assert "None of 3 captured records has a label, although there are labels of 3 ids." in message
    assert f"Ids of captures are UUIDs ('{ids[0]}', '{ids[1]}', '{ids[2]}')" in message
    assert "ids of ground truth whole numbers ('" in message
    assert "Hint: eventMetadata.eventId of ground truth is the inference id" in message


def test_ids_that_look_alike_may_be_of_other_hours(tmp_path: Path) -> None:
    message = merge(tmp_path, ["a"], [truth("b", "1")]).outcome.message

    assert "Ids of captures ('a') and of ground truth ('b') look alike, but may be of other hours." in message


def test_no_ground_truth_at_all_tells_where_it_was_looked_for(tmp_path: Path) -> None:
    message = merge(tmp_path, ["a"], []).outcome.message

    assert f"No ground truth: looked in {tmp_path}/truth; 0 files there" in message


def test_ground_truth_of_another_schema_is_named(tmp_path: Path) -> None:
    labels = [str(truth("a", "1")), {"id": "a", "label": 1}, "a,1"]

    message = merge(tmp_path, ["a"], labels).outcome.message

    assert "No usable ground truth record among 3" in message
    assert "3 of 3 ground truth records were rejected (1 x line is Python's text of a dict, not JSON; " in message
    assert "Hint: write it with json.dumps." in message


def test_conflicting_labels_are_counted_and_named(tmp_path: Path) -> None:
    labels = [truth("a", "1"), truth("a", "0"), truth("b", "1"), truth("b", "1")]

    finished = merge(tmp_path, ["a", "b"], labels)

    assert "Ground truth records differ for 1 of 2 ids; the latest counts ('a')." in finished.outcome.message
    found = finished.document("_merge.json")["joined"]["ground_truth"]
    assert (found["repeated"], found["conflicting"], found["conflicting_ids"]) == (2, 1, ["a"])


def test_labels_beyond_the_bound_of_an_id_are_counted(tmp_path: Path) -> None:
    labels = [truth("a", "1")] * 5

    finished = merge(tmp_path, ["a"], labels, label_choice="all", labels_per_id=2)

    assert "3 ground truth records beyond 2 of one id were left out (labels_per_id)." in finished.outcome.message
    assert finished.document("_merge.json")["merged"] == 2


def test_hostile_ids_cannot_break_out_of_documents_or_messages(tmp_path: Path) -> None:
    ids = ["</script><script>", "\u202e\x1b[31m\n", "x" * 10_000]

    finished = merge(tmp_path, ids, [truth("=cmd|'/c calc'!A0", "1")])

    raw = (finished.output / "_merge.json").read_text()
    assert not set("<>\x1b") & set(raw)
    assert [len(name) for name in finished.document("_merge.json")["joined"]["unmatched_ids"]] == [17, 7, 64]
    assert "\n" not in finished.outcome.message
    assert "\x1b" not in finished.outcome.message


def hours_read(folder: Path, **values: Any) -> list[int]:
    """Hours of labels that a job with this window and these options reads."""
    write_captures(folder / "in/f.jsonl", [capture("1", "0.5")])
    for hour in range(8):
        write_captures(folder / f"truth/2026/01/01/0{hour}/l.jsonl", [truth("a", "1")])
    (folder / "options.yaml").write_text("\n".join(f"{name}: {text}" for name, text in values.items()))
    job = Job.from_values(
        {
            "dataset_source": str(folder / "in"),
            "ground_truth_source": str(folder / "truth"),
            "output_path": str(folder / "out"),
            "analyzer_config": str(folder / "options.yaml"),
            **WINDOW,
        }
    )
    truth_files = open_input(job, None, apart=True).truth
    assert truth_files
    return [int(Path(file.path).parent.name) for file in truth_files.files]


@pytest.mark.parametrize(
    ("options", "hours"),
    [
        ({}, [2, 3, 4, 5, 6, 7]),
        ({"label_end_offset": "PT0H"}, [2]),
        ({"label_end_offset": "PT2H"}, [2, 3, 4]),
        ({"label_end_offset": "P1D"}, [2, 3, 4, 5, 6, 7]),
        ({"label_start_offset": "-PT1H", "label_end_offset": "PT1H"}, [1, 2, 3]),
        ({"label_start_offset": "PT3H"}, [5, 6, 7]),
    ],
)
def test_labels_are_read_from_the_window_on_or_as_the_offsets_say(
    tmp_path: Path, options: dict[str, str], hours: list[int]
) -> None:
    assert hours_read(tmp_path, **options) == hours


def test_offsets_that_leave_no_hour_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave no hours"):
        hours_read(tmp_path, label_start_offset="P2D", label_end_offset="P1D")


def test_offsets_without_a_window_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="count from the window, and there is none"):
        merge(tmp_path, ["a"], [truth("a", "1")], label_end_offset="P1D")


@pytest.mark.parametrize("text", ["1 day", "P1W", "7"])
def test_an_offset_is_an_iso_duration(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="label_end_offset"):
        merge(tmp_path, ["a"], [], label_end_offset=text)


def test_a_ground_truth_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_captures(tmp_path / "in/f.jsonl", [capture("1", "0.5")])

    with pytest.raises(SourceUnreadable, match="nowhere"):
        run_job(tmp_path / "out", tmp_path / "in", ground_truth_source=tmp_path / "nowhere")


def test_parquet_has_no_ids_to_join_by(tmp_path: Path) -> None:
    write_captures(tmp_path / "in/f.jsonl", [capture("1", "0.5")])
    (tmp_path / "truth").mkdir()

    with pytest.raises(ConfigError, match="of parquet has no ids"):
        run_job(tmp_path / "out", tmp_path / "in", ground_truth_source=tmp_path / "truth", dataset_format="parquet")


@given(st.lists(st.integers(-20, 50), min_size=1, max_size=40))
def test_quantiles_of_delays_are_those_of_numpy(hours: list[int]) -> None:
    delays = {hour: hours.count(hour) for hour in hours}

    found = delay_quantiles(delays)

    shares = [0, 0.5, 0.9, 0.99, 1]
    assert found is not None
    assert list(found.values()) == np.quantile(hours, shares, method="inverted_cdf").tolist()


def test_no_delay_has_no_quantiles() -> None:
    assert delay_quantiles({}) is None
