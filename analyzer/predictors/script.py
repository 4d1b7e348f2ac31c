"""Script: the user's own `predictor` script, `load(path)` and `predict(batch)`.

It runs inside the worker processes, is loaded once in each, and its prints go to the log. `load` is optional, gets the
path of the model (predictor.artifact, None without one) and returns the model, which `predict` gets as its second
argument where it takes two. `predict` gets a pyarrow.RecordBatch, one column for every feature (doubles, or text), and
returns one number a row, or one list of numbers a row.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.batch import Floats
from analyzer.errors import ContractError, ScriptError
from analyzer.predictors.artifact import LARGEST_BYTES
from analyzer.predictors.predictor import shaped
from analyzer.predictors.rows import Features
from analyzer.s3 import is_remote
from analyzer.sources.script import guarded, handler_of, load_module
from analyzer.sources.storage import read_all

_PREDICT = "define predict(batch), or predict(batch, model)"
_LOAD = "define load(path)"


@dataclass(frozen=True)
class ScriptPredictor:
    """A user's script. path: of the script; artifact: of the model it loads, a local path or s3:// URI, or None."""

    path: str
    artifact: str | None = None
    batch_rows: int = 65_536

    @property
    def described(self) -> str:
        return f"script {PurePosixPath(self.path).name}"

    def predict(self, features: Features, rows: Floats) -> Floats:
        loaded = _loaded(self.path, self.artifact)
        found = [
            self._asked(loaded, features, rows[at : at + self.batch_rows])
            for at in range(0, len(rows), self.batch_rows)
        ]
        if len({len(part[0]) for part in found}) > 1:
            raise ScriptError(f"{self.described} gives one number to some rows and several to others.")
        return np.concatenate(found)

    def _asked(self, loaded: _Loaded, features: Features, rows: Floats) -> Floats:
        batch = pa.RecordBatch.from_arrays(features.columns(rows), list(features.names))
        with guarded(self.path, loaded.lines, None):
            answers = loaded.predict(batch)
            listed = answers.to_pylist() if isinstance(answers, pa.Array | pa.ChunkedArray) else answers
        try:
            return shaped(listed, len(rows), self.described)
        except ContractError as error:
            raise ScriptError(str(error)) from error


@dataclass(frozen=True)
class _Loaded:
    predict: Callable[[pa.RecordBatch], Any]
    lines: tuple[str, ...]


@lru_cache(maxsize=4)
def _loaded(path: str, artifact: str | None) -> _Loaded:
    module, lines = load_module(path)
    predict = handler_of(module, path, "predict", _PREDICT)
    model = None
    if hasattr(module, "load"):
        load = handler_of(module, path, "load", _LOAD)
        local = _local(artifact)
        with guarded(path, lines, None):
            model = load(local)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [each for each in inspect.signature(predict).parameters.values() if each.kind in kinds]
    required = sum(each.default is each.empty for each in taken)
    if required not in (1, 2):
        name = PurePosixPath(path).name
        raise ScriptError(f"{name}: predict takes {required} arguments. Hint: {_PREDICT}.")
    return _Loaded((lambda batch: predict(batch, model)) if required == 2 else predict, lines)


def _local(artifact: str | None) -> str | None:
    """A local path of the model; what lies on S3 is fetched once a process into a folder that ends with it."""
    if artifact is None or not is_remote(artifact):
        return artifact
    folder = tempfile.TemporaryDirectory(prefix="model-")
    _folders.append(folder)
    target = Path(folder.name, PurePosixPath(artifact).name)
    target.write_bytes(read_all(artifact, LARGEST_BYTES))
    return str(target)


_folders: list[tempfile.TemporaryDirectory[str]] = []
