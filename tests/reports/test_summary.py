"""The summary at a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports import violations
from analyzer.reports.summary import headline, summarise
from analyzer.reports.text import clip, pad, width
from analyzer.reports.violations import Violation

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=200)


def test_the_table_is_aligned_and_says_how_many_more_there_are() -> None:
    found = [violations.drift("age", 0.5, 0.1), violations.data_type("State", "Integral", 353, 354, 1.0)]
    assert summarise(12, [*found, *found], top=2).splitlines() == [
        "12 features checked, 4 violations",
        "",
        "Feature  Check                 Observed  Threshold",
        "age      baseline_drift_check  0.5       0.1",
        "State    data_type_check       0.997175  1",
        "and 2 more",
    ]


def test_without_violations_there_is_no_table() -> None:
    assert summarise(12, []) == "12 features checked, 0 violations\n"


def test_one_violation_of_one_feature_is_singular() -> None:
    found = [Violation("age", "completeness_check", "text", 0.5, 1.0)]
    assert summarise(1, found).startswith("1 feature checked, 1 violation\n")
    assert headline(1, found) == "1 feature checked, 1 violation in age"


def test_errors_come_before_warnings() -> None:
    warning, error = violations.drift("mild", 0.2, 0.1), violations.drift("bad", 0.9, 0.1)
    warning.severity = "warning"
    shown = summarise(2, [warning, error])
    assert shown.index("bad") < shown.index("mild")
    assert "baseline_drift_check (warning)" in shown


@given(ANY_TEXT, ANY_TEXT, st.none() | st.floats(), st.integers(0, 150))
def test_nothing_in_a_name_reaches_the_terminal_raw(name: str, check: str, observed: float | None, cells: int) -> None:
    shown = summarise(1, [Violation(name, check, "", observed, observed)], cells=cells)
    assert all(line.isprintable() for line in shown.splitlines())
    assert len(shown.splitlines()) == 4
    assert all(width(line) <= max(cells, 60) for line in shown.splitlines())


def test_the_headline_names_the_features_once() -> None:
    found = [violations.drift(f"f{index // 2}", 0.5, 0.1) for index in range(40)]
    assert headline(20, found, top=3) == "20 features checked, 40 violations in f0, f1, f2 and 17 more"
    assert headline(20, []) == "20 features checked, 0 violations"


@given(ANY_TEXT, st.integers(4, 80))
def test_clipped_text_fits_and_text_that_fits_is_not_clipped(text: str, cells: int) -> None:
    shown = clip(text, cells)
    assert width(shown) <= cells
    assert shown.isprintable()
    assert width(pad(shown, cells)) == cells
    if text.isprintable() and text.isascii() and len(text) <= cells:
        assert shown == text


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert (width("日本"), width("e\u0301"), width("abc")) == (4, 1, 3)
    assert clip("日本語日本語", 8) == "日本..."
    assert clip("ab\u202e\x1b", 40) == r"ab\u202e\x1b"
    assert len(clip("e" + "\u0301" * 10**6, 20)) < 100
