"""Everything that may be wrong with a request or its data: refused with a hint, or counted and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import BaselineError, ConfigError, ContractError
from tests.jobs import capture, write_captures
from tests.monitors.bias.jobs import CONFIG, HEADER, analyse, notices, people, values, write_table


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"facet": [{"name_or_index": "gender"}]},
            r"Unable to locate the facet\..*\$\.facet\[0\].*'gender'.*Hint:.*'sex'",
        ),
        ({"facet": [{"name_or_index": 9}]}, r"Unable to locate the facet\..*no column 9"),
        ({"label": "target"}, r"Headers must contain label\..*'target'.*Hint: there are 'age'"),
        ({"predicted_label": "prediction"}, r"no such column.*'prediction'.*Hint: there are"),
        ({"group_variable": "region"}, r"\$\.group_variable: the data has no column 'region'"),
        ({"headers": ["a", "b"], "label": "b"}, r"Headers in config do not match with the number of columns"),
        ({"features": "instances[*].features"}, r"Feature names not found\."),
        ({"label_values_or_threshold": []}, r"\$\.label_values_or_threshold is missing.*Hint:"),
        ({"facet": []}, r"\$\.facet is missing.*Hint:"),
        ({"methods": {"pre_training_bias": {"methods": ["CII"]}}}, r"'CII' is no metric.*did you mean 'CI'"),
        ({"facet_dataset_uri": "s3://b/k"}, r"\$\.facet_dataset_uri.*Hint:"),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        analyse(tmp_path, write_table(tmp_path / "in", people()), CONFIG | more)


def test_captures_without_ground_truth_are_refused(tmp_path: Path) -> None:
    write_captures(tmp_path / "in/a.jsonl", [capture("1,0", "1")] * 5)
    config = CONFIG | {"headers": list(HEADER[:3]), "predicted_label": "0"}

    with pytest.raises(ConfigError, match=r"no ground truth.*Hint: set ground_truth_source"):
        analyse(tmp_path, tmp_path / "in", config)


def test_a_baseline_of_nothing_is_refused_and_a_quiet_hour_is_not(tmp_path: Path) -> None:
    learnt = analyse(tmp_path / "base", write_table(tmp_path / "good", people()))
    (tmp_path / "empty").mkdir()

    with pytest.raises(ContractError, match="no rows to learn a baseline from"):
        analyse(tmp_path / "a", tmp_path / "empty")
    quiet = analyse(tmp_path / "b", tmp_path / "empty", baseline_constraints=learnt.output / "analysis.json")

    assert quiet.outcome.message.startswith("Completed: ")
    assert "No records to analyse" in quiet.outcome.message
    assert quiet.document("analysis.json")["version"] == "1.0"


def test_a_baseline_of_another_monitor_is_refused_before_data_is_read(tmp_path: Path) -> None:
    (tmp_path / "constraints.json").write_text('{"version": 0.0, "features": []}')

    with pytest.raises(BaselineError, match="data-quality constraints"):
        analyse(tmp_path, tmp_path / "absent", baseline_constraints=tmp_path / "constraints.json")
    with pytest.raises(BaselineError, match=r"analysis\.json of its baseline"):
        analyse(tmp_path, tmp_path / "absent", baseline_statistics=tmp_path / "constraints.json")


@pytest.mark.parametrize("sex", [0, 1], ids=["everybody is sensitive", "nobody is"])
def test_a_facet_with_one_side_leaves_what_is_defined(tmp_path: Path, sex: int) -> None:
    rows = [[age, sex, y, p] for age, _, y, p in people()]

    found = analyse(tmp_path, write_table(tmp_path / "in", rows))

    assert values(found)["GE"] is not None
    assert values(found)["DPPL"] is None
    assert "Facet sex: one side of 0 has no rows" in notices(found)


def test_without_positive_predictions_what_is_defined_still_comes_out(tmp_path: Path) -> None:
    """The closed image's library refuses the whole stage, as strict mode does."""
    source = write_table(tmp_path / "in", [[*row[:3], 0] for row in people()])

    found, strict = analyse(tmp_path / "a", source), analyse(tmp_path / "b", source, analyzer_compat="strict")

    assert (values(found)["DPPL"], values(found)["DI"], values(found)["CDDPL"]) == (0.0, 0.0, None)
    assert "No prediction is positive" in notices(found)
    assert set(values(strict).values()) == {None}
    assert values(strict, "pre_training") == values(found, "pre_training")


def test_missing_cells_are_counted_and_said(tmp_path: Path) -> None:
    rows: list[list[Any]] = people()
    rows[0][1], rows[2][1], rows[4][2], rows[6][3], rows[8][0] = None, "NaN", None, None, None

    found = analyse(tmp_path, write_table(tmp_path / "in", rows))

    own = found.document("analysis.json")["analyzer"]["bias"]
    assert own["missing"] == {"label": 1, "facet sex": 2, "prediction": 1, "group": 1}
    assert "2 of 80 rows have no usable facet sex; they count as outside the facet." in notices(found)
    entry = found.document("analysis.json")["post_training_bias_metrics"]["facets"]["sex"][0]["analyzer"]
    assert entry["rows"] == {"facet": 38, "others": 42}
    assert entry["flip_test"] == {"rows": 79, "incomplete": 1, "is_exact": True}
    assert "1 row without a number in some feature was left out" in entry["warnings"]["FT"]


def test_too_many_groups_and_values_are_cut_and_said(tmp_path: Path) -> None:
    rows = [[f"g{at}", f"v{at % 40}", int(at % 3 == 0), int(at % 2 == 0)] for at in range(400)]
    source = write_table(tmp_path / "in", rows)
    config = CONFIG | {"facet": [{"name_or_index": "sex"}]}

    found = analyse(tmp_path, source, config, options={"bias_groups": 50, "bias_facet_values": 5})

    entries = found.document("analysis.json")["pre_training_bias_metrics"]["facets"]["sex"]
    assert len(entries) == 5
    assert {each["analyzer"]["rows"]["facet"] for each in entries} == {10}
    assert "Facet sex has more than 5 values" in notices(found)
    assert "The group variable has more than 50 values" in notices(found)
    assert "computed from 50 groups drawn from more" in entries[0]["analyzer"]["warnings"]["CDDL"]


def test_few_rows_carry_a_warning(tmp_path: Path) -> None:
    source = write_table(tmp_path / "in", people(20))

    found, silent = analyse(tmp_path / "a", source), analyse(tmp_path / "b", source, options={"bias_smallest_group": 0})

    entries = [
        each.document("analysis.json")["pre_training_bias_metrics"]["facets"]["sex"][0] for each in (found, silent)
    ]
    assert entries[0]["analyzer"]["warnings"]["DPL"] == "only 10 rows are behind its weaker side"
    assert "warnings" not in entries[1]["analyzer"]


@pytest.mark.parametrize("count", range(1, 11))
def test_any_number_of_rows_is_analysed(tmp_path: Path, count: int) -> None:
    for mode in ("default", "strict"):
        found = analyse(tmp_path / mode, write_table(tmp_path / "in", people(count)), analyzer_compat=mode)
        entry = found.document("analysis.json")["post_training_bias_metrics"]["facets"]["sex"][0]
        assert all((each["value"] is None) == ("error" in each) for each in entry["metrics"])


def test_the_flip_test_is_drawn_from_a_sample_beyond_its_limit(tmp_path: Path) -> None:
    rows = [[at, at % 2, int(at % 3 == 0), int(at % 5 == 0)] for at in range(4000)]
    source = write_table(tmp_path / "in", rows)

    exact = analyse(tmp_path / "a", source)
    drawn = analyse(tmp_path / "b", source, options={"bias_flip_test_rows": 1500})

    entry = drawn.document("analysis.json")["post_training_bias_metrics"]["facets"]["sex"][0]
    assert entry["analyzer"]["flip_test"] == {"rows": 1500, "incomplete": 0, "is_exact": False}
    assert "computed from 1500 rows drawn from more (bias_flip_test_rows)" in entry["analyzer"]["warnings"]["FT"]
    assert values(drawn)["FT"] == pytest.approx(values(exact)["FT"], abs=0.1)


def test_hostile_names_and_values_stay_text(tmp_path: Path) -> None:
    name = '<script>alert("x")</script>'
    rows = [[age, f'{name}"{sex}\x1b[31m', y, p] for age, sex, y, p in people()]
    source = write_table(tmp_path / "in", rows, ("age", name, "y", "p"))

    found = analyse(tmp_path, source, CONFIG | {"facet": [{"name_or_index": name}]})

    text = (found.output / "analysis.json").read_text()
    assert "<script>" not in text
    assert len(found.document("analysis.json")["pre_training_bias_metrics"]["facets"][name]) == 2
    assert "\x1b" not in found.outcome.summary
