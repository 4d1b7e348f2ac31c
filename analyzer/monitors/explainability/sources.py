"""Sources of attributions: rows that are explained on the way, or what an endpoint with online explanations captured.

Their batches have one column for every output and feature, called by both numbers (`0.3`), which any engine can fold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from analyzer.batch import Batch, Floats, Intake
from analyzer.monitors.explainability.explainers import Explainer
from analyzer.split import Piece, Source, Split

NO_NUMBER = "the model gave no number"
NO_ATTRIBUTIONS = "record holds no attributions"
_ONLINE = (
    r"explanations\.kernel_shap\.(?P<record>\d+)\.(?P<feature>\d+)\.attributions\.0\.attribution(?:\.(?P<label>\d+))?"
)
_HEADER = r"explanations\.kernel_shap\.0\.(\d+)\.feature_header"


def column(output: int, feature: int) -> str:
    """Name of the column of an output's attributions to a feature."""
    return f"{output}.{feature}"


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """Encoded rows (rows, features), explained by the process that reads them."""

    rows: Floats
    explainer: Explainer

    def splits(self) -> Sequence[Split]:
        count, size = len(self.rows), self.explainer.chunk
        return [(Piece("sample", at, min(at + size, count), whole=count <= size),) for at in range(0, count, size)]

    def reader(self) -> Source:
        return self

    def batches(self, split: Split) -> Iterator[Batch]:
        for piece in split:
            found = self.explainer.attributions(self.rows[piece.start : piece.end])
            sound = np.isfinite(found).all(axis=(1, 2))
            lost = int((~sound).sum())
            columns = {
                column(output, feature): pa.array(np.ascontiguousarray(found[sound, feature, output]))
                for output in range(found.shape[2])
                for feature in range(found.shape[1])
            }
            intake = Intake(records=len(found), rejected={NO_NUMBER: lost} if lost else {})
            yield Batch(columns, len(found) - lost, intake=intake)


@dataclass(frozen=True)
class Places:
    """Where attributions stand in captured outputs.

    pattern: of column names, with groups feature, and perhaps record and label. by_name: the group feature is a name
    among the features, not a number.
    """

    pattern: str
    features: tuple[str, ...]
    by_name: bool = False

    @classmethod
    def online(cls, side: str, columns: Sequence[str], headers: Sequence[str]) -> Places | None:
        """Places of the online explanations of SageMaker's endpoints; None when no column looks like them."""
        pattern = rf"{re.escape(side)}\.{_ONLINE}"
        found = [match for name in columns if (match := re.fullmatch(pattern, name))]
        if not found:
            return None
        count = 1 + max(int(match["feature"]) for match in found)
        named = list(headers) if len(headers) == count else [f"feature_{at}" for at in range(count)]
        return cls(pattern, tuple(named))

    @classmethod
    def prefixed(cls, prefix: str, columns: Sequence[str], headers: Sequence[str]) -> Places | None:
        """Places below a key that the configuration names: `prefix.<feature>`, features by name or by number."""
        pattern = rf"{re.escape(prefix)}\.(?P<feature>.+)"
        names = [match["feature"] for name in columns if (match := re.fullmatch(pattern, name))]
        if not names:
            return None
        if all(name.isdecimal() for name in names):
            count = max(1 + max(map(int, names)), len(headers))
            return cls(
                pattern, tuple(headers) if len(headers) == count else tuple(f"feature_{at}" for at in range(count))
            )
        return cls(pattern, tuple(headers) if set(names) <= set(headers) else tuple(names), by_name=True)

    def found(self, name: str) -> tuple[int, str] | None:
        """Record inside the payload, and the column of attributions, that a captured column stands for."""
        match = re.fullmatch(self.pattern, name)
        if match is None:
            return None
        groups = match.groupdict()
        if self.by_name:
            if groups["feature"] not in self.features:
                return None
            feature = self.features.index(groups["feature"])
        else:
            feature = int(groups["feature"])
        if feature >= len(self.features):
            return None
        return int(groups.get("record") or 0), column(int(groups.get("label") or 0), feature)


@dataclass(frozen=True)
class CapturedAttributions:
    """Attributions that stand in the captured outputs of another source, several records to a payload or one."""

    source: Source
    places: Places

    def splits(self) -> Sequence[Split]:
        return self.source.splits()

    def reader(self) -> Source:
        return replace(self, source=self.source.reader())

    def batches(self, split: Split) -> Iterator[Batch]:
        return chain.from_iterable(map(self._attributions, self.source.batches(split)))

    def _attributions(self, batch: Batch) -> Iterator[Batch]:
        """One batch for every place of a record inside the payloads; rows without any attribution are left out."""
        records: dict[int, dict[str, str]] = {}
        for name in batch.columns:
            place = self.places.found(name)
            if place:
                records.setdefault(place[0], {})[place[1]] = name
        intake, covered = batch.intake, np.zeros(batch.rows, np.bool_)
        found = []
        for at in sorted(records):
            present = np.zeros(batch.rows, np.bool_)
            for name in records[at].values():
                present |= np.asarray(batch.columns[name].is_valid())
            covered |= present
            kept = pa.array(present)
            columns = {own: batch.columns[name].filter(kept) for own, name in records[at].items()}
            found.append(Batch(columns, int(present.sum())))
        lost = int((~covered).sum())
        if lost:
            intake.rejected[NO_ATTRIBUTIONS] = intake.rejected.get(NO_ATTRIBUTIONS, 0) + lost
        yield Batch({}, 0, intake=intake)
        yield from found


def headers_of(batch: Batch, side: str) -> list[str]:
    """Names of features that the first payload of a batch gives its own attributions; empty without any."""
    named = {}
    for name in batch.columns:
        match = re.fullmatch(rf"{re.escape(side)}\.{_HEADER}", name)
        if match and batch.rows:
            named[int(match[1])] = batch.columns[name].drop_null()
    texts = [str(named[at][0]) for at in sorted(named) if len(named[at])]
    return texts if sorted(named) == list(range(len(texts))) and len(set(texts)) == len(texts) else []
