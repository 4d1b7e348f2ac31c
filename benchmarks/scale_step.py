"""One step of the measures of scale, in a process of its own: prints what it took as JSON.

list: files of a (hollow) bucket are listed, planned and packed for Spark.
tree: the work of all Spark tasks for as many splits as wanted, and the driver's; a split holds eight rows.
states: what loading, merging and dumping states of so many columns takes.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.arrow import leave_pandas_out
from analyzer.batch import Batch, Intake
from analyzer.engines.task import LARGEST_BLOCK, Task
from analyzer.fold import Each, Scan, aligned_blocks, fold_batches, merge_tree
from analyzer.folds.intake import Intakes
from analyzer.folds.moments import Moments
from analyzer.monitors.data_quality.profile import Profiling
from analyzer.options import Options
from analyzer.sources.files import list_files
from analyzer.sources.splits import plan
from analyzer.split import Piece, Split

Found = dict[str, float]
PROFILE = Scan.of(Profiling(Options()).folds)
LIGHT = Scan.of([Intakes(), Each(Moments())])


def listed(uri: str) -> Found:
    """List and plan the files below a prefix, and pack the splits as the Spark engine does."""
    from analyzer.engines.spark import packed  # noqa: PLC0415 - only this step knows Spark

    began = time.perf_counter()
    files = list_files(uri).files
    found = {"list": time.perf_counter() - began, "files": len(files), "bytes": sum(file.size for file in files)}
    began = time.perf_counter()
    splits = plan(files)
    found |= {"plan": time.perf_counter() - began, "splits": len(splits)}
    began = time.perf_counter()
    blocks = [packed(splits[block.start : block.stop]) for block in aligned_blocks(len(splits), LARGEST_BLOCK)]
    found |= {"pack": time.perf_counter() - began, "packed": sum(map(len, blocks))}
    return found | {"tasks": len(blocks), "peak": _peak()}


@dataclass(frozen=True)
class Hollow:
    """So many splits of a file each; every one holds the same eight rows."""

    count: int

    def splits(self) -> Sequence[Split]:
        return [(Piece(f"s3://bucket/{at:010}.jsonl", 0, 60_000_000, whole=True),) for at in range(self.count)]

    def reader(self) -> Hollow:
        return self

    def batches(self, split: Split) -> Iterator[Batch]:
        yield Batch({"a": pa.array(range(8))}, 8, intake=Intake(8, lines={split[0].path: {0: 8}}))


def tree(count: str) -> Found:
    """The work of all Spark tasks for so many hollow splits, one after the other, and the driver's part."""
    from analyzer.engines.spark_tree import COLLECTED, MergeTask, attempted  # noqa: PLC0415 - as above

    began, source, merging = time.perf_counter(), Hollow(int(count)), MergeTask(LIGHT, COLLECTED)
    task = Task(LIGHT, source, source.splits())
    blocks = enumerate(aligned_blocks(int(count), LARGEST_BLOCK))
    rows = [attempted(place, lambda: LIGHT.dump(task.fold(block)[0])) for place, block in blocks]  # noqa: B023
    while len(rows) > COLLECTED:
        groups = aligned_blocks(len(rows), COLLECTED)
        rows = [row for group in groups for row in merging(map(merging.grouped, rows[group.start : group.stop]))]
    state = merge_tree(LIGHT, (LIGHT.load(dumped) for _, _, _, dumped in rows))
    found = LIGHT.result(state)[LIGHT.folds[0]].rows
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows": found, "states": len(rows), "peak": _peak(), "state": len(LIGHT.dump(state))}


def states(columns: str) -> Found:
    """Bytes of a full state of so many numeric columns, and seconds to load, merge and dump one."""
    random = np.random.default_rng(1)
    rows = 30_000
    cells = {f"c{at}": pa.array(random.normal(size=rows).round(3).astype(str)) for at in range(int(columns))}
    dumped = PROFILE.dump(fold_batches(PROFILE, [Batch(cells, rows)]))
    total, times = PROFILE.load(dumped), 20
    load = _seconds(partial(PROFILE.load, dumped), times)
    merge = _seconds(lambda: PROFILE.merge(total, PROFILE.load(dumped)), times) - load
    return {"bytes": len(dumped), "load": load, "merge": merge, "dump": _seconds(lambda: PROFILE.dump(total), times)}


def _seconds(work: Callable[[], Any], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def _peak() -> float:
    """Bytes this process had resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


STEPS: dict[str, Callable[[str], Found]] = {"list": listed, "tree": tree, "states": states}


def main() -> None:
    """`python -m benchmarks.scale_step tree 100000`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("subject")
    arguments = parser.parse_args()
    leave_pandas_out()
    print(json.dumps(STEPS[arguments.step](arguments.subject)))


if __name__ == "__main__":
    main()
