"""Layout: which name each unnamed cell of a capture gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.sources.record import column_of


@dataclass(frozen=True, slots=True)
class Shape:
    """What one side of one record looked like: unnamed cells are counted, named ones listed; absent is None."""

    cells: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of the unnamed cells of each side, in order, and new names for named ones.

    sides: side -> names by position; a side that is absent here has named cells only.
    renamed: (side's own name, name in the data set), for JSON whose keys the baseline does not know.
    explanation: what a reader should know about how columns were matched, or "".
    """

    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: tuple[tuple[str, str], ...] = ()
    explanation: str = ""
    aligned: bool = True


def majority(shapes: Sequence[tuple[tuple[str, Shape], ...]], wanted: int | None) -> tuple[tuple[str, Shape], ...]:
    """The shape of most sampled records; among all, one with as many cells as the baseline is preferred."""
    counts = Counter(shapes)
    if not counts:
        return ()
    fitting = {shape: count for shape, count in counts.items() if _width(shape) == wanted}
    # Ties go to the shape seen first: Counter keeps insertion order and max takes the first maximum.
    candidates = fitting or counts
    return max(candidates, key=lambda shape: candidates[shape])


def layout_of(shape: tuple[tuple[str, Shape], ...], baseline: Sequence[str] | None) -> Layout:
    """Names for a shape (sides in column order) from the baseline's names, or `_c0`, `_c1`, ... without one."""
    named = [name for _, side in shape for name in side.names]
    unnamed = sum(side.cells for _, side in shape)
    if baseline is None:
        return Layout(_dealt(shape, [f"_c{at}" for at in range(unnamed)]))
    free = [name for name in baseline if name not in set(named)]
    if named and not unnamed:
        return _keyed(named, list(baseline))
    if len(free) == unnamed:
        return Layout(_dealt(shape, free))
    return _misfit(shape, free)


def layout_apart(shape: tuple[tuple[str, Shape], ...]) -> Layout:
    """Names by side and position for the unnamed cells of a shape."""
    return Layout({side: tuple(column_of(side, at) for at in range(seen.cells)) for side, seen in shape if seen.cells})


def _width(shape: tuple[tuple[str, Shape], ...]) -> int:
    return sum(side.cells + len(side.names) for _, side in shape)


def _dealt(shape: tuple[tuple[str, Shape], ...], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    sides, at = {}, 0
    for side, seen in shape:
        if seen.cells:
            sides[side] = tuple(names[at : at + seen.cells])
            at += seen.cells
    return sides


def _keyed(named: list[str], baseline: list[str]) -> Layout:
    if set(named) & set(baseline) or len(named) != len(baseline):
        return Layout()
    return Layout(
        renamed=tuple(zip(named, baseline, strict=True)),
        explanation="No captured key is a column of the baseline; the keys were matched to its columns by position.",
    )


def _misfit(shape: tuple[tuple[str, Shape], ...], free: list[str]) -> Layout:
    """As many names as there are cells, and an explanation when one side alone fits the baseline."""
    for at, (side, seen) in enumerate(shape):
        if seen.cells == len(free):
            others = sum(other.cells for position, (_, other) in enumerate(shape) if position != at)
            names = {name: tuple(f"_{name}_{i}" for i in range(other.cells)) for name, other in shape if other.cells}
            return Layout(
                names | {side: tuple(free)},
                explanation=f"The baseline has as many columns as {side} alone, so it was matched to {side} and the "
                f"other {others} columns are extra. Hint: rebuild the baseline with the output columns first, or "
                f'monitor {side} only ({{"sagemakerCaptureJson":{{"captureIndexNames":["{side}"]}}}}).',
            )
    unnamed = sum(seen.cells for _, seen in shape)
    spare = [f"_c{at}" for at in range(len(free), unnamed)]
    return Layout(_dealt(shape, free + spare), aligned=False)
