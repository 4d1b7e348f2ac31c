"""How a column is read: as categories or against a threshold, by its own cells or as its baseline was."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.analysis_config import Value
from analyzer.monitors.bias.measures import Bias
from analyzer.monitors.bias.scale import Scale, known_scale, possible
from analyzer.reports.analysis import Known, KnownEntry, KnownStage
from tests.monitors.bias.frames import Frame, batch_of, measured, plan_of

CONFIG: dict[str, Any] = {"label": "y", "predicted_label": "p", "label_values_or_threshold": [1]}


def read(cells: list[Any], values: list[Value] | None, known: Known | None = None, *, strict: bool = False) -> Bias:
    """Facet `f` of these cells; labels are ones and zeros, many of them."""
    frame = {"f": cells, "y": [0, 1] * (len(cells) // 2), "p": [1, 1, 0, 0] * (len(cells) // 4)}
    facet = {"name_or_index": "f"} | ({} if values is None else {"value_or_threshold": values})
    plan = plan_of(CONFIG | {"facet": [facet]}, list(frame), known=known)
    return measured(plan, [batch_of(frame, text=True)], strict=strict)


def entry(cells: list[Any], value: Value, known: Known | None = None, *, strict: bool = False) -> tuple[str, str, int]:
    (found,) = read(cells, [value], known, strict=strict).entries
    return found.scale, found.value, found.sides.rows[1]


HUNDRED = list(range(100))


@pytest.mark.parametrize(
    ("cells", "value", "default", "strict"),
    [
        (HUNDRED, 60, ("continuous", "(60, 99]", 39), ("continuous", "(60, 99]", 39)),
        ([at % 2 for at in HUNDRED], 0, ("categorical", "0", 50), ("categorical", "0", 50)),
        ([0, 1] * 10, 0, ("categorical", "0", 10), ("continuous", "(0, 1]", 10)),
        ([0.0, 1.0] * 50, 0, ("categorical", "0", 50), ("continuous", "(0.0, 1.0]", 50)),
        ([0.5, 1.0] * 50, 0.5, ("continuous", "(0.5, 1.0]", 50), ("continuous", "(0.5, 1.0]", 50)),
        (["a", "b"] * 50, "a", ("categorical", "a", 50), ("categorical", "a", 50)),
        ([7, "b"] * 50, 7, ("categorical", "7", 50), ("categorical", "7", 50)),
        ([True, False] * 50, True, ("categorical", "True", 50), ("categorical", "True", 50)),
        (HUNDRED, "60", ("continuous", "(60, 99]", 39), ("continuous", "(60, 99]", 39)),
        (HUNDRED, 99, ("continuous", "", 0), ("continuous", "", 0)),
        (HUNDRED, 120, ("continuous", "(99, 120]", 0), ("continuous", "(99, 120]", 0)),
        (HUNDRED, 60.5, ("continuous", "(60.5, 99.0]", 39), ("continuous", "(60.5, 99.0]", 39)),
        ([*HUNDRED[:98], None, "nan"], 60, ("continuous", "(60, 97]", 37), ("categorical", "60", 1)),
    ],
)
def test_the_cells_decide(cells: list[Any], value: Value, default: Any, strict: Any) -> None:
    assert entry(cells, value) == default
    if "nan" not in cells:
        assert entry(cells, value, strict=True) == strict


def test_a_baseline_has_decided_already() -> None:
    """Fifty rows of an hour would make a threshold of what was a category in ten thousand."""

    def known(value: str) -> Known:
        stage = KnownStage("y", {"f": [KnownEntry(value)]}, "1")
        return Known(post_training_bias_metrics=stage)

    assert entry(HUNDRED, 60, known("60")) == ("categorical", "60", 1)
    assert entry([at % 7 for at in HUNDRED], 3, known("(3, 9]")) == ("continuous", "(3, 6]", 42)
    assert entry(HUNDRED, 60, known("60"), strict=True)[0] == "categorical"  # the plan gets no baseline in strict mode


def test_a_facet_without_values_has_an_entry_for_each() -> None:
    found = read([3, 1, 1, None, 2, 1, 3, 3], None)

    assert [(each.value, each.sides.rows) for each in found.entries] == [("3", (5, 3)), ("1", (5, 3)), ("2", (7, 1))]
    assert found.missing == {"facet f": 1}


def test_missing_facets_are_a_group_of_their_own_in_strict_mode() -> None:
    found = read([3, 1, 1, None], None, strict=True)

    assert [(each.value, each.sides.rows[1]) for each in found.entries] == [("3", 1), ("1", 2), ("nan", 0)]
    assert found.entries[2].measures["CI"].error is not None


def test_a_continuous_label_reaches_to_the_largest_of_labels_and_predictions() -> None:
    rows = 40
    frame: Frame = {
        "f": [0, 1] * (rows // 2),
        "y": [at / 100 for at in range(rows)],
        "p": [at / 50 for at in range(rows)],
    }
    config = {
        **CONFIG,
        "label_values_or_threshold": [0.2],
        "facet": [{"name_or_index": "f", "value_or_threshold": [0]}],
    }

    found = measured(plan_of(config, list(frame)), [batch_of(frame)])

    assert (found.label_value, found.label_scale) == ("(0.2, 0.78]", Scale.CONTINUOUS)
    assert (found.positive_labels, found.positive_predictions) == (19, 29)


def test_what_may_be_a_threshold() -> None:
    assert possible([1]) == possible(["1.5"]) == (Scale.CATEGORICAL, Scale.CONTINUOUS)
    assert possible([1, 2]) == possible(["a"]) == possible([True]) == possible([]) == (Scale.CATEGORICAL,)
    assert known_scale([1], ["(1, 5]"]) == known_scale([1], [""]) == Scale.CONTINUOUS
    assert known_scale([1], ["1"]) == Scale.CATEGORICAL
    assert known_scale([1], []) is None
