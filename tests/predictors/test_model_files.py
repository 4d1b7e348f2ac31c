"""Model files of three libraries, read without them, against what the libraries themselves predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analyzer.errors import ContractError
from analyzer.predictors import lightgbm as ours_lightgbm
from analyzer.predictors import scikit as ours_scikit
from analyzer.predictors import xgboost as ours_xgboost
from analyzer.predictors.forest import Forest
from tests.predictors.models import answers, booster, data

READERS: dict[str, Callable[[bytes], Forest]] = {
    "json": ours_xgboost.from_json,
    "ubj": ours_xgboost.from_ubjson,
    "deprecated": ours_xgboost.from_binary,
}
CLASSES = np.digitize(np.nan_to_num(data()[0][:, 0]), [-0.5, 0.5])
COUNTS = np.abs(np.nan_to_num(data()[0][:, 0])).round()
XGBOOST: list[tuple[dict[str, Any], Any]] = [
    ({"base_score": 0.3}, None),
    ({"objective": "multi:softprob", "num_class": 3}, CLASSES),
    ({"objective": "count:poisson"}, COUNTS),
    ({"objective": "reg:squarederror"}, COUNTS * 3),
    ({"booster": "dart", "rate_drop": 0.5}, None),
    ({"num_parallel_tree": 3, "subsample": 0.5}, None),
    ({"tree_method": "exact", "updater": "grow_colmaker,prune", "gamma": 3.0}, None),
]


@pytest.mark.filterwarnings("ignore")  # of the library, about its own formats
@pytest.mark.parametrize(("parameters", "labels"), XGBOOST, ids=lambda value: str(value)[:40])
def test_xgboost_in_every_format(parameters: dict[str, Any], labels: Any) -> None:
    model = booster(labels=labels, **parameters)
    expected = answers(model, data()[0])

    for form, read in READERS.items():
        forest = read(bytes(model.save_raw(form)))
        assert np.abs(forest.answers(data()[0]) - expected).max() < 3e-6 * max(1, np.abs(expected).max()), form


@pytest.mark.filterwarnings("ignore")
def test_xgboost_splits_by_category() -> None:
    import pandas as pd  # noqa: PLC0415
    import xgboost  # noqa: PLC0415

    chance = np.random.default_rng(0)
    codes, number = chance.integers(0, 8, 500), chance.normal(size=500)
    frame = pd.DataFrame({"a": pd.Categorical(codes), "b": number})
    table = xgboost.DMatrix(frame, np.isin(codes, [1, 3, 5]) * 2 + number, enable_categorical=True)
    model = xgboost.train({"max_depth": 4, "max_cat_to_onehot": 4, "verbosity": 0, "nthread": 1}, table, 10)

    forest = ours_xgboost.from_ubjson(bytes(model.save_raw("ubj")))

    assert forest.names == ("a", "b")
    assert any(tree.categories for tree in forest.trees)
    assert np.allclose(forest.answers(np.column_stack([codes, number]))[:, 0], model.predict(table), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_other_boosters_are_refused_with_a_way_out() -> None:
    model = booster(booster="gblinear", max_depth=0)

    for form, read in READERS.items():
        with pytest.raises(ContractError, match=r"gblinear.*not trees\. Hint"):
            read(bytes(model.save_raw(form)))


LIGHTGBM: list[tuple[dict[str, Any], Any, tuple[int, ...]]] = [
    ({"objective": "binary", "sigmoid": 2.0}, None, ()),
    ({"objective": "binary", "zero_as_missing": True}, None, ()),
    ({"objective": "binary", "use_missing": False}, None, ()),
    ({"objective": "binary", "min_data_per_group": 5, "cat_smooth": 1.0}, None, (5,)),
    ({"objective": "multiclass", "num_class": 3}, CLASSES, ()),
    ({"objective": "multiclassova", "num_class": 3}, CLASSES, ()),
    ({"objective": "poisson"}, COUNTS, ()),
    ({"objective": "regression"}, COUNTS, ()),
    ({"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, None, ()),
    ({"objective": "binary", "boosting": "dart"}, None, ()),
]


@pytest.mark.parametrize(("parameters", "labels", "categories"), LIGHTGBM, ids=lambda value: str(value)[:40])
def test_lightgbm(parameters: dict[str, Any], labels: Any, categories: tuple[int, ...]) -> None:
    import lightgbm  # noqa: PLC0415

    rows = data()[0].copy()
    rows[:, 5] = np.random.default_rng(2).integers(0, 40, len(rows))
    rows[::4, 4] = 0.0
    table = lightgbm.Dataset(rows, data()[1] if labels is None else labels, categorical_feature=list(categories))
    model = lightgbm.train({"verbosity": -1, "num_threads": 1, "deterministic": True, **parameters}, table, 12)
    strange = rows.copy()
    strange[:50, 5], strange[50:60, 5], strange[60:70] = 77, -3, np.nan

    forest = ours_lightgbm.from_text(model.model_to_string().encode())

    for asked in (rows, strange):
        expected = np.asarray(model.predict(asked, num_threads=1)).reshape(len(asked), -1)
        assert np.abs(forest.answers(asked) - expected).max() < 1e-12 * max(1, np.abs(expected).max())


def estimators() -> list[Any]:
    from sklearn import ensemble, tree  # noqa: PLC0415

    return [
        tree.DecisionTreeClassifier(max_depth=5),
        tree.DecisionTreeRegressor(max_depth=5),
        ensemble.RandomForestClassifier(8, max_depth=5, random_state=0),
        ensemble.ExtraTreesRegressor(8, max_depth=5, random_state=0),
        ensemble.GradientBoostingClassifier(n_estimators=8),
        ensemble.GradientBoostingRegressor(n_estimators=8),
        ensemble.HistGradientBoostingClassifier(max_iter=8),
        ensemble.HistGradientBoostingRegressor(max_iter=8, loss="poisson"),
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("model", estimators(), ids=lambda model: type(model).__name__)
def test_scikit_learn_from_skops(model: Any) -> None:
    import skops.io  # noqa: PLC0415

    rows, labels = data()
    if type(model).__name__.startswith("Gradient"):  # takes no missing cells
        rows = np.nan_to_num(rows)
    is_classifier = hasattr(model, "predict_proba")
    model.fit(rows, CLASSES if is_classifier else labels + 0.5)
    expected = model.predict_proba(rows) if is_classifier else model.predict(rows)[:, None]

    forest = ours_scikit.forest_of(ours_scikit.from_skops(skops.io.dumps(model)))

    assert np.abs(forest.answers(rows) - expected).max() < 1e-9


def test_an_estimator_that_is_no_tree_is_refused_with_a_way_out() -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    with pytest.raises(
        ContractError, match=r"LogisticRegression is not among .* Hint: give the predictor a \"script\""
    ):
        ours_scikit.forest_of(LogisticRegression())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", READERS)
def test_damaged_files_are_refused_and_nothing_else_happens(form: str) -> None:
    """Cut anywhere, and with bytes changed anywhere: an answer, or ContractError."""
    survives(bytes(booster(rounds=2).save_raw(form)), READERS[form])


def test_damaged_lightgbm_files_are_refused_too() -> None:
    import lightgbm  # noqa: PLC0415

    rows, labels = data()
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(settings, lightgbm.Dataset(rows, labels), 2)
    survives(model.model_to_string().encode(), ours_lightgbm.from_text)


def survives(good: bytes, read: Callable[[bytes], Forest]) -> None:
    chance = np.random.default_rng(1)
    tried = 0
    for _ in range(150):
        damaged = bytearray(good[: chance.integers(1, len(good))] if chance.random() < 0.4 else good)
        for at in chance.integers(0, len(damaged), chance.integers(1, 4)):
            damaged[at] = chance.integers(0, 256)
        tried += 1
        try:
            forest = read(bytes(damaged))
        except ContractError:
            continue
        with np.errstate(all="ignore"):
            assert forest.answers(np.zeros((2, min(forest.features, 1000)))).shape[0] == 2
    assert tried == 150
