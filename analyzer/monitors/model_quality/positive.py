"""Positive: which class of a binary problem counts as positive, told by the data where nobody says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.counting.labels import in_order

PAIRS = (("0", "1"), ("-1", "1"), ("false", "true"))  # negative and positive by convention


@dataclass(frozen=True, slots=True)
class Sides:
    """The two classes of a binary problem; notice: what a reader should know about the choice, or ""."""

    negative: str
    positive: str
    notice: str = ""


def sides_of(actual: Mapping[str, int], predicted: Mapping[str, int], positive: str | None) -> Sides:
    """The two classes, from the rows of every actual and every predicted class.

    The positive one is as given; else by convention (1 against 0 or -1, true against false); else of the two most
    frequent actual classes the later one in the order of documents. The negative one is the most frequent other.
    """
    names = _by_frequency(actual) + [name for name in _by_frequency(predicted) if name not in actual]
    if positive is not None:
        others = [name for name in names if name != positive]
        return Sides(others[0] if others else _opposite(positive), positive, _unseen(positive, names))
    for low, high in PAIRS:
        if {low, high} <= set(names) or (names and set(names) <= {low, high}):
            return Sides(low, high)
    if len(names) < 2:
        return (
            Sides(names[0], f"not {names[0]}", f"All labels are {names[0]!r}. Hint: set positive_label.")
            if names
            else Sides(*PAIRS[0])
        )
    low, high = in_order(names[:2])
    return Sides(low, high, f"{high!r} counts as positive, {low!r} as negative. Hint: set positive_label to be sure.")


def _by_frequency(classes: Mapping[str, int]) -> list[str]:
    return [name for name in sorted(in_order([*classes]), key=lambda name: -classes[name]) if classes[name]]


def _opposite(positive: str) -> str:
    """The conventional other class."""
    known = {high: low for low, high in reversed(PAIRS)} | dict(reversed(PAIRS))
    return known.get(positive, f"not {positive}")


def _unseen(positive: str, names: list[str]) -> str:
    if positive in names or not names:
        return ""
    shown = ", ".join(map(repr, names[:10]))
    return f"positive_label {positive!r} is neither among the labels nor the predictions, which are {shown}."
