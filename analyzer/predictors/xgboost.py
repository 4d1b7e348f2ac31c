"""XGBoost: models as its library saves them (JSON, UBJSON, and the binary format before version 3.1) as forests.

The library itself is not needed. Source: the model schema of XGBoost's documentation; for the binary format the layout
of the files themselves, checked against XGBoost 3.0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from analyzer.errors import ContractError
from analyzer.predictors import ubjson
from analyzer.predictors.forest import LEAF, Forest, Link, Splits, Tree

MAGIC = b"binf"
MOST_OUTPUTS = 10_000
_LINKS: dict[str, Link] = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "logistic"),
    **dict.fromkeys(("multi:softprob", "multi:softmax"), "softmax"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"), "exponential"),
}
_HINT = 'Hint: give the predictor a "script" that loads the model.'
_LEARNER = struct.Struct("<fIiiiII108x")  # base_score, features, classes, ..., version; 136 bytes
_GBTREE = struct.Struct("<iiiiqii128x")  # trees, ..., prediction buffer, output groups, leaf vector; 160 bytes
_TREE = struct.Struct("<iiiiii124x")  # ..., nodes, ..., features, leaf vector; 148 bytes
_NODE = np.dtype([("parent", "<i4"), ("left", "<i4"), ("right", "<i4"), ("feature", "<u4"), ("number", "<f4")])
_STATISTICS = 16  # bytes a node
_DEFAULT_LEFT = np.uint32(1 << 31)


def is_xgboost(document: object) -> bool:
    """Whether decoded JSON is a model of this library."""
    return isinstance(document, dict) and isinstance(document.get("learner"), dict)


def from_json(data: bytes) -> Forest:
    """The forest of a model saved as JSON; ContractError when it is none."""
    try:
        return from_document(msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(str(error)) from error


def from_ubjson(data: bytes) -> Forest:
    """The forest of a model saved as UBJSON; ContractError when it is none."""
    try:
        return from_document(ubjson.decode(data))
    except ubjson.NotUbjson as error:
        raise _damaged(str(error)) from error


def from_document(document: Any) -> Forest:
    """The forest of a decoded model."""
    try:
        return _forest(document["learner"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise _damaged(f"{type(error).__name__} at {error}") from error


def from_binary(data: bytes) -> Forest:
    """The forest of a model in the binary format of versions before 3.1."""
    try:
        return _Binary(data).forest()
    except (struct.error, ValueError, UnicodeDecodeError, OverflowError) as error:
        raise _damaged(str(error)) from error


def _forest(learner: Mapping[str, Any]) -> Forest:
    booster, parameters = learner["gradient_booster"], learner["learner_model_param"]
    name, scales = str(booster["name"]), None
    if name == "dart":
        scales, booster = [float(each) for each in booster["weight_drop"]], booster["gbtree"]
    elif name != "gbtree":
        raise ContractError(f"the XGBoost model is a {name[:40]}, not trees. {_HINT}")
    model = booster["model"]
    outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", 1)), 1)
    if outputs > MOST_OUTPUTS:
        raise ValueError(f"{outputs} outputs")
    groups = [int(group) for group in model["tree_info"]]
    trees = [
        _tree(each, (group, outputs), 1.0 if scales is None else scales[at])
        for at, (each, group) in enumerate(zip(model["trees"], groups, strict=True))
    ]
    link = _LINKS.get(str(learner["objective"]["name"]), "identity")
    text = str(parameters["base_score"]).strip("[]")
    scores = [float(each) for each in text.split(",")]
    names = tuple(map(str, learner.get("feature_names") or ()))
    offset = np.array([_margin(score, link) for score in (scores * outputs if len(scores) == 1 else scores)])
    return Forest(trees, int(parameters["num_feature"]), offset, link, Splits(single=True), names).check()


def _tree(tree: Mapping[str, Any], place: tuple[int, int], scale: float) -> Tree:
    """One tree; place: its output among how many."""
    if int(tree["tree_param"].get("size_leaf_vector", 0)) > 1:
        raise ContractError(f"the XGBoost model has leaves of several outputs. {_HINT}")
    left, right = np.asarray(tree["left_children"], np.int32), np.asarray(tree["right_children"], np.int32)
    numbers = np.asarray(tree["split_conditions"], np.float32).astype(np.float64)  # text rounds
    columns = (np.asarray(tree["split_indices"], np.int64), numbers, left, right)
    # The file lists the categories that go right.
    ends = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    chosen = {int(node): tree["categories"][int(at) : int(at) + int(size)] for node, at, size in ends}
    found = _of_columns(columns, np.asarray(tree["default_left"], np.bool_), place, scale)
    if not chosen:
        return found
    turned = {node: frozenset(int(code) for code in codes) for node, codes in chosen.items()}
    return _with_categories(found, turned)


def _with_categories(tree: Tree, goes_right: Mapping[int, frozenset[int]]) -> Tree:
    """The tree with the children of its splits by category swapped, since ours go left."""
    nodes = np.array(sorted(goes_right))
    left, right, missing = tree.left.copy(), tree.right.copy(), tree.missing_left.copy()
    left[nodes], right[nodes], missing[nodes] = tree.right[nodes], tree.left[nodes], ~tree.missing_left[nodes]
    return Tree(tree.feature, tree.threshold, left, right, missing, tree.values, goes_right)


def _of_columns(columns: Sequence[Any], missing_left: Any, place: tuple[int, int], scale: float) -> Tree:
    """A tree of columns in which leaves hold their value where inner nodes hold their threshold."""
    features, numbers, left, right = columns
    reached = _reached(left, right)
    inner = reached & (left >= 0)
    group, outputs = place
    if not 0 <= group < outputs <= MOST_OUTPUTS:
        raise ValueError(f"a tree of output {group} among {outputs}")
    values = np.zeros((len(left), outputs))
    values[~inner, group] = numbers[~inner] * scale
    feature = np.where(inner, np.where(features > 2**31 - 1, 2**31 - 1, features), LEAF).astype(np.int32)
    return Tree(feature, numbers, left, right, missing_left, values)


def _reached(left: Any, right: Any) -> Any:
    """Which nodes hang on the root; others were pruned and hold nothing."""
    reached = np.zeros(len(left), np.bool_)
    layer = np.zeros(1, np.int64)
    while len(layer):
        reached[layer] = True
        children = np.unique(np.concatenate([left[layer], right[layer]]))
        layer = children[children > 0]
        layer = layer[~reached[layer]]
    return reached


def _margin(score: float, link: Link) -> float:
    """The margin of a base score, which the files give in the unit of predictions."""
    if link == "logistic":
        return math.log(score / (1 - score))
    return math.log(score) if link == "exponential" else score


class _Binary:
    """A position in a binary model that moves on."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, len(MAGIC) if data.startswith(MAGIC) else 0

    def forest(self) -> Forest:
        score, features, classes, *_ = self._taken(_LEARNER)
        objective, name = self._text(), self._text()
        if name not in ("gbtree", "dart"):
            raise ContractError(f"the XGBoost model is a {name[:40]!r}, not trees. {_HINT}")
        count, _, _, _, buffer, _, _ = self._taken(_GBTREE)
        outputs = max(classes, 1)
        if not 0 <= count <= len(self._data) // _TREE.size or outputs > MOST_OUTPUTS:
            raise ValueError(f"{count} trees in {len(self._data)} bytes")
        columns = [self._nodes() for _ in range(count)]
        groups = np.frombuffer(self._bytes(4 * count), "<i4")
        scales = self._scales(count) if name == "dart" and not buffer else [1.0] * count
        if name == "dart" and buffer:
            raise ContractError(f"the XGBoost model is a dart of a version before 0.90. {_HINT}")
        trees = [
            _of_columns(each[:4], each[4], (int(group), outputs), scale)
            for each, group, scale in zip(columns, groups, scales, strict=True)
        ]
        link = _LINKS.get(objective, "identity")
        offset = np.full(outputs, _margin(float(np.float32(score)), link))
        return Forest(trees, features, offset, link, Splits(single=True)).check()

    def _nodes(self) -> tuple[Any, ...]:
        _, count, _, _, _, vector = self._taken(_TREE)
        if vector > 1:
            raise ContractError(f"the XGBoost model has leaves of several outputs. {_HINT}")
        if count < 1:
            raise ValueError("a tree without nodes")
        nodes = np.frombuffer(self._bytes(count * _NODE.itemsize), _NODE)
        self._bytes(count * _STATISTICS)
        features = (nodes["feature"] & ~_DEFAULT_LEFT).astype(np.int64)
        numbers = nodes["number"].astype(np.float64)
        left, right = nodes["left"].astype(np.int32), nodes["right"].astype(np.int32)
        if max(left.max(), right.max()) >= count:
            raise ValueError("a child beyond the last node")
        return features, numbers, left, right, (nodes["feature"] & _DEFAULT_LEFT) != 0

    def _scales(self, count: int) -> list[float]:
        """Weights of dart's trees: a vector with its length before it."""
        (length,) = struct.unpack("<Q", self._bytes(8))
        if length != count:
            raise ValueError(f"{length} weights of {count} trees")
        return [float(each) for each in np.frombuffer(self._bytes(4 * count), "<f4")]

    def _text(self) -> str:
        (length,) = struct.unpack("<Q", self._bytes(8))
        if length > 200:
            raise ValueError(f"a name of {length} characters")
        return self._bytes(length).decode("ascii")

    def _taken(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self._bytes(form.size))

    def _bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self._data) - self._at:
            raise ValueError("it is cut short")
        self._at += count
        return self._data[self._at - count : self._at]


def _damaged(why: str) -> ContractError:
    return ContractError(f"the XGBoost model cannot be read: {why[:200]}. Hint: save it again with save_model.")
