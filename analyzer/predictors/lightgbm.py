"""LightGBM: models as its library saves them (text) as forests; the library itself is not needed.

Source: the text format as `Booster.save_model` writes it, checked against LightGBM 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors.forest import LEAF, Forest, Link, Splits, Tree

MAGIC = b"tree\n"
_LINKS: dict[str, Link] = {
    **dict.fromkeys(("binary", "multiclassova", "cross_entropy"), "logistic"),
    "multiclass": "softmax",
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exponential"),
}
_CATEGORICAL, _DEFAULT_LEFT = 1, 2  # bits of decision_type; above them stands how cells are missing
MOST_OUTPUTS = 10_000
_WORD = 32  # bits of a set of categories


def from_text(data: bytes) -> Forest:
    """The forest of a model saved as text; ContractError when it is none."""
    try:
        return _forest(data.decode())
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise ContractError(
            f"the LightGBM model cannot be read: {why}. Hint: save it again with Booster.save_model."
        ) from error


def _forest(text: str) -> Forest:
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    about = _entries(head)
    outputs = int(about.get("num_tree_per_iteration", "1"))
    features = int(about["max_feature_idx"]) + 1
    if not 0 < outputs <= MOST_OUTPUTS:
        raise ValueError(f"{outputs} outputs")
    objective, _, settings = about.get("objective", "").partition(" ")
    scale = next((float(each[8:]) for each in settings.split() if each.startswith("sigmoid:")), 1.0)
    link = _LINKS.get(objective, "identity")
    if objective == "cross_entropy_lambda" or "sqrt" in settings.split():
        raise ContractError(f"the LightGBM model has the objective {objective!r} {settings!r}, which is not read.")
    # Averaged forests hold the mean over their iterations, not the sum.
    averaged = "average_output" in head.splitlines()
    factor = (scale if link == "logistic" else 1.0) / (max(len(blocks) // outputs, 1) if averaged else 1)
    trees = [_tree(_entries(block), (at % outputs, outputs), factor) for at, block in enumerate(blocks)]
    names = tuple(about.get("feature_names", "").split(" "))
    known = names if len(names) == features and not _are_made_up(names) else ()
    return Forest(trees, features, np.zeros(outputs), link, Splits(at_most=True), known).check()


def _entries(block: str) -> Mapping[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def _are_made_up(names: tuple[str, ...]) -> bool:
    return all(name == f"Column_{at}" for at, name in enumerate(names))


def _tree(entries: Mapping[str, str], place: tuple[int, int], factor: float) -> Tree:
    """One tree: its inner nodes, then its leaves; place: its output among how many."""
    if entries.get("is_linear", "0") != "0":
        raise ContractError('the LightGBM model has linear leaves. Hint: give the predictor a "script" that loads it.')
    leaves = int(entries["num_leaves"])
    inner = leaves - 1
    values = np.zeros((inner + leaves, place[1]))
    values[inner:, place[0]] = np.array(entries["leaf_value"].split(), np.float64) * factor
    feature = np.full(inner + leaves, LEAF, np.int32)
    left, right = np.full(inner + leaves, LEAF, np.int32), np.full(inner + leaves, LEAF, np.int32)
    threshold, kinds = np.zeros(inner + leaves), np.zeros(inner + leaves, np.int64)
    if inner:
        feature[:inner] = np.array(entries["split_feature"].split(), np.int32)
        threshold[:inner] = np.array(entries["threshold"].split(), np.float64)
        kinds[:inner] = np.array(entries["decision_type"].split(), np.int64)
        for side, name in ((left, "left_child"), (right, "right_child")):
            children = np.array(entries[name].split(), np.int32)
            side[:inner] = np.where(children < 0, inner + ~children, children)
    categories = _categories(entries, threshold, np.flatnonzero(kinds[:inner] & _CATEGORICAL))
    missing_left = (kinds & _DEFAULT_LEFT) != 0
    missing = (kinds >> 2).astype(np.int8)
    for node in categories:  # a category that is missing or unknown goes right
        missing_left[node], missing[node] = False, 2
    return Tree(feature, threshold, left, right, missing_left, values, categories, missing)


def _categories(
    entries: Mapping[str, str], threshold: Floats, nodes: npt.NDArray[np.intp]
) -> dict[int, frozenset[int]]:
    """The categories that go left, by node: sets of bits of 32 a word."""
    if not len(nodes):
        return {}
    ends = [int(each) for each in entries["cat_boundaries"].split()]
    words = [int(each) for each in entries["cat_threshold"].split()]
    found = {}
    for node in nodes.tolist():
        at = int(threshold[node])
        mine = words[ends[at] : ends[at + 1]]
        found[node] = frozenset(
            _WORD * place + bit for place, word in enumerate(mine) for bit in range(_WORD) if word >> bit & 1
        )
    return found
