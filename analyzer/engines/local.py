"""Local engine: one process per core over the splits of a source."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any

from analyzer.engines.task import LARGEST_BLOCK, Report, Task, silent, stored_bytes, use_one_core
from analyzer.errors import EngineFailed
from analyzer.fold import Scan, aligned_blocks, merge_tree
from analyzer.split import Source


def run(scan: Scan, source: Source, processes: int = 1, report: Report = silent) -> Any:
    """The state of a scan over a source; the same for any number of processes.

    Raises EngineFailed when a worker process dies (usually out of memory); errors of the source pass through.
    """
    task = Task(scan, source, source.splits())
    if processes <= 1 or len(task.splits) <= 1:
        return merge_tree(scan, _here(task, report))
    return merge_tree(scan, _apart(task, processes, report))


_tasks: list[Task] = []  # the one task of a worker, handed over once so that calls carry indices only


def _here(task: Task, report: Report) -> Iterator[Any]:
    for at, split in enumerate(task.splits):
        state, rows = task.fold(range(at, at + 1))
        yield state
        report(rows, stored_bytes([split]))


def _apart(task: Task, processes: int, report: Report) -> Iterator[Any]:
    """States of aligned blocks of splits, in order; at most a few blocks are under way or waiting at once."""
    count = len(task.splits)
    blocks = aligned_blocks(count, block_size(count, processes))
    with pool(processes, _prepare, (task,)) as workers:
        waiting = deque((block, workers.submit(_fold_block, block)) for block in islice(blocks, 2 * processes))
        while waiting:
            block, future = waiting.popleft()
            dumped, rows = future.result()
            waiting.extend((fresh, workers.submit(_fold_block, fresh)) for fresh in islice(blocks, 1))
            yield task.scan.load(dumped)
            report(rows, stored_bytes(task.splits[block.start : block.stop]))


@contextmanager
def pool(processes: int, prepare: Callable[..., None], given: tuple[Any, ...] = ()) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that have prepared themselves; EngineFailed when one dies."""
    # Forking shares the loaded libraries; the parent has started no threads of its own by now.
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")
    workers = ProcessPoolExecutor(processes, context, prepare, given)
    try:
        yield workers
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
    while splits >= 16 * processes * size and size < LARGEST_BLOCK:
        size *= 2
    return size


def _prepare(task: Task) -> None:
    _tasks.append(task)
    use_one_core()


def _fold_block(block: range) -> tuple[bytes, int]:
    """The dumped state of a block of splits, and its rows."""
    task = _tasks[-1]
    state, rows = task.fold(block)
    return task.scan.dump(state), rows
