"""Artifacts are opened by what they hold; nothing is unpickled that was not trusted by name."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from analyzer.errors import ContractError, SourceUnreadable
from analyzer.predictors.artifact import open_forest
from tests.predictors.models import answers, booster, data

pytestmark = pytest.mark.filterwarnings("ignore")


class Bomb:
    """What a hostile pickle does when it is loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


def packed(path: Path, **files: bytes) -> Path:
    """A model.tar.gz as SageMaker keeps it."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("form", ["json", "ubj", "deprecated"])
@pytest.mark.parametrize("name", ["xgboost-model", "anything.txt"])
def test_the_name_of_a_file_does_not_matter(tmp_path: Path, form: str, name: str) -> None:
    model = booster()
    (tmp_path / name).write_bytes(bytes(model.save_raw(form)))

    forest = open_forest(str(tmp_path / name))

    assert np.allclose(forest.answers(data()[0]), answers(model, data()[0]), atol=1e-6)


def test_a_folder_and_an_archive_hold_one_model(tmp_path: Path) -> None:
    raw = bytes(booster().save_raw("ubj"))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "xgboost-model").write_bytes(raw)
    (folder / "feature-names.json").write_bytes(b"[]")
    archive = packed(tmp_path / "model.tar.gz", **{"xgboost-model": raw, "code/inference__py": b"exit()"})

    assert len(open_forest(str(folder)).trees) == len(open_forest(str(archive)).trees) == 12


def test_an_archive_without_a_single_model_names_what_it_holds(tmp_path: Path) -> None:
    archive = packed(tmp_path / "model.tar.gz", a__json=b"{}", b__json=b"{}")

    with pytest.raises(ContractError, match=r"holds 'a\.json', 'b\.json', of which no single one is the model\. Hint"):
        open_forest(str(archive))


def test_a_member_that_leaves_the_archive_is_only_read_as_bytes(tmp_path: Path) -> None:
    archive = packed(tmp_path / "model.tar.gz", **{"../../escaped__json": b"{}"})

    with pytest.raises(ContractError, match="no model of XGBoost"):
        open_forest(str(archive))
    assert not (tmp_path.parent / "escaped.json").exists()


@pytest.mark.parametrize("dump", [pickle.dumps, lambda value: joblib_bytes(value, 3)], ids=["pickle", "joblib"])
def test_a_pickle_is_refused_and_does_not_run(tmp_path: Path, dump: object) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(dump(Bomb(tmp_path / "exploded")))  # type: ignore[operator]

    with pytest.raises(ContractError, match=r"is a pickle, which runs code .*trust_pickle"):
        open_forest(str(path))
    assert not (tmp_path / "exploded").exists()


def joblib_bytes(value: object, compress: int) -> bytes:
    sink = io.BytesIO()
    joblib.dump(value, sink, compress=compress)
    return sink.getvalue()


def test_a_pickle_that_is_trusted_is_loaded(tmp_path: Path) -> None:
    rows, labels = data()
    model = DecisionTreeClassifier(max_depth=4).fit(rows, labels)
    for at, content in enumerate((pickle.dumps(model), joblib_bytes(model, 0), joblib_bytes(model, 3))):
        (tmp_path / f"{at}.pkl").write_bytes(content)
        forest = open_forest(str(tmp_path / f"{at}.pkl"), trust_pickle=True)
        assert np.allclose(forest.answers(rows), model.predict_proba(rows))


def test_a_pickled_booster_of_older_containers_is_loaded(tmp_path: Path) -> None:
    model = booster()
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(model))

    forest = open_forest(str(tmp_path), trust_pickle=True)

    assert np.allclose(forest.answers(data()[0]), answers(model, data()[0]), atol=1e-6)


def test_a_trusted_pickle_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04cno_such_module\nThing\n.")

    with pytest.raises(ContractError, match=r"cannot be loaded: ModuleNotFoundError: .*no_such_module"):
        open_forest(str(tmp_path / "model.pkl"), trust_pickle=True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no model that is read"),
        (b"%PDF-1.7 something", "no model that is read"),
        (b'{"weights": [1, 2]}', "no model of XGBoost"),
        (b'{"learner": {}}', "XGBoost model cannot be read: KeyError"),
        (b"{broken", "begins like JSON but is none"),
        (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "XGBoost model cannot be read: UBJSON is cut short"),
        (b"tree\nversion=v4\n", "LightGBM model cannot be read: KeyError"),
        (b"binf" + b"\x00" * 50, "XGBoost model cannot be read"),
        (b"PK\x03\x04 not a zip", "skops file cannot be loaded"),
        (b"\x1f\x8b broken gzip", "damaged archive"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "model.json").write_bytes(content)

    with pytest.raises(ContractError, match=expected):
        open_forest(str(tmp_path / "model.json"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"cannot be read.*Hint"):
        open_forest(str(tmp_path / "absent.json"))
