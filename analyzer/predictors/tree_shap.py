"""TreeSHAP: exact attributions of forests against baseline rows, without asking the model again and again.

A leaf is reached by a coalition when each feature on its path takes it there, with the row's own value or with the
baseline's. Which features only the row satisfies, and which only the baseline, decides the leaf's whole contribution.
The result is what Kernel SHAP gives with all coalitions, in the unit of the margins.
Source: Lundberg et al. 2020 (interventional TreeSHAP); Shapley 1953 for the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import lgamma

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors.forest import LEAF, Forest, Tree

Masks = npt.NDArray[np.uint64]

MOST_FEATURES = 63  # on one path: one bit each
ROWS_AT_ONCE = 4096
_ONE = np.uint64(1)


@dataclass(frozen=True)
class _Path:
    """How far a walk from the root has come.

    places: feature -> bit. rows, others: explained and baseline rows that can still reach a leaf below, and per row the
    bits of the features that take it there (own, theirs).
    """

    node: int
    places: dict[int, int]
    rows: npt.NDArray[np.int64]
    own: Masks
    others: npt.NDArray[np.int64]
    theirs: Masks


def attributions(forest: Forest, rows: Floats, baseline: Floats) -> Floats:
    """Shapley values (rows, features, outputs) of the margins; the expected value is the baseline's mean margin.

    rows: (rows, features); baseline: (baseline rows, features), of which the mean is taken. NaN is missing.
    Error:  exact up to float64 rounding; sum over features + expected value is the row's margin.
    Raises ContractError for trees with more than 63 features on one path.
    """
    found = np.zeros((len(rows), forest.features, forest.outputs))
    other = forest.cells(baseline)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = forest.cells(rows[start : start + ROWS_AT_ONCE])
        for tree in forest.trees:
            _add_tree(forest, tree, (part, other), found[start : start + ROWS_AT_ONCE])
    return found


def _add_tree(forest: Forest, tree: Tree, cells: tuple[Floats, Floats], found: Floats) -> None:
    rows, others = (np.arange(len(each)) for each in cells)
    nothing = [np.zeros(len(each), np.uint64) for each in cells]
    waiting = [_Path(0, {}, rows, nothing[0], others, nothing[1])]
    while waiting:
        path = waiting.pop()
        if tree.feature[path.node] == LEAF:
            _add_leaf(path, tree.values[path.node] / len(cells[1]), found)
        else:
            waiting += _steps(forest, tree, path, cells)


def _steps(forest: Forest, tree: Tree, path: _Path, cells: tuple[Floats, Floats]) -> list[_Path]:
    """The ways on to both children, as far as any row can take them."""
    feature = int(tree.feature[path.node])
    places = path.places if feature in path.places else {**path.places, feature: len(path.places)}
    if len(places) > MOST_FEATURES:
        raise ContractError(
            f"a tree of the model splits by more than {MOST_FEATURES} features on one path. "
            'Hint: set "method": "kernel" in methods.shap.'
        )
    bit = _ONE << np.uint64(places[feature])
    is_new = places is not path.places
    own_left = forest.goes_left(tree, path.node, cells[0][path.rows, feature])
    their_left = forest.goes_left(tree, path.node, cells[1][path.others, feature])
    found = []
    for child, own, theirs in (
        (int(tree.left[path.node]), own_left, their_left),
        (int(tree.right[path.node]), ~own_left, ~their_left),
    ):
        step = replace(
            path,
            node=child,
            places=places,
            own=_told(path.own, own, bit, is_new=is_new),
            theirs=_told(path.theirs, theirs, bit, is_new=is_new),
        )
        step = _alive(step)
        if len(step.rows) and len(step.others):
            found.append(step)
    return found


def _told(bits: Masks, holds: npt.NDArray[np.bool_], bit: np.uint64, *, is_new: bool) -> Masks:
    """The bits with the one of a feature set where this and all its earlier conditions hold."""
    if is_new:
        return np.asarray(np.where(holds, bits | bit, bits))
    return np.asarray(np.where(holds, bits, bits & ~bit))


def _alive(path: _Path) -> _Path:
    """The path without rows of which some feature is satisfied neither by them nor by any row of the other side."""
    full = np.uint64((1 << len(path.places)) - 1)
    rows = (path.own | np.bitwise_or.reduce(path.theirs)) == full
    others = (path.theirs | np.bitwise_or.reduce(path.own)) == full
    if rows.all() and others.all():
        return path
    return replace(
        path, rows=path.rows[rows], own=path.own[rows], others=path.others[others], theirs=path.theirs[others]
    )


def _add_leaf(path: _Path, value: Floats, found: Floats) -> None:
    """Add what the leaf contributes to every feature on its path, computed once for equal rows."""
    own, back = np.unique(path.own, return_inverse=True)
    theirs, counts = np.unique(path.theirs, return_counts=True)
    full = np.uint64((1 << len(path.places)) - 1)
    reached = (own[:, None] | theirs[None, :]) == full
    if not reached.any():
        return
    mine, other = own[:, None] & ~theirs[None, :], theirs[None, :] & ~own[:, None]
    many, few = np.bitwise_count(mine).astype(np.intp), np.bitwise_count(other).astype(np.intp)
    weights = _weights()
    gain = np.where(reached, weights[many - 1, few], 0.0) * counts  # index -1 is never used: no bit is set then
    loss = np.where(reached, weights[many, few - 1], 0.0) * counts
    for feature, place in path.places.items():
        bit = _ONE << np.uint64(place)
        share = np.where(mine & bit, gain, 0.0) - np.where(other & bit, loss, 0.0)
        found[path.rows, feature] += share.sum(axis=1)[back, None] * value


@cache
def _weights() -> Floats:
    """P! q! / (p + q + 1)! for p, q up to the features of a path."""
    size = MOST_FEATURES + 2
    return np.exp([[lgamma(p + 1) + lgamma(q + 1) - lgamma(p + q + 2) for q in range(size)] for p in range(size)])
