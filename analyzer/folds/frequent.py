"""Frequent: the most frequent texts of a column with any number of values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from analyzer.batch import Cells
from analyzer.schema import STRING


@dataclass(slots=True)
class Summary:
    """Lower bounds of the frequent texts' counts; every count is at most `error` higher. total: rows seen."""

    counts: dict[str, int] = field(default_factory=dict)
    error: int = 0
    total: int = 0


@dataclass(frozen=True)
class Frequent:
    """The texts that occur most often, whatever the number of distinct ones.

    Parameters: size, texts kept.
    Input:  present cells of class String; numbers and booleans are dropped.
    State:  at most `size` texts and counts.
    Result: Summary, most frequent first.
    Error:  counts are lower bounds, at most total/(size + 1) too low; exact (error 0) up to `size` distinct texts.
    Source: Misra, Gries 1982; the merge of Agarwal et al. 2013, Mergeable Summaries, section 2.
    """

    size: int = 1000

    @property
    def state(self) -> type[Summary]:
        return Summary

    def zero(self) -> Summary:
        return Summary()

    def update(self, state: Summary, cells: Cells) -> Summary:
        if not cells.has_texts:
            return state
        wanted = np.flatnonzero(cells.kinds == STRING)
        counts = cells.counts[wanted]
        total, error = int(counts.sum()), 0
        if len(wanted) > self.size:
            error = int(np.partition(counts, len(counts) - self.size - 1)[len(counts) - self.size - 1])
            wanted, counts = wanted[counts > error], counts[counts > error] - error
        texts = cells.keys.take(pa.array(wanted)).to_pylist()
        return self.merge(state, Summary(dict(zip(texts, counts.tolist(), strict=True)), error, total))

    def merge(self, left: Summary, right: Summary) -> Summary:
        for text, count in right.counts.items():
            left.counts[text] = left.counts.get(text, 0) + count
        left.error += right.error
        left.total += right.total
        if len(left.counts) > self.size:
            cut = sorted(left.counts.values(), reverse=True)[self.size]
            left.counts = {text: count - cut for text, count in left.counts.items() if count > cut}
            left.error += cut
        return left

    def result(self, state: Summary) -> Summary:
        ordered = sorted(state.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return Summary(dict(ordered), state.error, state.total)
