"""Answers: predictions that a model is asked for, as columns beside those of the data.

Source: bias_explainability.md 1.3 and 4 (predictor).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa

from analyzer.analysis_config import Predictor as Configured
from analyzer.batch import Batch, Cells, Floats
from analyzer.counting.labels import Likeliest
from analyzer.errors import ContractError
from analyzer.join.join import Join
from analyzer.monitors.bias.columns import Columns
from analyzer.monitors.explainability.trial import tried
from analyzer.monitors.inputs import Input
from analyzer.predictors.predictor import Predictor
from analyzer.predictors.rows import Features
from analyzer.split import Source, Split

ASKED_ROWS = 65_536  # handed to a predictor at once; it cuts them further as it likes
TRIED_ROWS = 1000
LOOKED_AT = 3  # splits in which the first rows are looked for


@dataclass(frozen=True, eq=False)
class AnsweredRows:
    """A source whose rows have the model's answers beside them, asked for by the process that reads them.

    names, columns: of the features. texts: which of them hold text. outputs: numbers that the model answers a row.
    """

    source: Source
    predictor: Predictor
    names: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[bool, ...]
    outputs: int

    def splits(self) -> Sequence[Split]:
        return self.source.splits()

    def reader(self) -> Source:
        return replace(self, source=self.source.reader())

    def batches(self, split: Split) -> Iterator[Batch]:
        for batch in self.source.batches(split):
            if batch.rows:
                features, rows = encoded(batch, self.names, self.columns, self.texts)
                parts = [self._asked(features, rows[at : at + ASKED_ROWS]) for at in range(0, len(rows), ASKED_ROWS)]
                answers = np.concatenate(parts)
                columns = {answer_column(at): _column(answers[:, at]) for at in range(self.outputs)}
                yield replace(batch, columns={**batch.columns, **columns})
            else:
                yield batch

    def _asked(self, features: Features, rows: Floats) -> Floats:
        found = self.predictor.predict(features, rows)
        if found.shape[1] != self.outputs:
            raise ContractError(
                f"{self.predictor.described} answered {found.shape[1]} numbers a row, and {self.outputs} before. "
                "Hint: a model must always answer in the same shape."
            )
        return found


def answer_column(output: int) -> str:
    """Name of the column of an output; no column of a data set is called so by accident."""
    return f"analyzer answer {output}"


def answered(given: Input, columns: Columns, predictor: Predictor, configured: Configured) -> tuple[Input, Columns]:
    """The input with the model's answers, and the columns with the predictions they are.

    The model is asked about the first rows right away, so that one that cannot answer fails before the scan.
    """
    if isinstance(given.source, Join):
        raise ContractError("captured records have predictions of their own. Hint: remove the predictor.")
    source: Source = given.source
    names, places = (tuple(each) for each in zip(*columns.features, strict=True)) if columns.features else ((), ())
    first = _first_rows(source)
    if first is None or not names:
        return given, columns
    texts = tuple(_is_text(first.cells(place)) if first.sees(place) else False for place in places)
    features, rows = encoded(first, names, places, texts)
    trial = tried(predictor, features, (rows[:0], rows[:TRIED_ROWS]), apart=True)
    outputs = trial.answers.shape[1]
    wrapped = AnsweredRows(source, trial.predictor, names, places, texts, outputs)
    return replace(given, source=wrapped), _with_answers(columns, configured, outputs)


def encoded(
    batch: Batch, names: tuple[str, ...], columns: tuple[str, ...], texts: tuple[bool, ...]
) -> tuple[Features, Floats]:
    """The rows of a batch for a predictor; the vocabulary of a text column is what the batch holds."""
    rows = np.full((batch.rows, len(columns)), np.nan)
    vocabularies: list[tuple[str, ...] | None] = []
    for at, (column, is_text) in enumerate(zip(columns, texts, strict=True)):
        cells = batch.cells(column) if batch.sees(column) else Cells(pa.nulls(batch.rows, pa.string()))
        values = np.arange(len(cells.values), dtype=np.float64) if is_text else cells.numbers
        rows[:, at] = np.append(values, np.nan)[cells.codes]
        vocabularies.append(tuple(cells.texts.to_pylist()) if is_text else None)
    return Features(names, tuple(vocabularies)), rows


def _with_answers(columns: Columns, configured: Configured, outputs: int) -> Columns:
    """Labels as they are answered; one score is compared with the threshold, of several the largest names the class."""
    if outputs == 1:
        is_label = configured.label is not None and configured.probability is None
        return replace(columns, predicted=answer_column(0), is_score=not is_label)
    headers = [str(name) for name in configured.label_headers or ()]
    classes = tuple(headers) if len(headers) == outputs else tuple(map(str, range(outputs)))
    likeliest = Likeliest(classes, tuple(map(answer_column, range(outputs))))
    return replace(columns, predicted=likeliest, is_score=False)


def _first_rows(source: Source) -> Batch | None:
    for split in islice(source.splits(), LOOKED_AT):
        for batch in source.batches(split):
            if batch.rows:
                return batch
    return None


def _is_text(cells: Cells) -> bool:
    """Whether less than half of a column's cells are numbers."""
    present = int(cells.counts.sum())
    return bool(present) and int(cells.counts[np.isfinite(cells.numbers) | cells.non_finite].sum()) * 2 < present


def _column(answers: Floats) -> pa.Array:
    """An output as a column; what is no number is missing."""
    return pa.array(np.ascontiguousarray(answers), mask=~np.isfinite(answers))
