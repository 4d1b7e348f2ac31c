"""The local engine: any number of processes, the same bytes; a worker's death has a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.batch import Batch
from analyzer.engines import local
from analyzer.errors import EngineFailed, ScriptError
from analyzer.fold import aligned_blocks, merge_tree
from tests.engines.reports import split_at
from tests.engines.sources import ROWS, SCAN, Numbers
from tests.engines.traffic import write_traffic
from tests.jobs import CAPTURE, Finished, monitor, run_job


@pytest.mark.parametrize("count", [0, 1, 2, 7, 16, pytest.param(61, marks=pytest.mark.slow)])
@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_leaves_the_same_state(count: int, processes: int) -> None:
    alone = local.run(SCAN, Numbers(count), 1)

    together = local.run(SCAN, Numbers(count), processes)

    assert SCAN.dump(together) == SCAN.dump(alone)


@pytest.mark.parametrize("size", [1, 2, 4, 16])
def test_aligned_blocks_merge_to_the_same_tree(size: int) -> None:
    """What Spark tasks and local workers rely on: merging blocks first changes nothing."""

    class Names:
        """Merging writes the tree down."""

        state = str

        def zero(self) -> str:
            return ""

        def update(self, state: str, batch: Batch) -> str:  # noqa: ARG002 - a fold's signature
            return state

        def merge(self, left: str, right: str) -> str:
            return f"({left}{right})"

        def result(self, state: str) -> str:
            return state

    for count in range(40):
        leaves = [chr(97 + at % 26) for at in range(count)]
        blocks = [merge_tree(Names(), [leaves[at] for at in block]) for block in aligned_blocks(count, size)]
        assert merge_tree(Names(), blocks) == merge_tree(Names(), leaves)


def test_a_killed_worker_is_named_with_the_remedy() -> None:
    with pytest.raises(EngineFailed, match="analyzer_processes"):
        local.run(SCAN, Numbers(8, "killed"), 2)


def test_an_error_of_the_source_keeps_its_type_across_processes() -> None:
    with pytest.raises(ScriptError, match="line 7"):
        local.run(SCAN, Numbers(8, "script"), 2)


def test_progress_counts_every_row_and_byte() -> None:
    seen: list[tuple[int, int]] = []

    local.run(SCAN, Numbers(9), 2, lambda rows, size: seen.append((rows, size)))

    assert (sum(rows for rows, _ in seen), sum(size for _, size in seen)) == (9 * ROWS, 9)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captures with damage, to be cut into many splits."""
    return write_traffic(tmp_path_factory.mktemp("traffic"))


def _report(
    folder: Path, traffic: Path, baseline: Finished, processes: int, monkeypatch: pytest.MonkeyPatch
) -> Finished:
    split_at(monkeypatch, 200_000)
    return monitor(folder, traffic, baseline.output, dataset_format=CAPTURE, analyzer_processes=processes)


def test_reports_are_byte_identical_for_any_number_of_processes_and_on_every_rerun(
    traffic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = run_job(tmp_path / "baseline", traffic, dataset_format=CAPTURE)

    runs = [_report(tmp_path / str(at), traffic, baseline, at, monkeypatch) for at in (1, 2, 3, 4)]

    assert runs[0].document("statistics.json")["dataset"]["item_count"] == 9000 - 3
    for name in ("statistics.json", "constraints.json", "constraint_violations.json", "quarantine.jsonl"):
        contents = {(run.output / name).read_bytes() for run in runs}
        assert len(contents) == 1, name


def test_line_numbers_in_the_quarantine_are_absolute_in_files_that_were_split(
    traffic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = run_job(tmp_path / "baseline", traffic, dataset_format=CAPTURE)

    found = _report(tmp_path / "out", traffic, baseline, 2, monkeypatch)

    lines = (found.output / "quarantine.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["line"] for line in lines) == [8] * 3 + [3001] * 3
