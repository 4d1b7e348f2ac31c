"""Kernel SHAP: which coalitions of features are asked for, and the attributions that follow from the answers.

A coalition says which features a row keeps; the others come from a baseline row. One design serves every row that has
equally many features to explain, so the regression is solved once and applied to all rows as one matrix.
Source: bias_explainability.md 6.2; Lundberg, Lee 2017, theorem 2; Covert, Lee 2021 (paired sampling).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from analyzer.batch import Floats

Masks = npt.NDArray[np.bool_]

LOGIT_MARGIN = 2.0**-24  # probabilities are kept so far from 0 and 1: the step of a float32 below 1
DEFAULT_SAMPLES = 2048  # plus twice the features
_RANK = 1e-10  # eigenvalues below this share of the largest are directions that no coalition tells apart


@dataclass(frozen=True)
class Design:
    """The coalitions of some features, and what turns the model's answers into attributions.

    coalitions: (samples, features), True where a row keeps its own value. answers: (features, samples) and total:
    (features); attributions are `answers @ (v - v0) + total * (v1 - v0)`, whose sum is v1 - v0 exactly.
    is_exact: every coalition is there, so the attributions are the Shapley values, up to rounding.
    """

    coalitions: Masks
    answers: Floats
    total: Floats
    is_exact: bool

    def attributions(self, gains: Floats, whole: Floats) -> Floats:
        """Attributions (rows, features, outputs) from what each coalition adds to the expected value.

        gains: (rows, samples, outputs), v(z) - v(0). whole: (rows, outputs), v(1) - v(0).
        """
        # Not a BLAS product: its threads would compete with the other workers, and its sums depend on their number.
        found: Floats = np.einsum("ms,rso->rmo", self.answers, gains, optimize=False)
        return found + self.total[None, :, None] * whole[:, None, :]


def default_samples(features: int) -> int:
    """Coalitions asked for when nobody says how many: 2 M + 2048, or all of them when there are fewer."""
    return min(2 * features + DEFAULT_SAMPLES, _every(features))


def design(features: int, samples: int, seed: int = 0) -> Design:
    """The design for that many features (at least 1) with at most so many coalitions.

    With 2^features - 2 samples or more it is exact. A single feature needs no coalition. The same numbers give the
    same design. Fewer than 2 x features samples leave attributions of which the smallest (least squares) is taken.
    """
    exact = samples >= _every(features)
    masks, weights = _drawn(features, samples if not exact else _every(features), np.random.default_rng(seed))
    answers, total = _solved(masks, weights)
    return Design(masks, answers, total, exact)


def logit(probabilities: Floats) -> Floats:
    """Log-odds; probabilities are first kept 2^-24 away from 0 and 1."""
    kept = np.clip(probabilities, LOGIT_MARGIN, 1 - LOGIT_MARGIN)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def _every(features: int) -> int:
    """Coalitions there are, without the empty and the full one."""
    return int(2 ** min(features, 62)) - 2


def _drawn(features: int, samples: int, chance: np.random.Generator) -> tuple[Masks, Floats]:
    """Coalitions and their weights: the smallest and largest all of them, the others drawn in complementary pairs."""
    sizes = np.arange(1, features // 2 + 1)
    mass = _pair_mass(features, sizes)
    masks: list[Masks] = [np.empty((0, features), np.bool_)]
    weights: list[Floats] = [np.empty(0)]
    left = samples
    for at, size in enumerate(sizes.tolist()):
        count = comb(features, size) * (1 if 2 * size == features else 2)
        # As many as their share of the weight earns; fewer would leave too few samples for the other sizes.
        if left * mass[at] / mass[at:].sum() < count * (1 - 1e-8):
            fresh = _sampled(features, sizes[at:], mass[at:], (left // 2, chance))
            masks.append(fresh[0])
            weights.append(fresh[1] * mass[at:].sum())
            break
        masks.append(_all_of(features, size))
        weights.append(np.full(count, mass[at] / count))
        left -= count
    return np.concatenate(masks), np.concatenate(weights)


def _pair_mass(features: int, sizes: npt.NDArray[np.int64]) -> Floats:
    """Weight of all coalitions of a size and of its complement together."""
    mass: Floats = (features - 1) / (sizes * (features - sizes))
    return np.where(2 * sizes == features, mass, 2 * mass)


def _all_of(features: int, size: int) -> Masks:
    """All coalitions of a size, and their complements."""
    chosen = np.array(list(combinations(range(features), size)))
    masks = np.zeros((len(chosen), features), np.bool_)
    np.put_along_axis(masks, chosen, values=True, axis=1)
    return masks if 2 * size == features else np.concatenate([masks, ~masks])


def _sampled(
    features: int, sizes: npt.NDArray[np.int64], mass: Floats, drawing: tuple[int, np.random.Generator]
) -> tuple[Masks, Floats]:
    """Distinct coalitions of larger sizes in complementary pairs, and their weights, which add up to 1."""
    pairs, chance = drawing
    wanted = _dealt(mass, max(pairs, 1))
    masks, weights = [], []
    for size, count, share in zip(sizes.tolist(), wanted.tolist(), (mass / mass.sum()).tolist(), strict=True):
        if count:
            found = _distinct(features, size, count, chance)
            both = np.concatenate([found, ~found])
            masks.append(both)
            weights.append(np.full(len(both), share / len(both)))
    found_weights = np.concatenate(weights)
    return np.concatenate(masks), found_weights / found_weights.sum()


def _dealt(mass: Floats, pairs: int) -> npt.NDArray[np.int64]:
    """How many pairs each size gets: its share, rounded so that they add up, every size rounded once."""
    edges = np.floor(np.cumsum(mass) / mass.sum() * pairs + 0.5).astype(np.int64)
    edges[-1] = pairs
    return np.asarray(np.diff(edges, prepend=0), np.int64)


def _distinct(features: int, size: int, count: int, chance: np.random.Generator) -> Masks:
    """At most so many distinct coalitions of a size, of half the size at most one of each complementary pair."""
    most = comb(features, size) // (2 if 2 * size == features else 1)
    if count >= most:
        masks = _all_of(features, size)
        return masks[masks[:, 0]] if 2 * size == features else masks[: len(masks) // 2]
    found = np.empty((0, features), np.bool_)
    while len(found) < count:
        # The places of the smallest random numbers of a row are a uniform choice.
        order = np.argpartition(chance.random((count, features)), size - 1, axis=1)[:, :size]
        fresh = np.zeros((count, features), np.bool_)
        np.put_along_axis(fresh, order, values=True, axis=1)
        if 2 * size == features:
            fresh ^= ~fresh[:, :1]
        found = np.concatenate([found, fresh])
        _, first = np.unique(found, axis=0, return_index=True)
        found = found[np.sort(first)][:count]
    return found


def _solved(masks: Masks, weights: Floats) -> tuple[Floats, Floats]:
    """What turns answers and their total into attributions: least squares under the constraint on their sum."""
    features = masks.shape[1]
    if features == 1:
        return np.zeros((1, len(masks))), np.ones(1)
    # In coordinates that add up to nothing the constraint is gone.
    basis = np.linalg.qr(np.column_stack([np.ones(features), np.eye(features)[:, 1:]]))[0][:, 1:]
    chosen = masks @ basis
    weighted = chosen * weights[:, None]
    answers: Floats = basis @ np.linalg.pinv(chosen.T @ weighted, rcond=_RANK, hermitian=True) @ weighted.T
    total: Floats = (1 - answers @ masks.sum(axis=1)) / features
    return answers, total
