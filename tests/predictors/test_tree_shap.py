"""TreeSHAP against the shap library, and against all coalitions asked one by one."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.batch import Floats
from analyzer.errors import ContractError
from analyzer.predictors.forest import LEAF, Forest, Tree
from analyzer.predictors.tree_shap import attributions
from analyzer.predictors.xgboost import from_json
from analyzer.views.kernel_shap import design
from tests.predictors.models import FEATURES, booster, data


@pytest.fixture(scope="module")
def forest() -> Forest:
    return from_json(bytes(booster().save_raw("json")))


def enumerated(forest: Forest, rows: Floats, baseline: Floats) -> Floats:
    """Kernel SHAP with every coalition, which is Shapley's formula."""
    plan = design(rows.shape[1], 2 ** rows.shape[1])
    assert plan.is_exact
    mixed = np.where(plan.coalitions[None, :, None, :], rows[:, None, None, :], baseline[None, None])
    values = forest.margins(mixed.reshape(-1, rows.shape[1])).reshape(len(rows), -1, len(baseline), forest.outputs)
    start = forest.margins(baseline).mean(axis=0)
    return plan.attributions(values.mean(axis=2) - start, forest.margins(rows) - start)


@pytest.mark.parametrize("count", [1, 4])
def test_it_is_the_sum_over_all_coalitions(forest: Forest, count: int) -> None:
    """Missing cells on both sides included."""
    rows, baseline = data()[0][:40], data()[0][100 : 100 + count]

    found = attributions(forest, rows, baseline)

    assert np.allclose(found, enumerated(forest, rows, baseline), atol=1e-9)


def test_several_outputs() -> None:
    labels = np.digitize(np.nan_to_num(data()[0][:, 0]), [-0.5, 0.5])
    forest = from_json(bytes(booster(5, labels, objective="multi:softprob", num_class=3).save_raw("json")))
    rows, baseline = data()[0][:20], data()[0][30:32]

    assert np.allclose(attributions(forest, rows, baseline), enumerated(forest, rows, baseline), atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_it_is_what_the_shap_library_says() -> None:
    shap = pytest.importorskip("shap", reason="the shap library is the oracle here; it has no release for this Python")
    model = booster()
    rows = np.nan_to_num(data()[0])
    explainer = shap.TreeExplainer(model, data=rows[:5], feature_perturbation="interventional")
    expected = explainer.shap_values(rows[:200])

    found = attributions(from_json(bytes(model.save_raw("json"))), rows[:200], rows[:5])[..., 0]

    assert np.abs(found - expected).max() < 1e-5  # the library adds in float32


def test_attributions_and_the_expected_value_add_up_to_the_margin(forest: Forest) -> None:
    rows, baseline = data()[0], data()[0][:7]

    found = attributions(forest, rows, baseline)

    total = found.sum(axis=1) + forest.margins(baseline).mean(axis=0)
    assert np.abs(total - forest.margins(rows)).max() < 1e-9


def test_a_feature_no_tree_asks_for_gets_nothing(forest: Forest) -> None:
    wider = Forest(forest.trees, FEATURES + 1, forest.offset, forest.link, forest.splits)
    rows = np.column_stack([data()[0], np.arange(len(data()[0]))])

    assert (attributions(wider, rows[:50], rows[60:61])[:, FEATURES] == 0).all()


def chain(length: int) -> Forest:
    """A tree that asks for one more feature at every step; only rows that pass all of them get 1."""
    nodes = 2 * length + 1
    feature, left, right = (np.full(nodes, LEAF, np.int32) for _ in range(3))
    for at in range(length):
        feature[2 * at], left[2 * at], right[2 * at] = at, 2 * at + 1, 2 * at + 2
    values = np.zeros((nodes, 1))
    values[-1] = 1.0
    tree = Tree(feature, np.full(nodes, 0.5), left, right, np.zeros(nodes, np.bool_), values)
    return Forest([tree], length, np.zeros(1)).check()


def test_a_long_path_deals_its_leaf_out_evenly() -> None:
    found = attributions(chain(60), np.ones((1, 60)), np.zeros((1, 60)))

    assert np.allclose(found, 1 / 60)


def test_a_path_of_more_features_than_bits_is_refused_with_a_way_out() -> None:
    with pytest.raises(ContractError, match=r"63 features on one path\. Hint.*kernel"):
        attributions(chain(64), np.ones((1, 64)), np.zeros((1, 64)))
