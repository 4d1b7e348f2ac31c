"""Where rejected records stand, whatever the order in which states of neighbours merge, and how little that takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.batch import Batch, Intake, Rejected
from analyzer.fold import aligned_blocks, merge_tree
from analyzer.folds.intake import Intakes, IntakeState

FOLD = Intakes(samples=1000)
FILES = st.lists(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), min_size=1, max_size=4), max_size=6)
"""Lines of every block of every piece of every file; the last line of a block is rejected."""


def states(files: list[list[list[int]]]) -> list[IntakeState]:
    """One state a piece, updated block by block as sources do."""
    found = []
    for number, pieces in enumerate(files):
        for at, blocks in enumerate(pieces):
            state, path, start, line = FOLD.zero(), f"file-{number}", 100 * at, 0
            for count in blocks:
                line += count
                samples = [Rejected("broken", path, line, start=start)] if count else []
                intake = Intake(count, samples=samples, lines={path: {start: count}} if count else {})
                state = FOLD.update(state, Batch({}, 0, intake=intake))
            found.append(state)
    return found


def places(files: list[list[list[int]]]) -> list[tuple[str, int]]:
    """The rejected lines, counted from the start of their file."""
    found = []
    for number, pieces in enumerate(files):
        line = 0
        for count in (count for blocks in pieces for count in blocks):
            line += count
            found += [(f"file-{number}", line)] * bool(count)
    return found


@given(FILES, st.sampled_from([1, 2, 4]))
def test_lines_count_from_the_start_of_their_file_however_states_are_grouped(
    files: list[list[list[int]]], size: int
) -> None:
    parts = states(files)
    blocks = [merge_tree(FOLD, [parts[at] for at in block]) for block in aligned_blocks(len(parts), size)]

    found = FOLD.result(merge_tree(FOLD, blocks))

    assert [(sample.path, sample.line) for sample in found.intake.samples] == places(files)
    assert found.intake.lines == {}


@given(FILES)
def test_one_by_one_is_the_same(files: list[list[list[int]]]) -> None:
    state = FOLD.zero()
    for part in states(files):
        state = FOLD.merge(state, part)

    assert [(sample.path, sample.line) for sample in FOLD.result(state).intake.samples] == places(files)


@pytest.mark.parametrize("pieces", [1, 5])
def test_the_state_does_not_grow_with_files(pieces: int) -> None:
    state = merge_tree(Intakes(samples=3), states([[[7]] * pieces] * 500))

    assert sum(map(len, state.intake.lines.values())) <= 2 * pieces
    assert len(state.intake.samples) == 3


def test_a_place_within_a_file_that_is_not_complete_stays_relative_to_its_piece() -> None:
    """Until the state of the pieces before it arrives."""
    before, after = states([[[3], [4]]])

    alone = FOLD.merge(FOLD.zero(), after)
    together = FOLD.merge(FOLD.merge(FOLD.zero(), before), alone)

    assert [sample.line for sample in alone.intake.samples] == [4]
    assert [sample.line for sample in FOLD.result(together).intake.samples] == [3, 7]
