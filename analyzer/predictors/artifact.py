"""Artifact: the model file that a configuration names, opened by what it holds, not by what it is called.

Files of XGBoost and LightGBM are read here as data. Files that would run code when loaded (pickles) are refused unless
the configuration trusts them. Archives are read in memory; nothing of them is written anywhere.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from analyzer.errors import ContractError
from analyzer.predictors import lightgbm, scikit, xgboost
from analyzer.predictors.forest import Forest
from analyzer.s3 import is_remote
from analyzer.sources.storage import read_all

LARGEST_BYTES = 2 << 30
MOST_MEMBERS = 10_000  # of an archive
_PICKLES = (b"\x80", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")  # also zlib, in which joblib packs
_NAMES = ("xgboost-model", "model.ubj", "model.json", "model.txt", "model.skops", "model.bst", "model.lgb")
_ENDINGS = (".ubj", ".json", ".txt", ".skops", ".bst", ".lgb", ".xgb", ".model", ".pkl", ".pickle", ".joblib")
_READ = "XGBoost (JSON, UBJSON, binary), LightGBM (text), scikit-learn (skops, or pickles with trust_pickle)"


def open_forest(path: str, *, trust_pickle: bool = False) -> Forest:
    """The forest in a model file, a folder or a model.tar.gz with one, at a local path or s3:// URI.

    Raises SourceUnreadable when it cannot be read, ContractError when it holds no model that is understood.
    """
    name, data = _contents(path)
    try:
        return _forest(data, trust_pickle)
    except ContractError as error:
        raise ContractError(f"predictor.artifact {name!r}: {error}") from error


def _forest(data: bytes, trust_pickle: bool) -> Forest:  # noqa: FBT001
    opened = _reader(data)
    if opened is not None:
        return opened(data)
    if data[:4] == b"PK\x03\x04":
        return _of_object(scikit.from_skops(data))
    if data.startswith(_PICKLES):
        if not trust_pickle:
            raise ContractError(
                "it is a pickle, which runs code of its own when it is loaded. Hint: save the model in the format of "
                'its library or with skops, or set "trust_pickle": true in predictor if you made the file yourself.'
            )
        return _of_object(scikit.from_pickle(data))
    raise ContractError(f"it is no model that is read. Hint: these are: {_READ}.")


def _reader(data: bytes) -> Callable[[bytes], Forest] | None:
    """Who reads a file that begins like this."""
    start = data[:400]
    if start.lstrip()[:1] == b"{" and start[1:2] != b"L":
        return _from_json
    if start.startswith(b"{L"):
        return xgboost.from_ubjson
    if start.startswith(lightgbm.MAGIC):
        return lightgbm.from_text
    if start.startswith(xgboost.MAGIC) or b"gbtree" in start or b"dart" in start:
        return xgboost.from_binary
    return None


def _from_json(data: bytes) -> Forest:
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(f"it begins like JSON but is none: {error}"[:300]) from error
    if not xgboost.is_xgboost(document):
        raise ContractError(f"it is JSON, but no model of XGBoost. Hint: models that are read: {_READ}.")
    return xgboost.from_document(document)


def _of_object(model: Any) -> Forest:
    """The forest of a loaded object: a booster of XGBoost or LightGBM, or an estimator of scikit-learn."""
    if hasattr(model, "get_booster"):
        model = model.get_booster()
    if hasattr(model, "save_raw"):
        return xgboost.from_json(bytes(model.save_raw("json")))
    model = getattr(model, "booster_", model)
    if hasattr(model, "model_to_string"):
        return lightgbm.from_text(model.model_to_string().encode())
    return scikit.forest_of(model)


def _contents(path: str) -> tuple[str, bytes]:
    """Name and bytes of the model's file, looked up in a folder or an archive."""
    if not is_remote(path) and Path(path).is_dir():
        files = sorted(str(each) for each in Path(path).rglob("*") if each.is_file())[:MOST_MEMBERS]
        chosen = _chosen(files, path)
        return chosen, read_all(chosen, LARGEST_BYTES)
    data = read_all(path, LARGEST_BYTES)
    if data.startswith(b"\x1f\x8b") or data[257:262] == b"ustar":
        return _of_archive(path, data)
    return path, data


def _of_archive(path: str, data: bytes) -> tuple[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            first = islice(archive, MOST_MEMBERS)
            members = {each.name: each for each in first if each.isfile() and each.size <= LARGEST_BYTES}
            chosen = members[_chosen(sorted(members), path)]
            file = archive.extractfile(chosen)
            return f"{path}/{chosen.name}", file.read(LARGEST_BYTES) if file else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise ContractError(f"predictor.artifact {path!r} is a damaged archive: {why}. Hint: pack it again.") from error


def _chosen(names: list[str], path: str) -> str:
    """The one file that is a model by its name; ContractError when there is none, or more than one."""
    visible = [name for name in names if not any(part.startswith(".") for part in PurePosixPath(name).parts[-1:])]
    known = [name for name in visible if PurePosixPath(name).name in _NAMES]
    ended = [name for name in visible if os.path.splitext(name)[1] in _ENDINGS]  # noqa: PTH122 - only the ending
    for found in (known, ended, visible):
        if len(found) == 1:
            return found[0]
    shown = ", ".join(repr(PurePosixPath(name).name) for name in visible[:5]) or "nothing"
    raise ContractError(
        f"predictor.artifact {path!r} holds {shown}, of which no single one is the model. Hint: name the file itself."
    )
