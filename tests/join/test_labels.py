"""Which labels of an id count, whatever the parts they come in; oracle: the same in plain Python."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.join.labels import ENCODINGS, Choice, chosen, truth_of
from tests.join.tables import Truth, by_id, counting, table

RECORDS = st.lists(
    st.builds(
        Truth,
        st.sampled_from(["a", "b", " a", "c"]),
        st.sampled_from(["0", "1", '{"x":1}', ""]),
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from(ENCODINGS),
    ),
    max_size=12,
)
CHOICES = st.sampled_from([Choice(), Choice("all", 2), Choice("all", 100)])


def payloads(labels: pa.Table) -> dict[str, list[tuple[str, str | None]]]:
    """Payloads by id, in the order of the table."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for row in labels.to_pylist():
        found.setdefault(row["name"].strip(), []).append((row["data"], ENCODINGS[row["encoding"]]))
    return found


@given(RECORDS, CHOICES)
def test_the_labels_that_count_are_those_of_plain_python(records: list[Truth], choice: Choice) -> None:
    expected = {name: [each.payload for each in group] for name, group in counting(records, choice).items()}

    assert payloads(chosen([table(records)], choice)) == expected


@given(RECORDS, CHOICES, st.integers(0, 12), st.integers(0, 12))
def test_choosing_in_parts_is_choosing_at_once(records: list[Truth], choice: Choice, one: int, other: int) -> None:
    first, second = sorted((one, other))
    parts = [table(part) for part in (records[:first], records[first:second], records[second:])]
    whole = chosen([table(records)], choice)

    assert chosen([chosen([part], choice) for part in parts], choice).equals(whole)
    assert chosen([chosen(parts[:2], choice), chosen(parts[2:], choice)], choice).equals(whole)
    assert chosen([whole], choice).equals(whole)


@given(RECORDS, CHOICES)
def test_counts_of_the_ground_truth_are_those_of_plain_python(records: list[Truth], choice: Choice) -> None:
    labels = chosen([table(records)], choice)
    wanted = pa.compute.is_in(labels["name"], pa.array(["a", " a"])).combine_chunks()

    truth = truth_of(labels, wanted.to_numpy(zero_copy_only=False), 10)

    groups = by_id(records)
    kept = counting(records, choice)
    differing = {name for name, group in groups.items() if len({each.payload for each in group}) > 1}
    hours = [each.hour for group in kept.values() for each in group if each.hour is not None]
    assert (truth.ids, truth.matched) == (len(groups), int("a" in groups))
    assert truth.repeated == len(records) - len(groups)
    assert truth.left_out == len(records) - sum(map(len, kept.values()))
    assert (truth.conflicting, {name.strip() for name in truth.conflicts}) == (len(differing), differing)
    assert {name.strip() for name in truth.unmatched} == groups.keys() - {"a"}
    assert (truth.first_hour, truth.last_hour) == ((min(hours), max(hours)) if hours else (None, None))


@pytest.mark.parametrize("keep", ["latest", "all"])
def test_a_million_records_of_one_id_are_few_labels(keep: str) -> None:
    choice = Choice("all", 100) if keep == "all" else Choice()
    block = table([Truth("a", str(at % 3)) for at in range(50_000)])

    labels = chosen([], choice)
    for _ in range(20):
        labels = chosen([labels, chosen([block], choice)], choice)

    truth = truth_of(labels, labels["conflict"].to_numpy(), 10)
    assert len(labels) == (100 if keep == "all" else 1)
    assert (truth.ids, truth.repeated, truth.conflicting) == (1, 999_999, 1)


def test_samples_of_ids_do_not_depend_on_how_labels_are_cut() -> None:
    labels = chosen([table([Truth(str(at)) for at in range(100)])], Choice())
    nobody = labels["conflict"].to_numpy()

    whole = truth_of(labels, nobody, 10).unmatched
    halves = [truth_of(part, nobody[: len(part)], 10).unmatched for part in (labels.slice(0, 3), labels.slice(3))]

    assert [*halves[0], *halves[1]][:10] == whole
