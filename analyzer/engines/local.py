"""Local engine: one process per core over the splits of a source."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from analyzer.batch import Batch
from analyzer.errors import EngineFailed
from analyzer.fold import Scan, aligned_blocks, fold_batches, merge_tree
from analyzer.sources.source import Source
from analyzer.sources.splits import Split

Report = Callable[[int, int], None]
"""Called with the rows and stored bytes that were just finished."""

_task: tuple[Scan, Source, Sequence[Split]] | None = None  # set once in every worker, so that tasks are only indices


def run(scan: Scan, source: Source, processes: int = 1, report: Report = lambda rows, size: None) -> Any:
    """The state of a scan over a source; the same for any number of processes.

    Raises EngineFailed when a worker process dies (usually out of memory); errors of the source pass through.
    """
    splits = source.splits()
    if processes <= 1 or len(splits) <= 1:
        return merge_tree(scan, _here(scan, source, splits, report))
    return merge_tree(scan, _apart(scan, source, splits, processes, report))


def _here(scan: Scan, source: Source, splits: Sequence[Split], report: Report) -> Iterator[Any]:
    for split in splits:
        rows = _Rows()
        yield fold_batches(scan, rows.counted(source.batches(split)))
        report(rows.count, stored_bytes([split]))


def _apart(
    scan: Scan, source: Source, splits: Sequence[Split], processes: int, report: Report
) -> Iterator[Any]:
    """States of aligned blocks of splits, in order; at most a few blocks are under way or waiting at once."""
    count = len(splits)
    pending_blocks = iter(aligned_blocks(count, block_size(count, processes)))
    # Forking shares the loaded libraries; the parent has started no threads of its own by now.
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")
    workers = ProcessPoolExecutor(processes, context, _prepare, (scan, source, splits))
    try:
        waiting: list[tuple[range, Future[tuple[bytes, int]]]] = []
        for block in islice(pending_blocks, 2 * processes):
            waiting.append((block, workers.submit(_fold_block, block)))
        while waiting:
            block, future = waiting.pop(0)
            dumped, rows = future.result()
            state = scan.load(dumped)
            for fresh in islice(pending_blocks, 1):
                waiting.append((fresh, workers.submit(_fold_block, fresh)))
            yield state
            report(rows, stored_bytes(splits[block.start : block.stop]))
    except BrokenProcessPool as error:
        raise EngineFailed(
            "A worker process was killed, most likely for lack of memory. Hint: use a machine with more memory, "
            "or set analyzer_processes to a smaller number."
        ) from error
    finally:
        workers.shutdown(wait=True, cancel_futures=True)


def block_size(splits: int, processes: int) -> int:
    """Splits per task, a power of two: several tasks a process, so that none waits long for the last."""
    size = 1
    while splits >= 16 * processes * size:
        size *= 2
    return size


def _prepare(scan: Scan, source: Source, splits: Sequence[Split]) -> None:
    global _task  # noqa: PLW0603 - the worker's one task
    _task = (scan, source, splits)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _fold_block(block: range) -> tuple[bytes, int]:
    """The dumped state of a block of splits, and its rows."""
    assert _task is not None
    scan, source, splits = _task
    rows = _Rows()
    states = (fold_batches(scan, rows.counted(source.batches(splits[at]))) for at in block)
    return scan.dump(merge_tree(scan, states)), rows.count


def stored_bytes(splits: Sequence[Split]) -> int:
    """Bytes of the files' parts the splits stand for, as stored."""
    return sum(piece.end - piece.start for split in splits for piece in split)


@dataclass(slots=True)
class _Rows:
    """Counts the rows of batches that pass by."""

    count: int = 0

    def counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.count += batch.rows
            yield batch
