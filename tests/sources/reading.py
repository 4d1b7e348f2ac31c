"""Reading a source to its end, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from analyzer.batch import Intake
from analyzer.folds.intake import Intakes
from analyzer.sources.splits import File
from analyzer.split import Source


@dataclass
class Read:
    """Everything a source gave."""

    rows: list[dict[str, object]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    types: dict[str, pa.DataType] = field(default_factory=dict)
    intake: Intake = field(default_factory=Intake)
    batches: int = 0

    @property
    def reconciles(self) -> bool:
        """Whether every record is a row, rejected or dropped."""
        intake = self.intake
        return intake.records == len(self.rows) + sum(intake.rejected.values()) + intake.dropped


def read(source: Source) -> Read:
    """All batches of all splits."""
    result, fold = Read(), Intakes()
    state = fold.zero()
    for batch in (batch for split in source.splits() for batch in source.batches(split)):
        state = fold.update(state, batch)
        result.batches += 1
        columns = {name: column.to_pylist() for name, column in batch.columns.items()}
        assert {len(column) for column in columns.values()} <= {batch.rows}
        result.rows += [{name: column[at] for name, column in columns.items()} for at in range(batch.rows)]
        result.types |= {name: column.type for name, column in batch.columns.items()}
        if batch.ids is not None:
            result.ids += [str(batch.ids[at]) for at in range(batch.rows)]
    result.intake = state.intake
    assert state.rows == len(result.rows)
    return result


def stored(folder: Path, *contents: bytes | str) -> tuple[File, ...]:
    """Files with these contents, in order."""
    return tuple(_files(folder, contents))


def _files(folder: Path, contents: tuple[bytes | str, ...]) -> Iterator[File]:
    for number, content in enumerate(contents):
        path = folder / f"part-{number:05}"
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
        yield File(str(path), len(data))
