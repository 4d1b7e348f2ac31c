"""Forest: decision trees of any library in one form, and what they answer.

Readers of model files (xgboost, lightgbm, scikit) make forests; nothing of those libraries is needed afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.errors import ContractError

Indices = npt.NDArray[np.int32]
Link = Literal["identity", "logistic", "softmax", "exponential", "shares"]

LEAF = -1
ROWS_AT_ONCE = 16_384  # so that the cells of a feature stay in the cache


@dataclass(frozen=True, slots=True)
class Splits:
    """How a library compares: below, or at most; in float32, or in double; what it takes for missing."""

    at_most: bool = False
    single: bool = False


@dataclass(frozen=True)
class Tree:
    """Nodes as columns; node 0 is the root.

    feature: LEAF for leaves. threshold: cells below (or at most) go left. left, right: nodes. missing_left: where
    missing cells go. missing: per node 0 NaN is taken for 0, 1 zero is missing too, 2 NaN is missing. values: (nodes,
    outputs), used of leaves. categories: node -> codes that go left (others right), for splits by category.
    """

    feature: Indices
    threshold: Floats
    left: Indices
    right: Indices
    missing_left: npt.NDArray[np.bool_]
    values: Floats
    categories: Mapping[int, frozenset[int]] = field(default_factory=dict)
    missing: npt.NDArray[np.int8] | None = None


@dataclass(frozen=True)
class Forest:
    """Trees whose answers are added up; `margins` before the link, `answers` after it.

    offset: (outputs), added to every margin. names: of the features where the file knows them, else empty. shares: the
    link of forests whose leaves hold probabilities already.
    """

    trees: Sequence[Tree]
    features: int
    offset: Floats
    link: Link = "identity"
    splits: Splits = field(default_factory=Splits)
    names: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        return len(self.offset)

    @property
    def is_additive(self) -> bool:
        """Whether the answers themselves are sums over trees, so that exact attributions are in their unit."""
        return self.link in ("identity", "shares")

    def check(self) -> Forest:
        """The forest itself; ContractError when its trees do not hang together (a damaged or forged file)."""
        for tree in self.trees:
            _check_tree(tree, self.features, self.outputs)
        return self

    def margins(self, rows: Floats) -> Floats:
        """Sums of leaves, (rows, outputs), for a matrix of numbers, (rows, features); NaN is missing."""
        found = np.tile(self.offset, (len(rows), 1))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = self.cells(rows[start : start + ROWS_AT_ONCE])
            for tree in self.trees:
                found[start : start + ROWS_AT_ONCE] += tree.values[self._leaves(tree, part)]
        return found

    def answers(self, rows: Floats) -> Floats:
        """What the model predicts, (rows, outputs): probabilities of classifiers, numbers of regressions."""
        return linked(self.margins(rows), self.link)

    def cells(self, rows: Floats) -> Floats:
        """The matrix in the precision in which the library compares, column by column in memory."""
        with np.errstate(over="ignore"):
            kept = rows.astype(np.float32).astype(np.float64) if self.splits.single else rows
        return np.asfortranarray(kept)

    def goes_left(self, tree: Tree, node: int, cells: Floats) -> npt.NDArray[np.bool_]:
        """Which cells of the node's feature go left."""
        kind = 2 if tree.missing is None else int(tree.missing[node])
        absent = np.isnan(cells)
        if kind == 0:
            cells, absent = np.where(absent, 0.0, cells), np.zeros(len(cells), np.bool_)
        elif kind == 1:
            absent = absent | (cells == 0)
        chosen = tree.categories.get(node)
        if chosen is not None:
            left = np.isin(np.where(absent, -1.0, np.trunc(np.where(absent, 0.0, cells))), list(chosen))
        else:
            threshold = tree.threshold[node]
            left = cells <= threshold if self.splits.at_most else cells < threshold
        return np.where(absent, tree.missing_left[node], left)

    def _leaves(self, tree: Tree, rows: Floats) -> Indices:
        """The leaf of every row: rows are dealt out to the nodes, from the root down."""
        leaves = np.zeros(len(rows), np.int32)
        waiting = [(0, np.arange(len(rows)))]
        while waiting:
            node, members = waiting.pop()
            if tree.feature[node] == LEAF:
                leaves[members] = node
                continue
            left = self.goes_left(tree, node, rows[members, tree.feature[node]])
            if left.any():
                waiting.append((int(tree.left[node]), members[left]))
            if not left.all():
                waiting.append((int(tree.right[node]), members[~left]))
        return leaves


def linked(margins: Floats, link: Link) -> Floats:
    """Predictions from margins, (rows, outputs)."""
    with np.errstate(over="ignore"):
        if link == "logistic":
            return np.asarray(1 / (1 + np.exp(-margins)))
        if link == "exponential":
            return np.asarray(np.exp(margins))
        if link == "softmax":
            raised = np.exp(margins - margins.max(axis=1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    return margins


def _check_tree(tree: Tree, features: int, outputs: int) -> None:
    """Every node but the root is the child of exactly one node that stands before its children are followed."""
    nodes = len(tree.feature)
    inner = np.flatnonzero(tree.feature != LEAF)
    children = np.concatenate([tree.left[inner], tree.right[inner]])
    sound = (
        nodes > 0
        and all(len(each) == nodes for each in (tree.threshold, tree.left, tree.right, tree.missing_left, tree.values))
        and tree.values.shape[1:] == (outputs,)
        and bool(((tree.feature[inner] >= 0) & (tree.feature[inner] < features)).all())
        and bool(((children > 0) & (children < nodes)).all())
        and len(np.unique(children)) == len(children)
    )
    # One parent each, and none for the root, leaves chains from the root and perhaps rings nobody reaches.
    if not sound:
        raise ContractError(
            "the model file is damaged: the nodes of a tree do not form a tree. Hint: save the model again."
        )
