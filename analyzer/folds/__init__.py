"""One statistic, one module: its specification (a fold) beside its state."""

from __future__ import annotations

from analyzer.counting.labels import Likeliest, Predicted
from analyzer.counting.membership import Membership
from analyzer.fold import Each, Fold
from analyzer.folds.attributions import Attributions
from analyzer.folds.categories import Categories
from analyzer.folds.classes import Classes
from analyzer.folds.confusion import Confusion
from analyzer.folds.distinct import Distinct
from analyzer.folds.domains import Domains
from analyzer.folds.examples import Breach, Examples, Expectation
from analyzer.folds.facets import Facets, Sensitive
from analyzer.folds.frequent import Frequent
from analyzer.folds.intake import Intakes
from analyzer.folds.joins import Joins
from analyzer.folds.kinds import Kinds
from analyzer.folds.lengths import Lengths
from analyzer.folds.moments import Moments
from analyzer.folds.numbers import Numbers
from analyzer.folds.presence import Presence
from analyzer.folds.quantiles import Quantiles
from analyzer.folds.ranks import Ranks
from analyzer.folds.registers import Registers
from analyzer.folds.residuals import Residuals
from analyzer.folds.sample import Sample
from analyzer.folds.scores import Scores
from analyzer.folds.values import Values
from analyzer.folds.vectors import Vectors

ALL: tuple[Fold, ...] = (
    Intakes(),
    Joins(2),
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
    Confusion("a", Predicted("b"), limit=3),
    Classes(Likeliest(("x", "y"), ("a", "d")), limit=3),
    Presence(("a",), ("d",)),
    Numbers("d", limit=3),
    Scores("a", "d", kept=("0", "1"), most=2, limit=3),
    Residuals("a", "d", limit=3, pairs=3),
    Ranks("a", ("0", "1", "x"), ("b", "c", "d")),
    Facets(
        "a",
        "b",
        ((Membership.among(["1"]), Membership.among(["1", "x"])), (Membership(above=0.0), Membership(above=0.5))),
        (Sensitive("c", (Membership.among([0]), Membership(above=0.0))), Sensitive("c")),
        group="a",
        most_groups=3,
        most_values=2,
    ),
    Vectors(("a", "d"), (("b", Membership.among(["1"])), ("d", Membership(above=0.0))), "c", limit=3),
    Attributions(("a", "b", "d")),
    Sample(("a", "b", "d", "e"), limit=100),
    Values(("a", "d"), limit=100),
)
"""One example of each fold; the laws run over all of them."""
