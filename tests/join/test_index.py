"""Looking labels up: in memory and in files, one bucket or many, the same as in plain Python."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.join.index import Found, Index, Shelf, StoredIndex, requested
from analyzer.join.keys import Keys, bucket_edges
from analyzer.join.labels import SCHEMA, Choice, chosen, keys_of
from tests.join.tables import Truth, counting, table

IDS = st.sampled_from([str(number) for number in range(12)])
RECORDS = st.lists(st.builds(Truth, IDS, st.sampled_from(["0", "1"]), st.integers(0, 2)), max_size=20)
ALL = Choice("all", 3)


def pairs(found: Found) -> list[tuple[int, str]]:
    return list(zip(found.owners.tolist(), found.labels["data"].to_pylist(), strict=True))


def stored(folder: str, labels: pa.Table, bits: int) -> StoredIndex:
    """The labels in so many files."""
    index = StoredIndex(folder, bits)
    edges = bucket_edges(keys_of(labels).high, bits).tolist()
    for bucket in range(1 << bits):
        index.store(bucket, labels.slice(edges[bucket], edges[bucket + 1] - edges[bucket]))
    return index


@pytest.mark.parametrize("bits", [None, 0, 1, 3])
@given(records=RECORDS, asked=st.lists(IDS, max_size=10))
def test_every_key_finds_its_labels_in_their_order(bits: int | None, records: list[Truth], asked: list[str]) -> None:
    labels = chosen([table(records)], ALL)
    expected = counting(records, ALL)
    with TemporaryDirectory() as folder:
        index: Index = Shelf.of(labels) if bits is None else stored(folder, labels, bits)

        found = index.found(Keys.of(asked))

        assert pairs(found) == [(at, each.data) for at, name in enumerate(asked) for each in expected.get(name, ())]
        if isinstance(index, StoredIndex):
            unmatched = {name for truth in index.truths(99) for name in truth.unmatched}
            assert unmatched == expected.keys() - set(asked)
            assert sum(truth.ids for truth in index.truths(0)) == len(expected)
            index.close()


def test_keys_that_share_a_half_are_told_apart() -> None:
    """A chance of 2**-64 for real ids, so these keys are made."""
    labels = table([Truth(name, name) for name in "abcd"])
    halves = {"high": [7, 7, 7, 9], "low": [1, 2, 3, 1]}
    for name, words in halves.items():
        at = SCHEMA.get_field_index(name)
        labels = labels.set_column(at, SCHEMA.field(at), pa.array(words, pa.uint64()))

    asked = Keys(np.array([7, 7, 9, 7, 8], np.uint64), np.array([3, 1, 1, 4, 1], np.uint64))

    assert pairs(Shelf.of(labels).found(asked)) == [(0, "c"), (1, "a"), (2, "d")]
    assert requested(labels, asked).tolist() == [True, False, True, True]


def test_notes_about_wanted_labels_reach_other_processes(tmp_path: Path) -> None:
    index = stored(str(tmp_path), chosen([table([Truth("a"), Truth("b")])], Choice()), 0)

    index.shelf(0).found(Keys.of(["a"]))

    assert [truth.unmatched for truth in index.truths(9)] == [["b"]]
    index.close()
