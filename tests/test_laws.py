"""Every fold keeps every law; a fold that is not listed in folds.ALL is a failure too."""

from __future__ import annotations

import pkgutil

import pytest
from hypothesis import given

from analyzer import folds
from analyzer.batch import Batch
from analyzer.fold import Each, Fold, Scan
from tests import laws

FOLDS = [*folds.ALL, Scan.of(folds.ALL)]
every_fold = pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: repr(fold).partition("(values")[0][:40])


@every_fold
@given(left=laws.batches(), right=laws.batches())
def test_a_split_does_not_change_the_result(fold: Fold, left: Batch, right: Batch) -> None:
    laws.split_invariance(fold, left, right)


@every_fold
@given(first=laws.batches(), second=laws.batches(), third=laws.batches())
def test_grouping_does_not_change_the_result(fold: Fold, first: Batch, second: Batch, third: Batch) -> None:
    laws.associativity(fold, first, second, third)


@every_fold
@given(batch=laws.batches())
def test_zero_changes_nothing(fold: Fold, batch: Batch) -> None:
    laws.identity(fold, batch)


@every_fold
@given(left=laws.batches(), right=laws.batches())
def test_a_state_survives_the_way_to_another_process(fold: Fold, left: Batch, right: Batch) -> None:
    laws.round_trip(fold, left, right)


@every_fold
@given(left=laws.batches(), right=laws.batches())
def test_merging_leaves_the_right_state_alone(fold: Fold, left: Batch, right: Batch) -> None:
    laws.right_side_untouched(fold, left, right)


@every_fold
def test_nothing_has_a_result(fold: Fold) -> None:
    laws.total_on_nothing(fold)


def test_every_module_of_folds_is_under_the_laws() -> None:
    """A new module in analyzer/folds must bring a fold into folds.ALL."""
    modules = {f"analyzer.folds.{module.name}" for module in pkgutil.iter_modules(folds.__path__)}

    covered = {type(fold.fold if isinstance(fold, Each) else fold).__module__ for fold in folds.ALL}

    assert covered == modules
