"""scikit-learn: trees and ensembles of trees as forests, and how their files are loaded.

Files of skops hold data and are checked by name; pickles run what they hold, so that they are loaded only when the
configuration says `trust_pickle`. Either needs scikit-learn, in a version that understands the file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors.forest import LEAF, Forest, Link, Splits, Tree

_SINGLE = Splits(at_most=True, single=True)
_SHARES = ("DecisionTreeClassifier", "ExtraTreeClassifier")
_MEANS = ("DecisionTreeRegressor", "ExtraTreeRegressor")
# skops distrusts these because scikit-learn follows their indices unchecked; we never let it, and check them ourselves.
_TRUSTED = ("sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
_EXPONENTIAL_LOSSES = ("poisson", "gamma")


def from_skops(data: bytes) -> Any:
    """The object in a skops file; ContractError when it holds types that are not scikit-learn's own."""
    try:
        import skops.io  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _absent("skops") from error
    try:
        return skops.io.loads(data, trusted=list(_TRUSTED))
    except Exception as error:  # what a damaged or foreign file raises depends on what it holds
        why = f"{type(error).__name__}: {error}"[:300]
        raise ContractError(
            f"the skops file cannot be loaded: {why}. Hint: it must hold a scikit-learn model."
        ) from error


def from_pickle(data: bytes) -> Any:
    """The object in a pickle or joblib file. It runs code of the file: only for files the user trusts."""
    try:
        import joblib  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _absent("scikit-learn") from error
    try:
        return joblib.load(io.BytesIO(data))
    except Exception as error:  # a pickle can raise anything
        why = f"{type(error).__name__}: {error}"[:300]
        raise ContractError(
            f"the pickled model cannot be loaded: {why}. Hint: install the libraries it was saved with."
        ) from error


def forest_of(model: Any) -> Forest:
    """The forest of a fitted estimator; ContractError when it is no tree or ensemble of trees that is read."""
    name = type(model).__name__
    names = tuple(map(str, getattr(model, "feature_names_in_", ())))
    try:
        trees, offset, link, splits = _parts(model, name)
    except (AttributeError, TypeError, KeyError, IndexError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise ContractError(f"the {name} cannot be read as trees: {why}. Hint: is it fitted?") from error
    return Forest(trees, int(model.n_features_in_), offset, link, splits, names).check()


def _parts(model: Any, name: str) -> tuple[list[Tree], Floats, Link, Splits]:
    if name in (*_SHARES, *_MEANS):
        return _averaged([model], name in _SHARES)
    if name.startswith(("RandomForest", "ExtraTrees")):
        return _averaged(list(model.estimators_), name.endswith("Classifier"))
    if name.startswith("GradientBoosting"):
        return _boosted(model, name)
    if name.startswith("HistGradientBoosting"):
        return _histogram(model, name)
    raise ContractError(
        f"a {name[:60]} is not among the models of trees that are read. "
        'Hint: give the predictor a "script" that loads it, which is asked by Kernel SHAP.'
    )


def _averaged(estimators: Sequence[Any], shares: bool) -> tuple[list[Tree], Floats, Link, Splits]:  # noqa: FBT001
    """Means of trees whose leaves are the answer; of classifiers the share of each class."""
    trees = []
    for each in estimators:
        values = np.asarray(each.tree_.value, np.float64)
        if values.shape[1] != 1:
            raise ContractError("the model has several targets. Hint: explain one model for each.")
        leaves = values[:, 0, :]
        leaves = leaves / leaves.sum(axis=1, keepdims=True) if shares else leaves
        trees.append(_tree(each.tree_, leaves / len(estimators)))
    return trees, np.zeros(trees[0].values.shape[1]), "shares" if shares else "identity", _SINGLE


def _boosted(model: Any, name: str) -> tuple[list[Tree], Floats, Link, Splits]:
    """Trees of residuals on top of a first guess, which must be a constant."""
    outputs = model.estimators_.shape[1]
    trees = []
    for step in model.estimators_:
        for output, each in enumerate(step):
            values = np.zeros((each.tree_.node_count, outputs))
            values[:, output] = each.tree_.value[:, 0, 0] * model.learning_rate
            trees.append(_tree(each.tree_, values))
    if type(model.init_).__name__ not in ("DummyClassifier", "DummyRegressor", "str"):
        raise ContractError("the gradient boosting starts from another model, which is not read.")
    first = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))  # noqa: SLF001 - no public way
    link: Link = "identity"
    if name.endswith("Classifier"):
        link = "logistic" if outputs == 1 else "softmax"
        if model.loss == "exponential":
            raise ContractError("the gradient boosting has an exponential loss, which is not read.")
    return trees, np.asarray(first, np.float64).ravel(), link, _SINGLE


def _histogram(model: Any, name: str) -> tuple[list[Tree], Floats, Link, Splits]:
    trees = []
    outputs = len(model._predictors[0])  # noqa: SLF001 - no public way
    for step in model._predictors:  # noqa: SLF001
        trees += [_of_nodes(each.nodes, output, outputs) for output, each in enumerate(step)]
    link: Link = "identity"
    if name.endswith("Classifier"):
        link = "logistic" if outputs == 1 else "softmax"
    elif model.loss in _EXPONENTIAL_LOSSES:
        link = "exponential"
    first = np.asarray(model._baseline_prediction, np.float64).ravel()  # noqa: SLF001
    return trees, first, link, Splits(at_most=True)


def _of_nodes(nodes: Any, output: int, outputs: int) -> Tree:
    if nodes["is_categorical"].any():
        raise ContractError('the model splits by category. Hint: give the predictor a "script" that loads it.')
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    values = np.zeros((len(nodes), outputs))
    values[:, output] = nodes["value"]
    return Tree(
        np.where(is_leaf, LEAF, nodes["feature_idx"]).astype(np.int32),
        nodes["num_threshold"].astype(np.float64),
        nodes["left"].astype(np.int32),
        nodes["right"].astype(np.int32),
        nodes["missing_go_to_left"].astype(np.bool_),
        values,
    )


def _tree(tree: Any, values: Floats) -> Tree:
    is_leaf: npt.NDArray[np.bool_] = tree.children_left < 0
    missing_left = np.asarray(getattr(tree, "missing_go_to_left", np.zeros(tree.node_count)), np.bool_)
    return Tree(
        np.where(is_leaf, LEAF, tree.feature).astype(np.int32),
        np.asarray(tree.threshold, np.float64),
        tree.children_left.astype(np.int32),
        tree.children_right.astype(np.int32),
        missing_left,
        values,
    )


def _absent(library: str) -> ContractError:
    return ContractError(
        f"the model file needs {library}, which is not installed. "
        "Hint: pip install 'model-monitor-analyzer[explain]', or save the model in a format of its own library."
    )
