"""Join on the local engine: an index of the labels in temporary files, and a scan whose workers map them.

Workers spread the labels of their splits over buckets (ranges of keys) and then gather one bucket each, so that no
process ever holds more than a split or a bucket of labels. Captures are then scanned as ever.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from analyzer.batch import Truth
from analyzer.engines import local
from analyzer.engines.task import Report, silent, stored_bytes, use_one_core
from analyzer.errors import EngineFailed
from analyzer.fold import Scan, fold_batches
from analyzer.join.index import StoredIndex
from analyzer.join.join import SAMPLES, Join, Labels, told
from analyzer.join.keys import bucket_bits, bucket_edges
from analyzer.join.labels import SCHEMA, chosen, keys_of
from analyzer.split import Split

BUCKET_BYTES = 64 << 20  # of stored ground truth; less than that of labels
MOST_BITS = 8  # every process keeps all buckets open

Given = TypeVar("Given")
Made = TypeVar("Made")


def run(scan: Scan, join: Join, processes: int = 1, report: Report = silent) -> Any:
    """The state of a scan over captures that meet their ground truth; the same for any number of processes.

    Raises EngineFailed when a worker process dies or the disk for temporary files is full.
    """
    with _folder() as folder:
        index, truths = _indexed(join.labels, folder, processes, report)
        state = local.run(scan, join.captures.meeting(index), processes, report)
        truths += index.truths(SAMPLES)
        index.close()
    return scan.merge(state, fold_batches(scan, told(truths)))


def _indexed(labels: Labels, folder: str, processes: int, report: Report) -> tuple[StoredIndex, list[Truth]]:
    """The index of all labels, and what was read to make it."""
    splits = labels.splits()
    index = StoredIndex(folder, bucket_bits(stored_bytes(splits), BUCKET_BYTES, MOST_BITS))
    shelving = _Shelving(labels.reader(), index)
    truths: list[Truth] = []
    for split, read in zip(splits, _each(shelving.spread, list(enumerate(splits)), processes), strict=True):
        truths += read
        report(0, stored_bytes([split]))
    for _ in _each(partial(shelving.gather, len(splits)), range(1 << index.bits), processes):
        pass
    return index, truths


@dataclass(frozen=True, slots=True)
class _Shelving:
    """What a worker does to make the index."""

    labels: Labels
    index: StoredIndex

    def spread(self, numbered: tuple[int, Split]) -> list[Truth]:
        """Write the labels of a split as one batch per table and bucket; what was read for them."""
        place, split = numbered
        truths: list[Truth] = []
        with pa.OSFile(self._path(place), "wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            for table, truth in self.labels.labels(split):
                truths.append(truth)
                whole = pa.RecordBatch.from_arrays([_whole(column) for column in table.columns], schema=SCHEMA)
                for begin, end in pairwise(bucket_edges(keys_of(table).high, self.index.bits).tolist()):
                    writer.write_batch(whole.slice(begin, end - begin))
        return truths

    def gather(self, parts: int, bucket: int) -> None:
        """Put the labels of one bucket onto their shelf."""
        found: list[pa.Table] = []
        for place in range(parts):
            file = pa.ipc.open_file(pa.memory_map(self._path(place)))
            batches = range(bucket, file.num_record_batches, 1 << self.index.bits)
            found.append(pa.Table.from_batches([file.get_batch(at) for at in batches], SCHEMA))
        self.index.store(bucket, chosen(found, self.labels.choice))

    def _path(self, place: int) -> str:
        return str(Path(self.index.folder, f"part-{place}.arrow"))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _each(work: Callable[[Given], Made], items: Sequence[Given], processes: int) -> Iterator[Made]:
    """Results of the work on every item, in order, on so many processes."""
    if processes <= 1:
        yield from map(work, items)
        return
    with local.pool(min(processes, max(1, len(items))), use_one_core) as workers:
        yield from workers.map(work, items)


@contextmanager
def _folder() -> Iterator[str]:
    """A folder for the index, gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix="model-monitor-") as folder:
            yield folder
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EngineFailed(
            f"The folder for temporary files {tempfile.gettempdir()!r} is full: the labels are sorted there. "
            "Hint: free space, or name another folder with TMPDIR."
        ) from error
