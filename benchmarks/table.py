"""Measures as a Markdown table, and the page that keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Measure:
    """One row of the table: what, ours, what it is compared with, their ratio and the limit the ratio must keep."""

    what: str
    ours: str
    other: str
    ratio: float
    limit: float | None = None
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept; a measure without one always is."""
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    @property
    def line(self) -> str:
        """The measure as a line of a Markdown table."""
        target = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}"
        verdict = "" if self.limit is None else ("yes" if self.is_kept else "**no**")
        return f"| {self.what} | {self.ours} | {self.other} | {self.ratio:.2f} | {target} | {verdict} |"


def table_of(measures: Iterable[Measure]) -> str:
    """All measures as a Markdown table."""
    head = ["| measure | ours | compared with | ratio | target | kept |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *(measure.line for measure in measures)])


def page_with(text: str, report: str, markers: tuple[str, str] = (BEGIN, END)) -> str:
    """The page with the report between its markers; ValueError without them."""
    head, begin, rest = text.partition(markers[0])
    _, end, tail = rest.partition(markers[1])
    if not (begin and end):
        raise ValueError(f"the page has lost its markers. Hint: it needs the lines {markers[0]} and {markers[1]}.")
    return f"{head}{begin}\n{report}\n{end}{tail}"
