"""One statistic, one module: its specification (a fold) beside its state."""

from __future__ import annotations

from analyzer.fold import Each, Fold
from analyzer.folds.categories import Categories
from analyzer.folds.distinct import Distinct
from analyzer.folds.domains import Domains
from analyzer.folds.examples import Breach, Examples, Expectation
from analyzer.folds.frequent import Frequent
from analyzer.folds.intake import Intakes
from analyzer.folds.kinds import Kinds
from analyzer.folds.lengths import Lengths
from analyzer.folds.moments import Moments
from analyzer.folds.quantiles import Quantiles
from analyzer.folds.registers import Registers

ALL: tuple[Fold, ...] = (
    Intakes(),
    Each(Kinds()),
    Each(Moments()),
    Quantiles(),
    Each(Distinct()),
    Each(Registers()),
    Each(Categories()),
    Each(Frequent()),
    Each(Lengths()),
    Domains((("a", ("1", "x")), ("b", ()))),
    Examples((Expectation("a", Breach.MISSING), Expectation("b", Breach.DOMAIN, texts=("x",)))),
)
"""One example of each fold; the laws run over all of them."""
